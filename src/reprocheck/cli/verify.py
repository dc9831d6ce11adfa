"""`reprocheck verify`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE, NOTHING
from reprocheck.cli.run_options import color_option, complete_runs, output_option, painter, store_option, write_json


@click.command("verify", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_runs)
@click.option("--all", "everything", is_flag=True, help="All runs of the store.")
@click.option("--files", is_flag=True, help="Look also whether inputs and outputs in their places are still the same.")
@store_option
@output_option
@color_option
def command(
    *, runs: tuple[str, ...], everything: bool, files: bool, store: Path | None, output: str, color: str
) -> int:
    """Hash again all that RUN stands on, and say what is no longer what was written.

    Exit code 1 when something is damaged or missing (with --files: or has changed), 4 when a run has no record.
    """
    from reprocheck.app.verify_run import verify_runs
    from reprocheck.report.run_checks import verification_lines

    if everything == bool(runs):
        raise click.UsageError("Name runs, or all of them with --all.")
    result = verify_runs(runs, store, Path(), files=files)
    if output == "json":
        write_json(result)
    else:
        for line in verification_lines(result, painter(color)):
            click.echo(line, color=True)
    if result.problems or result.changed:
        return FOUND
    if result.unfinished:
        return INCOMPLETE
    return CLEAN if result.runs else NOTHING
