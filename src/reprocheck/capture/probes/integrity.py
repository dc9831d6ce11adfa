"""Compares files of installed packages with what RECORD says they were: a hand-edited package shows in no lock."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import msgspec

from reprocheck.capture.code import source_of
from reprocheck.capture.ports import DigestCache
from reprocheck.capture.probes.packages import Distribution
from reprocheck.capture.probes.remembered import Checked, Installed, Owner, identity_of
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
    installed: Installed,
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
    check = _Check(installed, cache, time.monotonic() + patience)
    if used is not None:
        check.opened({source_of(path) for path in used})
    else:
        check.imported(modules)
    packages = []
    asked = check.asked_of_all()
    for index, distribution in enumerate(installed.distributions):
        package = distribution.package
        if index not in check.unreadable:
            owners = check.found.get(index, {}).values()
            if used is not None or modules:
                package = msgspec.structs.replace(package, used=_is_used(owners, asked) or index in check.late)
            modified = tuple(sorted(owner.name for owner in owners if not owner.as_installed))
            package = msgspec.structs.replace(package, checked=len(owners), modified=modified)
        packages.append(package)
    gaps: tuple[Gap, ...] = ()
    if late := sum(check.late.values()):
        reason = f"{late:,} files of installed packages were not compared with RECORD within {patience:.0f} s"
        gaps = (
            Gap("environment.packages", reason, "One of them may have been edited by hand; a next run gets further"),
        )
    return tuple(packages), gaps


class _Check:
    """Goes through the files, and remembers what it found."""

    def __init__(self, installed: Installed, cache: DigestCache, end: float) -> None:
        self._installed = installed
        self._cache = cache
        self._end = end
        self.found: dict[int, dict[str, Owner]] = {}
        """By place of the distribution and name."""
        self.late: Counter[int] = Counter()
        """Files by distribution for which there was no time left."""
        self.unreadable = {
            index for index, distribution in enumerate(installed.distributions) if not distribution.package.record
        }
        """Distributions without a RECORD that can be read."""

    def opened(self, paths: Collection[str]) -> None:
        """Check what of these is listed anywhere."""
        owners, unknown = self._installed.known(paths)
        for owner in owners:
            self.found.setdefault(owner.distribution, {})[owner.name] = owner
        if not unknown:
            return
        identities = {path: identity_of(path) for path in unknown}
        true = _true_paths(unknown)
        owned: dict[str, list[Owner]] = {}
        for index, distribution in enumerate(self._installed.distributions):
            try:
                entries = list(_opened_entries(distribution, true))
            except OSError:
                self.unreadable.add(index)
                continue
            for path, entry in entries:
                owned.setdefault(path, []).append(self._take(index, entry) or _LATE)
        for path, names in true.items():
            listed = owned.get(path, [])
            if _LATE not in listed:
                for name in names:
                    self._installed.learn(name, Checked(identities[name], tuple(listed)))

    def asked_of_all(self) -> bool:
        """Whether something looked through what all packages say of themselves, as who wants their entry points does.

        Of one package or a few, it asked for a version or whether they are there, which is a use.
        """
        asked = sum(any(_is_about(owner) for owner in owners.values()) for owners in self.found.values())
        return asked >= max(_FEW, _NEARLY_ALL * len(self._installed.distributions))

    def imported(self, modules: Collection[str]) -> None:
        """Check the code of all packages that one of the modules belongs to."""
        for index, distribution in enumerate(self._installed.distributions):
            try:
                for entry in _all(distribution, modules):
                    self._take(index, entry)
            except OSError:
                self.unreadable.add(index)

    def _take(self, index: int, entry: _Entry) -> Owner | None:
        if time.monotonic() > self._end:
            self.late[index] += 1
            return None
        owner = Owner(index, entry.name, _is_as_installed(entry, self._cache))
        self.found.setdefault(index, {})[owner.name] = owner
        return owner


def _is_about(owner: Owner) -> bool:
    return ".dist-info/" in owner.name


def _is_used(owners: Iterable[Owner], asked_of_all: bool) -> bool:  # noqa: FBT001 — the one flag of a private function
    return any(not (asked_of_all and _is_about(owner)) for owner in owners)


_FEW, _NEARLY_ALL = 5, 0.9
"""Packages of which one may well ask, and the share of an environment's that nobody asks of by name."""
_LATE = Owner(-1, "", as_installed=False)
"""Stands for a check that there was no time for."""


def _true_paths(paths: Iterable[str]) -> dict[str, list[str]]:
    """The names of each file by its path with links followed.

    Folders are asked once, as a run opens thousands of files of a few of them.
    """
    folders: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        if os.path.islink(path):  # noqa: PTH114 — an object for each of thousands of paths costs more than the question
            true = os.path.realpath(path)
        else:
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            true = f"{folders[folder].rstrip('/')}/{name}"
        found.setdefault(true, []).append(path)
    return found


def _opened_entries(distribution: Distribution, opened: Collection[str]) -> Iterator[tuple[str, _Entry]]:
    """Path and entry of the files that the run opened: a look at each name, as there are tens of thousands."""
    base = os.path.realpath(distribution.metadata.parent)
    for line in _record(distribution).splitlines():
        name = line.partition(",")[0]
        path = f"{base}/{name}" if name[:1] not in {".", '"', "/"} else None
        if path is None or path in opened:
            entry = _entry(distribution, line)
            if entry is not None:
                path = path or os.path.normpath(f"{base}/{entry.name}")
                if path in opened:
                    yield path, entry


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
