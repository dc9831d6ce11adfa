"""Options that many commands share, and the way from them to a configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from reprocheck.config import Config, find_root, load, user_config_file

_Function = TypeVar("_Function", bound=Callable[..., Any])


def selection_options(function: _Function) -> _Function:
    """--select, --extend-select, --ignore, --pack, --min-confidence, --isolated."""
    options = (
        click.option("--select", metavar="RULES", help="Rules to run instead of the pack's: codes, families or names."),
        click.option("--extend-select", metavar="RULES", help="Rules to run besides."),
        click.option("--ignore", metavar="RULES", help="Rules not to run."),
        click.option("--pack", metavar="NAME", help="Selection of rules: default or strict."),
        click.option(
            "--min-confidence", type=click.Choice(["high", "medium", "low"]), help="Leave out less certain findings."
        ),
        click.option("--isolated", is_flag=True, help="Read no configuration files and no variables."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def load_config(start: Path, overrides: Mapping[str, object], *, isolated: bool) -> Config:
    """The configuration of the project that `start` belongs to."""
    root = find_root(start)
    return load(
        root,
        overrides={key: value for key, value in overrides.items() if value is not None},
        environment=os.environ,
        user_file=user_config_file(os.environ),
        isolated=isolated,
    )


def color_wanted(choice: str, *, stream_is_terminal: bool) -> bool:
    """Whether to colour: `--color`, then `NO_COLOR` and `FORCE_COLOR`, then whether a terminal reads along."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream_is_terminal and os.environ.get("TERM") != "dumb"
