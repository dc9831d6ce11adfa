"""`reprocheck db`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import msgspec

from reprocheck.advisories.database import Built
from reprocheck.app import advisory_database
from reprocheck.report.visible import visible

_DATABASE = click.option(
    "--database",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where it lies, if not in your data folder.",
)


@click.group("db", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Make the local database of advisories, or say what it holds.

    `reprocheck scan --audit` asks it where no service can be reached.
    """


@command.command("update")
@click.option(
    "--from",
    "source",
    required=True,
    metavar="FOLDER|ZIP|URL",
    help="Checkout of the PyPA advisory database, or an export of OSV: a folder, a zip archive, or its https address.",
)
@_DATABASE
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def update(source: str, database: Path | None, quiet: bool) -> int:  # noqa: FBT001 — click's signature
    """Make the database anew; the old one stays until the new one is complete."""
    path = advisory_database.location(os.environ, database)
    built = advisory_database.update(path, source)
    if not quiet:
        _tell(path, built)
    return 0


@command.command("status")
@_DATABASE
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(database: Path | None, output: str) -> int:
    """Say what the database was made of, and when."""
    path = advisory_database.location(os.environ, database)
    built = advisory_database.status(path)
    if output == "json":
        value = {"path": str(path), **msgspec.to_builtins(built)}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    else:
        _tell(path, built)
    return 0


def _tell(path: Path, built: Built) -> None:
    source = built.source
    lines = [
        ("database", str(path)),
        ("made from", source.name),
        ("commit", source.commit or "not stated"),
        ("date", source.date or "not stated"),
        ("advisories", f"{source.records:,} about packages of PyPI"),
        (
            "left out",
            f"{built.withdrawn:,} withdrawn, {built.other:,} other files, {built.unreadable:,} read in part or not",
        ),
        ("digest", source.digest),
    ]
    for label, text in lines:
        click.echo(f"{label:11}{visible(text)}")
    for problem in built.problems:
        click.echo(f"{'problem':11}{visible(problem)}")
