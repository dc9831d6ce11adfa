"""`reprocheck config`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from reprocheck.cli.settings import load_config


@click.command("config", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--isolated", is_flag=True, help="Read no configuration files and no variables.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(path: Path, isolated: bool, output: str) -> int:  # noqa: FBT001 — click's signature
    """Show the settings in force for PATH and where each comes from."""
    config = load_config(path, {}, isolated=isolated)
    rows = [(key, _plain(value), str(origin)) for key, value, origin in config.entries()]
    if output == "json":
        values = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(values), indent=2).decode() + "\n")
        return 0
    click.echo(f"root = {config.root.absolute()}")
    for key, value, origin in rows:
        text = msgspec.json.encode(value).decode()
        click.echo(f"{key} = {text}  {click.style('# ' + origin, dim=True)}")
    for notice in config.notices:
        click.echo(f"note: {notice}", err=True)
    return 0


def _plain(value: object) -> object:
    return msgspec.to_builtins(value, enc_hook=str)
