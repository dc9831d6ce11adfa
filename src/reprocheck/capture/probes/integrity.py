"""Compares files of installed packages with what RECORD says they were: a hand-edited package shows in no lock."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from reprocheck.capture.code import source_of
from reprocheck.capture.ports import DigestCache
from reprocheck.capture.probes.packages import Distribution
from reprocheck.model.record import Gap, Package

PATIENCE = 5.0
"""Seconds for all files; what is left then is a gap. Digests are remembered, so that the next run gets further."""
_CHUNK = 1 << 20


class _Entry(msgspec.Struct, frozen=True):
    path: Path
    name: str
    algorithm: str
    digest: str
    """As RECORD spells it: URL-safe base 64 without padding."""


def check_packages(
    distributions: Sequence[Distribution],
    used: Collection[str] | None,
    modules: Collection[str],
    cache: DigestCache,
    *,
    patience: float = PATIENCE,
) -> tuple[tuple[Package, ...], tuple[Gap, ...]]:
    """The packages, with what the run used of each and which of the used files are not what was installed.

    `used` are the absolute paths that the run opened; None when they weren't seen: then packages whose top-level
    module is among `modules` count as used, and all their Python and library files are checked.
    """
    end = time.monotonic() + patience
    opened = None if used is None else _true_paths(source_of(path) for path in used)
    packages, late = [], 0
    for distribution in distributions:
        package = distribution.package
        try:
            wanted = list(_opened_entries(distribution, opened) if opened is not None else _all(distribution, modules))
        except OSError:
            packages.append(package)
            continue
        if opened is not None or modules:
            package = msgspec.structs.replace(package, used=bool(wanted))
        checked, modified = 0, []
        for entry in wanted:
            if time.monotonic() > end:
                late += 1
                continue
            checked += 1
            if not _is_as_installed(entry, cache):
                modified.append(entry.name)
        packages.append(msgspec.structs.replace(package, checked=checked, modified=tuple(sorted(modified))))
    gaps: tuple[Gap, ...] = ()
    if late:
        reason = f"{late:,} files of installed packages were not compared with RECORD within {patience:.0f} s"
        gaps = (
            Gap("environment.packages", reason, "One of them may have been edited by hand; a next run gets further"),
        )
    return tuple(packages), gaps


def _true_paths(paths: Iterable[str]) -> set[str]:
    """The paths with links followed; folders are asked once, as a run opens thousands of files of a few of them."""
    folders: dict[str, str] = {}
    found = set()
    for path in paths:
        folder, name = os.path.split(path)
        if os.path.islink(path):  # noqa: PTH114 — an object for each of thousands of paths costs more than the question
            found.add(os.path.realpath(path))
            continue
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        found.add(f"{folders[folder].rstrip('/')}/{name}")
    return found


def _opened_entries(distribution: Distribution, opened: Collection[str]) -> Iterator[_Entry]:
    """Entries of the files that the run opened: a look at each name, as there are tens of thousands."""
    base = os.path.realpath(distribution.metadata.parent)
    for line in _record(distribution).splitlines():
        name = line.partition(",")[0]
        path = f"{base}/{name}" if name[:1] not in {".", '"', "/"} else None
        if path is None or path in opened:
            entry = _entry(distribution, line)
            if entry is not None and (path is not None or os.path.normpath(f"{base}/{entry.name}") in opened):
                yield entry


def _all(distribution: Distribution, modules: Collection[str]) -> Iterator[_Entry]:
    """Entries of Python and library files, where one of the imported modules comes from the distribution."""
    lines = _record(distribution).splitlines()
    if {line.partition("/")[0].partition(".")[0] for line in lines}.isdisjoint(modules):
        return
    for line in lines:
        entry = _entry(distribution, line)
        if entry is not None and (entry.name.endswith((".py", ".so")) or ".so." in entry.name):
            yield entry


def _record(distribution: Distribution) -> str:
    return (distribution.metadata / "RECORD").read_text("utf-8", "replace")


def _entry(distribution: Distribution, line: str) -> _Entry | None:
    """A line of RECORD; None for one without a digest that can be computed."""
    row = next(csv.reader([line]), [])
    if len(row) < 2 or "=" not in row[1]:  # noqa: PLR2004 — path, digest, size
        return None
    algorithm, _, digest = row[1].partition("=")
    if algorithm not in hashlib.algorithms_available:
        return None
    return _Entry(distribution.metadata.parent / row[0], row[0], algorithm, digest)


def _is_as_installed(entry: _Entry, cache: DigestCache) -> bool:
    try:
        status = entry.path.stat()
        digest = cache.get(status, entry.algorithm)
        if digest is None:
            digest = _digest(entry.path, entry.algorithm)
            cache.put(status, digest, entry.algorithm)
    except OSError:
        return False
    return digest == entry.digest.rstrip("=")


def _digest(path: Path, algorithm: str) -> str:
    hasher = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return base64.urlsafe_b64encode(hasher.digest()).rstrip(b"=").decode("ascii")
