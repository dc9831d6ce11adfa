"""`reprocheck diff`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND
from reprocheck.cli.run_options import color_option, complete_runs, output_option, painter, store_option, write_json


@click.command("diff", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("first", metavar="A", shell_complete=complete_runs)
@click.argument("second", metavar="[B]", default="@", shell_complete=complete_runs)
@click.option("-v", "--verbose", is_flag=True, help="List all differences.")
@store_option
@output_option
@color_option
def command(*, first: str, second: str, verbose: bool, store: Path | None, output: str, color: str) -> int:
    """Say in what the records of runs A and B (the last one by default) differ: causes first, results last.

    Exit code 1 when they differ.
    """
    from reprocheck.app.diff_runs import diff_runs
    from reprocheck.report.run_checks import difference_lines

    result = diff_runs(first, second, store, Path())
    if output == "json":
        write_json(result)
    else:
        for line in difference_lines(result, painter(color), verbose=verbose):
            click.echo(line, color=True)
    return FOUND if result.differences else CLEAN
