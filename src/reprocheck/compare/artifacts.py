"""Compares two artifacts that are files."""

from __future__ import annotations

from pathlib import Path

from reprocheck.compare.content import Content
from reprocheck.compare.contents import compare_contents
from reprocheck.compare.context import Context
from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Difference, Outcome

_NONE = Tolerances()


def compare_files(
    left: Path, right: Path, *, name: str, tolerances: Tolerances = _NONE, places: tuple[str, ...] = ()
) -> Difference:
    """How two files differ; `name` is the logical path (POSIX) that tolerances are found by.

    `places` are the folders in which the runs took place, as absolute paths; in texts they stand for each other.

    A file that can't be read makes the outcome inconclusive.
    """
    try:
        if left.samefile(right):
            return Difference(name=name, outcome=Outcome.IDENTICAL)
        with Content.of_file(left, name) as a, Content.of_file(right, name) as b:
            return compare_contents(a, b, Context(path=name, tolerances=tolerances, places=places))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        which = f"{error.filename}: " if error.filename else ""
        return Difference(name=name, outcome=Outcome.INCONCLUSIVE, message=f"{which}{reason}")
