"""Alignment: which artifact of one side stands for which of the other.

The same path comes first; then, folder by folder, the same logical name; then numbered folders (`version_0`,
`version_1`). Only artifacts of the same role are aligned. What several could stand for is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reprocheck.compare.logical_names import counted, logical


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that takes part in a comparison."""

    path: str
    """POSIX, relative to the root of its side."""
    file: Path
    """Where its bytes lie."""
    role: str = ""
    """Only the same role is aligned; empty where there are none."""
    digest: str = ""
    """Of the bytes, when it is known; equal digests save the reading."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Artifacts that stand for each other; one side is None when nothing does."""

    name: str
    """Logical path, which tolerances are found by: the path itself where both sides have it."""
    left: Artifact | None = None
    right: Artifact | None = None


class Alignment(msgspec.Struct, frozen=True, kw_only=True):
    """Every artifact of both sides, once."""

    pairs: tuple[Pair, ...]
    """Sorted by name."""
    notes: tuple[str, ...] = ()
    """What could have been aligned in another way."""


@dataclass(slots=True)
class _Folder:
    files: dict[str, Artifact] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)


def align(left: Iterable[Artifact], right: Iterable[Artifact]) -> Alignment:
    """Align two sides; no path may come twice on a side under one role."""
    sides = list(left), list(right)
    aligner = _Aligner()
    for role in sorted({artifact.role for side in sides for artifact in side}):
        trees = [_tree(artifact for artifact in side if artifact.role == role) for side in sides]
        aligner.folders(trees[0], trees[1], "")
    pairs = sorted(aligner.pairs, key=lambda pair: (pair.name, (pair.left or pair.right or _NOBODY).path))
    return Alignment(pairs=tuple(pairs), notes=tuple(aligner.notes))


_NOBODY = Artifact(path="", file=Path())


def _tree(artifacts: Iterable[Artifact]) -> _Folder:
    root = _Folder()
    for artifact in artifacts:
        *parents, name = artifact.path.split("/")
        folder = root
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
        folder.files[name] = artifact
    return root


@dataclass(slots=True)
class _Aligner:
    pairs: list[Pair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def folders(self, left: _Folder | None, right: _Folder | None, prefix: str) -> None:
        """Align what two folders hold."""
        one, other = left or _Folder(), right or _Folder()
        for a, b, label in self._names(list(one.files), list(other.files), prefix, folders=False):
            self.pairs.append(
                Pair(
                    name=prefix + label,
                    left=one.files[a] if a is not None else None,
                    right=other.files[b] if b is not None else None,
                )
            )
        for a, b, label in self._names(list(one.folders), list(other.folders), prefix, folders=True):
            self.folders(
                one.folders[a] if a is not None else None,
                other.folders[b] if b is not None else None,
                f"{prefix}{label}/",
            )

    def _names(
        self, left: Sequence[str], right: Sequence[str], prefix: str, *, folders: bool
    ) -> list[tuple[str | None, str | None, str]]:
        """Names that stand for each other, and the name of both."""
        exact = set(left) & set(right)
        found: list[tuple[str | None, str | None, str]] = [(name, name, name) for name in exact]
        rest = sorted(set(left) - exact), sorted(set(right) - exact)
        for rule in (logical, counted) if folders else (logical,):
            groups: dict[str, tuple[list[str], list[str]]] = {}
            for side, names in enumerate(rest):
                for name in names:
                    groups.setdefault(rule(name), ([], []))[side].append(name)
            for label, (a, b) in sorted(groups.items()):
                if not label or not a or not b or (rule is logical and label in {*a, *b}):
                    continue
                if max(len(a), len(b)) > 1:
                    counts = f"{len(a)} on the left and {len(b)} on the right"
                    self.notes.append(f"{prefix}{label}: {counts} have this name; aligned in order")
                paired = list(zip(a, b, strict=False))
                found += [(x, y, label if len(paired) == 1 else f"{label}#{n}") for n, (x, y) in enumerate(paired, 1)]
                for index in (0, 1):
                    taken = {pair[index] for pair in paired}
                    rest[index][:] = [name for name in rest[index] if name not in taken]
        found += [(name, None, name) for name in rest[0]]
        found += [(None, name, name) for name in rest[1]]
        return sorted(found, key=lambda item: item[2])
