"""Compares two sides whole: folders, single files, or lists of artifacts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from reprocheck.compare.alignment import Artifact, Pair, align
from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.tolerances import Tolerances
from reprocheck.compare.verdicts import judge_all
from reprocheck.compare.volatile import same_but_for_place
from reprocheck.model.comparison import Comparison, Difference, Outcome

_NONE = Tolerances()


def compare_artifacts(
    left: Iterable[Artifact],
    right: Iterable[Artifact],
    *,
    names: tuple[str, str] = ("left", "right"),
    tolerances: Tolerances = _NONE,
    places: tuple[str, ...] = (),
    notes: Sequence[str] = (),
) -> Comparison:
    """Align two lists of artifacts and compare each pair."""
    alignment = align(left, right)
    differences = tuple(compare_pair(pair, tolerances, places) for pair in alignment.pairs)
    verdict = judge_all(differences)
    return Comparison(
        left=names[0], right=names[1], differences=differences, verdict=verdict, notes=(*notes, *alignment.notes)
    )


def compare_pair(pair: Pair, tolerances: Tolerances, places: tuple[str, ...] = ()) -> Difference:
    """How two aligned artifacts differ; equal digests stop first."""
    left, right = pair.left, pair.right
    if left is None or right is None:
        side = "right" if left is None else "left"
        return Difference(name=pair.name, outcome=Outcome.DIVERGENT, message=f"only on the {side}")
    if left.digest and left.digest == right.digest:
        return Difference(name=pair.name, outcome=Outcome.IDENTICAL)
    if left.file.is_symlink() or right.file.is_symlink():
        found = _compare_links(left.file, right.file, pair.name)
        if found is not None:
            return found
    found = compare_files(left.file, right.file, name=pair.name, tolerances=tolerances, places=places)
    if left.path != right.path:
        return msgspec.structs.replace(found, notes=(*found.notes, f"{left.path} stands for {right.path}"))
    return found


def _compare_links(left: Path, right: Path, name: str) -> Difference | None:
    """Symbolic links as what they say; None when their targets must be looked at."""
    if not (left.is_symlink() and right.is_symlink()):
        return None
    targets = str(left.readlink()), str(right.readlink())
    if targets[0] == targets[1]:
        return Difference(name=name, outcome=Outcome.IDENTICAL, kind="link")
    if left.is_file() and right.is_file():
        return None
    same = same_but_for_place(*targets)
    outcome = Outcome.INCONCLUSIVE if same else Outcome.DIVERGENT
    message = "links to other places that are no files"
    return Difference(name=name, outcome=outcome, kind="link", message=message, left=targets[0], right=targets[1])


def compare_trees(left: Path, right: Path, *, tolerances: Tolerances = _NONE) -> Comparison:
    """Compare two files, or two folders with all that is in them; raises `OSError` when a side can't be listed."""
    names = str(left), str(right)
    if not left.is_dir() and not right.is_dir():
        name = left.name if left.name == right.name else f"{left.name} and {right.name}"
        if left.suffix == right.suffix:
            name = left.name
        difference = compare_files(left, right, name=name, tolerances=tolerances)
        return Comparison(left=names[0], right=names[1], differences=(difference,), verdict=judge_all([difference]))
    problems: list[str] = []
    sides = [list(_artifacts(side, problems)) for side in (left, right)]
    places = tuple(sorted({str(left.resolve()), str(right.resolve())}, key=len, reverse=True))
    comparison = compare_artifacts(*sides, names=names, tolerances=tolerances, places=places, notes=problems)
    if problems and comparison.verdict.outcome.rank < Outcome.INCONCLUSIVE.rank:
        verdict = msgspec.structs.replace(
            comparison.verdict, outcome=Outcome.INCONCLUSIVE, because=(), reason=problems[0]
        )
        return msgspec.structs.replace(comparison, verdict=verdict)
    return comparison


def _artifacts(root: Path, problems: list[str]) -> Iterator[Artifact]:
    if not root.is_dir():
        raise NotADirectoryError(20, "is no folder", str(root))

    def failed(error: OSError) -> None:
        problems.append(f"{error.filename}: {error.strerror}, so that not all could be listed")

    for parent, folders, files in os.walk(root, onerror=failed):
        folders.sort()
        for name in sorted([*files, *(folder for folder in folders if Path(parent, folder).is_symlink())]):
            file = Path(parent, name)
            if not _is_special(file):
                yield Artifact(path=file.relative_to(root).as_posix(), file=file)


def _is_special(file: Path) -> bool:
    """Whether it is a pipe, socket or device, which has no content."""
    try:
        mode = file.lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))
