"""`reprocheck ls`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import NOTHING
from reprocheck.cli.run_options import color_option, output_option, painter, store_option, width, write_json


@click.command("ls", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--tag", "tags", multiple=True, help="Only runs with this tag.")
@click.option("--name", default="", help="Only runs of this name.")
@click.option("-n", "limit", type=click.IntRange(min=1), help="Only the last N runs.")
@store_option
@output_option
@color_option
def command(*, tags: tuple[str, ...], name: str, limit: int | None, store: Path | None, output: str, color: str) -> int:
    """List the runs of this project, the last one below."""
    from reprocheck.app.list_runs import list_runs
    from reprocheck.report.run_list import list_lines

    summaries = list_runs(store, Path(), tags=tags, name=name)
    if limit is not None:
        summaries = summaries[-limit:]
    if output == "json":
        write_json(summaries)
    elif summaries:
        paint = painter(color)
        for line in list_lines(summaries, paint, width=width()):
            click.echo(line, color=True)
    elif others := len(list_runs(store, Path())):
        asked = " and ".join([*([f"the name `{name}`"] if name else []), *(f"the tag `{tag}`" for tag in tags)])
        click.echo(f"No run has {asked}; without that `reprocheck ls` lists {others}.", err=True)
    else:
        click.echo("No runs. `reprocheck run -- COMMAND` makes one.", err=True)
    return 0 if summaries else NOTHING
