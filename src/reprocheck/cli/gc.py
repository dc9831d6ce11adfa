"""`reprocheck gc`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, NOTHING
from reprocheck.cli.run_options import color_option, output_option, painter, store_option, write_json


@click.command("gc", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--keep-last", type=click.IntRange(min=0), metavar="N", help="Remove all runs but the last N.")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Remove runs older than that.")
@click.option("--abandoned", is_flag=True, help="Remove runs whose launcher was killed.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would go, and remove nothing.")
@store_option
@output_option
@color_option
def command(
    *,
    keep_last: int | None,
    older_than: int | None,
    abandoned: bool,
    dry: bool,
    store: Path | None,
    output: str,
    color: str,
) -> int:
    """Remove from the store what no run stands on, and the runs that options name.

    Without options no run is removed. Runs with a name or a tag, and runs that are going on, always stay.
    """
    from reprocheck.app.collect_garbage import CollectRequest, collect_garbage
    from reprocheck.report.run_checks import collection_lines

    request = CollectRequest(keep_last=keep_last, older_than=older_than, abandoned=abandoned, dry=dry)
    result = collect_garbage(request, store, Path())
    if output == "json":
        write_json(result)
    else:
        for line in collection_lines(result, painter(color)):
            click.echo(line, color=True)
    return CLEAN if result.runs or result.objects or result.leftovers else NOTHING
