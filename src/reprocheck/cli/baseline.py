"""`reprocheck baseline`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.app import record_baseline
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.settings import load_config
from reprocheck.config import Config

_FILE = click.option("--baseline", type=click.Path(dir_okay=False), help="File; the project's if left out.")


@click.group("baseline", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Record today's findings so that only new ones count."""


@command.command("create")
@_FILE
def create(baseline: str | None) -> int:
    """Record every finding of today."""
    config, progress = _config(baseline), ProgressLine(enabled=True)
    count = record_baseline.create(config, progress)
    progress.clear()
    path = record_baseline.path_of(config)
    click.echo(f"Recorded {count} finding(s) in {path}.")
    if config.baseline is None:
        click.echo(f'Set `baseline = "{path.name}"` in the configuration so that every scan compares with it.')
    return 0


@command.command("update")
@_FILE
def update(baseline: str | None) -> int:
    """Record new findings and forget those that are gone."""
    config, progress = _config(baseline), ProgressLine(enabled=True)
    added, gone = record_baseline.update(config, progress, add=True)
    progress.clear()
    click.echo(f"{added} added, {gone} forgotten.")
    return 0


@command.command("prune")
@_FILE
def prune(baseline: str | None) -> int:
    """Forget recorded findings that are gone; add none."""
    config, progress = _config(baseline), ProgressLine(enabled=True)
    _, gone = record_baseline.update(config, progress, add=False)
    progress.clear()
    click.echo(f"{gone} forgotten.")
    return 0


@command.command("show")
@_FILE
def show(baseline: str | None) -> int:
    """Count what is recorded, by rule."""
    path, counts = record_baseline.summary(_config(baseline))
    for code, count in sorted(counts.items()):
        click.echo(f"{count:6}  {code}")
    click.echo(f"{counts.total():6}  in {path}")
    return 0


def _config(baseline: str | None) -> Config:
    return load_config(Path(), {"baseline": baseline}, isolated=False)
