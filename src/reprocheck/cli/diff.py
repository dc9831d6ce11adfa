"""`reprocheck diff`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE
from reprocheck.cli.run_options import color_option, complete_runs, painter, store_option, write_json


@click.command("diff", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("first", metavar="[A]", default="@~1", shell_complete=complete_runs)
@click.argument("second", metavar="[B]", default="@", shell_complete=complete_runs)
@click.option("-v", "--verbose", is_flag=True, help="List all differences.")
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="GLOB[:KEY]=LIMIT",
    help="How far apart numbers in files may be: ulp:4, abs:1e-6 or rel:1e-5, several with `|`.",
)
@store_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="Format; markdown is for files and folders.",
)
@color_option
def command(
    *,
    first: str,
    second: str,
    verbose: bool,
    tolerances: tuple[str, ...],
    store: Path | None,
    output: str,
    color: str,
) -> int:
    """Say in what A and B differ: two runs (by default the last two), or two files or folders.

    Of runs the records are compared: causes first, results last, and below them what differs in the outputs that both
    have. Of files the content is: numbers by their distance, and what changes from run to run (times, speeds, folders)
    is told apart. Exit code 1 when they differ, 4 when that could not be seen.
    """
    from reprocheck.app.compare_paths import are_paths

    if are_paths(first, second):
        return _paths(Path(first), Path(second), tolerances, output, color, verbose=verbose)
    if output == "markdown":
        raise click.UsageError("-o markdown is for files and folders, and one of these is not there.")
    from reprocheck.app.diff_runs import diff_runs
    from reprocheck.report.run_checks import difference_lines
    from reprocheck.store.errors import NoSuchRunError

    try:
        result = diff_runs(first, second, store, Path(), tolerances)
    except NoSuchRunError as error:
        if second == "@" and Path(first).exists():
            reason = f"`{first}` is a file or folder and no run: name another one to compare it with."
            raise click.UsageError(reason) from error
        raise
    if output == "json":
        write_json(result)
    else:
        for line in difference_lines(result, painter(color), verbose=verbose):
            click.echo(line, color=True)
    return FOUND if result.differences else CLEAN


def _paths(first: Path, second: Path, tolerances: tuple[str, ...], output: str, color: str, *, verbose: bool) -> int:
    from reprocheck.app.compare_paths import compare_paths
    from reprocheck.model.comparison import Outcome
    from reprocheck.report.comparison_console import comparison_lines
    from reprocheck.report.comparison_json import comparison_json
    from reprocheck.report.comparison_markdown import comparison_markdown

    comparison = compare_paths(first, second, tolerances)
    match output:
        case "json":
            sys.stdout.write(comparison_json(comparison))
        case "markdown":
            click.echo(comparison_markdown(comparison), nl=False)
        case _:
            for line in comparison_lines(comparison, painter(color), verbose=verbose):
                click.echo(line, color=True)
    match comparison.verdict.outcome:
        case Outcome.DIVERGENT:
            return FOUND
        case Outcome.INCONCLUSIVE:
            return INCOMPLETE
        case _:
            return CLEAN
