"""`reprocheck diff A B` on two files or folders: what differs in content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.compare.tolerances import ToleranceError, parse_tolerances
from reprocheck.compare.trees import compare_trees
from reprocheck.model.comparison import Comparison


def are_paths(first: str, second: str) -> bool:
    """Whether both name files or folders that are there, so that no runs are meant."""
    return all(Path(side).exists() for side in (first, second))


def compare_paths(first: Path, second: Path, tolerances: Sequence[str]) -> Comparison:
    """Compare two files or two folders; raises `UsageError`."""
    if first.is_dir() != second.is_dir():
        raise UsageError(f"{first} and {second} are a folder and a file: name two of a kind")
    try:
        return compare_trees(first, second, tolerances=parse_tolerances(tolerances))
    except ToleranceError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"{error.filename or first}: {error.strerror}") from error
