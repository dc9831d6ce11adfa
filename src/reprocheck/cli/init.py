"""`reprocheck init`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.app.initialise import initialise


@click.command("init", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a configuration that is there.")
def command(path: Path, force: bool) -> int:  # noqa: FBT001 — click's signature
    """Write a first configuration for the project of PATH."""
    written = initialise(path, force=force)
    click.echo(f"Wrote {written}. Next: reprocheck scan {path}")
    return 0
