"""`reprocheck clean`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.app.clean import clean
from reprocheck.cli.settings import load_config


@click.command("clean", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(path: Path) -> int:
    """Remove the cache that reprocheck keeps in the project of PATH; nothing that can't be made again is lost."""
    removed = clean(load_config(path, {}, isolated=False))
    for folder in removed:
        click.echo(f"Removed {folder}")
    if not removed:
        click.echo("Nothing to remove.")
    return 0
