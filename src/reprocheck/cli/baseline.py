"""`reprocheck baseline`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from reprocheck.app import record_baseline
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.run_options import write_json
from reprocheck.cli.settings import load_config
from reprocheck.config import Config
from reprocheck.report.visible import visible

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
    changed = record_baseline.update(config, progress, add=True)
    progress.clear()
    click.echo(f"{changed.added} added, {changed.gone} forgotten.")
    _say_kept(changed)
    return 0


@command.command("prune")
@_FILE
def prune(baseline: str | None) -> int:
    """Forget recorded findings that are gone; add none."""
    config, progress = _config(baseline), ProgressLine(enabled=True)
    changed = record_baseline.update(config, progress, add=False)
    progress.clear()
    click.echo(f"{changed.gone} forgotten.")
    _say_kept(changed)
    return 0


@command.command("show")
@_FILE
@click.option("--findings", is_flag=True, help="List the findings too.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(baseline: str | None, output: str, *, findings: bool) -> int:
    """Count what is recorded, by rule."""
    path, recorded = record_baseline.show(_config(baseline))
    counts = Counter(entry.code for entry in recorded.findings)
    if output == "json":
        write_json({"schema": recorded.schema, "path": str(path), "rules": counts, "findings": recorded.findings})
        return 0
    if findings:
        for entry in recorded.findings:
            symbol = f" ({entry.symbol})" if entry.symbol else ""
            click.echo(visible(f"{entry.fingerprint}  {entry.code}  {entry.path}{symbol}  {entry.message}"))
    for code, count in sorted(counts.items()):
        click.echo(f"{count:6}  {visible(code)}")
    click.echo(f"{counts.total():6}  in {path}")
    return 0


def _say_kept(changed: record_baseline.Changed) -> None:
    if changed.kept_unseen:
        click.echo(f"{changed.kept_unseen} kept whose file or rule could not be looked at to its end.", err=True)


def _config(baseline: str | None) -> Config:
    return load_config(Path(), {"baseline": baseline}, isolated=False)
