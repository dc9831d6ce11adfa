"""Compares files of installed packages with what RECORD says they were: a hand-edited package shows in no lock."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import time
from collections.abc import Collection, Iterator, Sequence
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
    opened = None if used is None else {os.path.realpath(source_of(path)) for path in used}
    packages, late = [], 0
    for distribution in distributions:
        package = distribution.package
        try:
            entries = list(_entries(distribution))
        except OSError:
            packages.append(package)
            continue
        wanted = _wanted(distribution, entries, opened, modules)
        if opened is not None:
            package = msgspec.structs.replace(package, used=bool(wanted))
        elif modules:
            package = msgspec.structs.replace(package, used=wanted is not None)
        checked, modified = 0, []
        for entry in wanted or ():
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


def _wanted(
    distribution: Distribution, entries: list[_Entry], opened: set[str] | None, modules: Collection[str]
) -> list[_Entry] | None:
    """The files that mattered to the run; None where the package was not used."""
    if opened is not None:
        base = os.path.realpath(distribution.metadata.parent)
        return [entry for entry in entries if os.path.normpath(os.path.join(base, entry.name)) in opened]  # noqa: PTH118 — tens of thousands of paths
    tops = {entry.name.partition("/")[0].partition(".")[0] for entry in entries}
    if tops.isdisjoint(modules):
        return None
    return [entry for entry in entries if entry.name.endswith((".py", ".so")) or ".so." in entry.name]


def _entries(distribution: Distribution) -> Iterator[_Entry]:
    """Lines of RECORD that have a digest."""
    base = distribution.metadata.parent
    with (distribution.metadata / "RECORD").open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.reader(file):
            if len(row) > 1 and "=" in row[1]:
                algorithm, _, digest = row[1].partition("=")
                if algorithm in hashlib.algorithms_available:
                    yield _Entry(base / row[0], row[0], algorithm, digest)


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
