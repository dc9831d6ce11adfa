"""`reprocheck export`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, INCOMPLETE
from reprocheck.cli.run_options import complete_runs, output_option, store_option, write_json


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", shell_complete=complete_runs)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--without-inputs", is_flag=True, help="Leave out the data that the run read.")
@click.option("--without-outputs", is_flag=True, help="Leave out the results: then only equal bytes can be recognized.")
@store_option
@output_option
def command(
    *, run: str, file: Path, without_inputs: bool, without_outputs: bool, store: Path | None, output: str
) -> int:
    """Write RUN with its code, inputs and results into FILE, for a replay on another machine.

    Compressed where FILE ends in `.gz`. Files that hold credentials by their name are left out.

    \b
    reprocheck export @ run.tar.gz
    reprocheck import run.tar.gz
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from importlib.metadata import version

    from reprocheck.app.bundles import export_run
    from reprocheck.report.run_words import size_text

    with tempfile.TemporaryDirectory(prefix="reprocheck-export-") as scratch:
        done = export_run(
            run,
            file,
            store,
            Path(),
            inputs=not without_inputs,
            outputs=not without_outputs,
            scratch=Path(scratch),
            version=version("reprocheck"),
        )
    if output == "json":
        write_json(done)
    else:
        click.echo(f"{done.file}: run {done.run} with {done.objects} files, {size_text(done.size)}")
        for name in done.left_out:
            click.echo(f"  left out, as files of this name hold credentials: {name}")
        for name in done.missing:
            click.echo(f"  missing, its content is gone: {name}")
    return INCOMPLETE if done.missing or done.left_out else CLEAN
