"""What git tracks, read from its index, and which paths its attributes give to a filter; git itself is never run."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterator

from reprocheck.project.gitignore import IgnoreRules, read_rules
from reprocheck.project.work_tree import WorkTree

INDEX_LIMIT = 64 << 20
"""Bytes of an index that is read; one of this size has half a million files."""
_INDEX = ".git/index"
_ATTRIBUTES = ".gitattributes"
_HEADER = struct.Struct(">4sLL")
_ENTRY = 62
"""Bytes of an entry in front of its name."""
_EXTENDED = 0x4000
_MODE = struct.Struct(">L")
_SUBMODULE = 0o160000


class UnknownIndexError(Exception):
    """The index is none that can be read."""


def tracked_paths(tree: WorkTree) -> frozenset[str] | None:
    """Paths that git tracks, relative to the root; None when there is no index that can be read."""
    data = tree.read(_INDEX, INDEX_LIMIT)
    if data is None:
        return None
    try:
        return frozenset(_paths(data))
    except (UnknownIndexError, struct.error, ValueError, IndexError):
        return None


def _paths(data: bytes) -> Iterator[str]:
    """Names of an index of version 2, 3 or 4 (git's Documentation/gitformat-index)."""
    signature, version, count = _HEADER.unpack_from(data)
    if signature != b"DIRC" or version not in (2, 3, 4) or count * _ENTRY > len(data):
        raise UnknownIndexError
    position, name = _HEADER.size, b""
    for _ in range(count):
        (mode,) = _MODE.unpack_from(data, position + 24)
        flags = int.from_bytes(data[position + 60 : position + 62])
        start = position + _ENTRY + (2 if flags & _EXTENDED else 0)
        if version == 4:  # noqa: PLR2004 — the version that shares beginnings of names
            dropped, start = _offset(data, start)
            end = data.index(b"\0", start)
            name = name[: len(name) - dropped] + data[start:end]
            position = end + 1
        else:
            end = data.index(b"\0", start)
            name = data[start:end]
            position += (end - position) // 8 * 8 + 8
        if mode != _SUBMODULE:
            yield name.decode("utf-8", "surrogateescape")


def _offset(data: bytes, position: int) -> tuple[int, int]:
    """A number as git writes it in 7 bits a byte, and the position behind it."""
    value = data[position] & 0x7F
    while data[position] & 0x80:
        position += 1
        value = ((value + 1) << 7) | (data[position] & 0x7F)
    return value, position + 1


class Attributes:
    """Which paths `.gitattributes` files give to Git LFS."""

    def __init__(self, tree: WorkTree) -> None:
        """Files are read when first asked for."""
        self._tree = tree
        self._rules: dict[str, tuple[tuple[str, IgnoreRules], ...]] = {}

    def is_lfs(self, path: str) -> bool:
        """Whether a path goes through the filter `lfs`; the innermost file that speaks of it decides."""
        folder, _, name = path.rpartition("/")
        for place, rules in self._rules_around(folder):
            relative = path[len(place) + 1 :] if place else path
            verdict = rules.decide(relative, name, is_directory=False)
            if verdict is not None:
                return verdict
        return False

    def _rules_around(self, folder: str) -> tuple[tuple[str, IgnoreRules], ...]:
        """The rules that count in a folder, the innermost first, each with the folder that they stand in."""
        unknown = []
        while folder not in self._rules:
            unknown.append(folder)
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        around = self._rules.get(folder, ())
        for folder in reversed(unknown):
            data = self._tree.read(posixpath.join(folder, _ATTRIBUTES)) or b""
            rules = read_rules(b"\n".join(_as_rules(data))) if data else None
            around = self._rules[folder] = around if rules is None else ((folder, rules), *around)
        return around


def _as_rules(data: bytes) -> Iterator[bytes]:
    """Patterns of LFS in the notation of an ignore file, those that take a path out of it negated."""
    for line in data.splitlines():
        pattern, *attributes = line.split()[:50] or [b"#"]
        if pattern.startswith((b"#", b"[attr]", b'"')):
            continue
        if b"filter=lfs" in attributes:
            yield pattern
        elif any(a in (b"-filter", b"!filter") or a.startswith(b"filter=") for a in attributes):
            yield b"!" + pattern
