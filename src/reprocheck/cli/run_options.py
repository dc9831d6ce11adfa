"""What the commands about runs share: the store, the output format, colours and width."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from reprocheck.report.paint import Paint

_Function = TypeVar("_Function", bound=Callable[..., Any])
_WIDTH = 120


def store_option(function: _Function) -> _Function:
    """--store."""
    return click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="REPROCHECK_STORE",
        show_envvar=True,
        help="Folder of the store; by default .reprocheck/store of the project.",
    )(function)


def output_option(function: _Function) -> _Function:
    """-o."""
    return click.option(
        "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Format."
    )(function)


def color_option(function: _Function) -> _Function:
    """--color."""
    return click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="Colours."
    )(function)


def run_argument(function: _Function) -> _Function:
    """RUN, by default the last one, completed from the store."""
    return click.argument("run", default="@", metavar="[RUN]", shell_complete=complete_runs)(function)


def painter(choice: str) -> Paint:
    """Paints for standard output."""
    from reprocheck.cli.settings import color_wanted
    from reprocheck.report.paint import Paint

    return Paint(color=color_wanted(choice, stream_is_terminal=sys.stdout.isatty()))


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size((_WIDTH, 24)).columns


def write_json(value: object) -> None:
    """A value as JSON on standard output, in UTF-8 whatever the locale is."""
    import msgspec

    from reprocheck.report.json_value import json_text

    sys.stdout.write(json_text(msgspec.to_builtins(value), indent=True) + "\n")


def complete_runs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    """Ids and names of the store that the command line means; silent where there is none."""
    from click.shell_completion import CompletionItem

    from reprocheck.app.list_runs import list_runs
    from reprocheck.report.run_words import command_text
    from reprocheck.store.errors import StoreError

    try:
        summaries = list_runs(ctx.params.get("store"), Path())
    except (StoreError, OSError):
        return []
    words = {"@": "the last run"} if summaries else {}
    if len(summaries) > 1:
        words["@~1"] = "the run before the last"
    for summary in reversed(summaries):
        text = command_text(summary.command)
        if summary.name:
            words.setdefault(summary.name, text)
        words[summary.id] = text
    return [
        CompletionItem(word, help=text)
        for word, text in words.items()
        if word.startswith((incomplete, incomplete.upper()))
    ]
