"""`reprocheck import`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN
from reprocheck.cli.run_options import output_option, store_option, write_json


@click.command("import", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@store_option
@output_option
def command(*, file: Path, store: Path | None, output: str) -> int:
    """Take the run in FILE, which `reprocheck export` wrote, into the store.

    Everything is checked against its digest first; nothing of a damaged bundle is kept.
    """
    from reprocheck.app.bundles import import_run

    done = import_run(file, store, Path())
    if output == "json":
        write_json(done)
    elif done.new:
        click.echo(f"run {done.run} with {done.objects} files: `reprocheck replay {done.run}`")
    else:
        click.echo(f"run {done.run} was there already")
    return CLEAN
