"""What the last run found of the installed packages; an environment that hasn't changed is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.capture.ports import DigestCache
from reprocheck.capture.probes.packages import Distribution, find_distributions
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap, Package

_KIND = "environment-1"
"""Where a cache of digests keeps it: beside those of the folder of packages."""
_READ = ("METADATA", "RECORD", "WHEEL", "INSTALLER", "direct_url.json", "PKG-INFO", "REQUESTED")
"""Files that say what a distribution is."""
YOUNG = 2_000_000_000
"""Nanoseconds: a file changed so shortly before it is looked at may change again within one tick of its times."""
_MANY = 50_000
"""Files that are remembered."""

Identity = tuple[int, int, int, int, int]
"""Device, inode, size and both times; all zero for a file that isn't there."""
_MISSING: Identity = (0, 0, 0, 0, 0)


class Owner(msgspec.Struct, frozen=True, array_like=True):
    """A distribution whose RECORD lists a file."""

    distribution: int
    """Its place among the distributions, which are sorted by name."""
    name: str
    """As RECORD spells it."""
    as_installed: bool


class Checked(msgspec.Struct, frozen=True, array_like=True):
    """One file of the environment that a run opened."""

    identity: Identity
    owners: tuple[Owner, ...]


class _Memory(msgspec.Struct, frozen=True):
    fingerprint: str
    packages: tuple[tuple[Package, str], ...]
    """With the folder of the metadata."""
    gaps: tuple[Gap, ...]
    files: dict[str, Checked]


class Installed:
    """The distributions on a search path, and what is known of their files."""

    def __init__(self, paths: Sequence[str], cache: DigestCache, *, young: int = YOUNG) -> None:
        """`young` is the age in nanoseconds from which a file is believed to show a change in its times."""
        self._cache = cache
        self._settled = time.time_ns() - young
        self._place, self._fingerprint = _fingerprint(paths, self._settled)
        found = cache.get(self._place, _KIND) if self._place is not None else None
        memory = _decoded(found)
        self._files: dict[str, Checked] = {}
        self._new = False
        self.gaps: tuple[Gap, ...]
        if memory is not None and memory.fingerprint == self._fingerprint:
            self.distributions = [Distribution(package, Path(folder)) for package, folder in memory.packages]
            self.gaps = memory.gaps
            self._files = memory.files
        else:
            self.distributions, self.gaps = find_distributions(paths)
            self._new = True

    def known(self, paths: Iterable[str]) -> tuple[list[Owner], list[str]]:
        """The owners of files that are as they were, and the files that have to be looked at."""
        owners: list[Owner] = []
        unknown = []
        files = self._files
        for path in paths:
            checked = files.get(path)
            if checked is not None and identity_of(path) == checked.identity:
                owners += checked.owners
            else:
                unknown.append(path)
        return owners, unknown

    def learn(self, path: str, checked: Checked) -> None:
        """A file was looked at; its identity is from before that."""
        if len(self._files) < _MANY and max(checked.identity[3:]) <= self._settled:
            self._files[path] = checked
            self._new = True

    def keep(self, secrets: Secrets) -> None:
        """Hand what is new to the cache; nothing that looks like a credential goes there."""
        if self._place is None or not self._new:
            return
        packages = tuple((distribution.package, str(distribution.metadata)) for distribution in self.distributions)
        if secrets.finds_any([msgspec.to_builtins(packages), msgspec.to_builtins(self.gaps), list(self._files)]):
            return
        memory = _Memory(self._fingerprint, packages, self.gaps, self._files)
        try:
            self._cache.put(self._place, msgspec.json.encode(memory).decode("utf-8"), _KIND)
        except (UnicodeEncodeError, msgspec.EncodeError, ValueError):
            # Names that no text can hold: they are looked at each time.
            return


def identity_of(path: str) -> Identity:
    """Of the file that a name leads to."""
    try:
        status = os.stat(path)  # noqa: PTH116 — thousands of them
    except OSError:
        return _MISSING
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _decoded(text: str | None) -> _Memory | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=_Memory)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _fingerprint(paths: Collection[str], settled: int) -> tuple[os.stat_result | None, str]:
    """The status of the folder with most distributions, and one digest of all that says what they are.

    No folder where something in it is so young that a change could go unnoticed.
    """
    place, most = None, 0
    found: list[str] = []
    newest = 0
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 — likewise
            names = sorted(name for name in os.listdir(path) if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208
        except OSError:
            found.append(path)
            continue
        found.append(f"{path} {len(names)}")
        for name in names:
            folder = f"{path}/{name}"
            for file in (folder, *(f"{folder}/{file}" for file in _READ)):
                identity = identity_of(file)
                newest = max(newest, *identity[3:])
                found.append(f"{file} {identity}" if identity is not _MISSING else "-")
        if len(names) > most:
            place, most = status, len(names)
    return None if newest > settled else place, blake3("\n".join(found).encode("utf-8", "surrogateescape")).hexdigest()
