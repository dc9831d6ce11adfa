"""What lies under the scanned root, looked at on request: kinds, sizes, bytes, hashes. Nothing outside is looked at."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

HASH_LIMIT = 256 << 20
"""Bytes beyond which a file is not hashed."""
HASH_TOTAL = 1 << 30
"""Bytes that one scan hashes at most."""
READ_LIMIT = 8 << 20
"""Bytes beyond which a file is not read as text."""
FILES_LIMIT = 100_000
"""Files of one folder that are listed at most."""
_FRESH = 2_000_000_000
"""Nanoseconds within which a file counts as being written to."""
_CHUNK = 1 << 20
_TEXT_SAMPLE = 512
_TEXT_SHARE = 0.30
_TEXT_BYTES = bytes(range(32, 127)) + b"\n\r\t\f\b"


class EntryKind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    """Outside of the root, not readable, or neither file nor folder."""


class LineEnds(StrEnum):
    """How the line ends of text count in a hash."""

    AS_THEY_ARE = "as they are"
    UNIX = "unix"
    """CRLF as LF, the way DVC before 3.0 hashed."""
    DOS = "dos"
    """LF as CRLF: what git may have made of a file on Windows before it was hashed."""


class Found(msgspec.Struct, frozen=True):
    """What a look at a path saw."""

    kind: EntryKind
    size: int = 0
    """Bytes, for a file."""
    signature: str = ""
    """Changes when the file or the list of a folder's entries does."""


ABSENT = Found(EntryKind.ABSENT)
UNKNOWN = Found(EntryKind.UNKNOWN)


class WorkTree:
    """Files given as bytes; a scan looks at a disk instead. Remembers what was looked at."""

    def __init__(self, files: Mapping[str, bytes] | None = None, sizes: Mapping[str, int] | None = None) -> None:
        """`files` by POSIX path relative to the root; `sizes` are those of files that are not given in full."""
        self._files = dict(files or {})
        self._sizes = dict(sizes or {})
        self._folders = {folder for path in self._files for folder in _folders_of(path)}
        self._hashed = 0
        self._digests: dict[tuple[str, LineEnds], str | None] = {}
        self._recalled: Mapping[str, tuple[str, str]] = {}
        self.observed: dict[str, str] = {}
        """Signature of each path that an answer depended on."""
        self.hashed: dict[str, tuple[str, str]] = {}
        """Signature and digest by line ends and path; what a later look may recall."""

    def look(self, path: str) -> Found:
        """What stands at a path, links inside the root followed."""
        inside = inside_root(path)
        if inside is None:
            return UNKNOWN
        found = self._look(inside)
        self.observed[inside] = found.signature
        return found

    def kind(self, path: str) -> EntryKind:
        """Kind of what stands at a path."""
        return self.look(path).kind

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes | None:
        """Content of a file; None when there is none, or when it is longer than `limit`."""
        found = self.look(path)
        if found.kind is not EntryKind.FILE or found.size > limit:
            return None
        return self.head(path, limit)

    def head(self, path: str, length: int) -> bytes | None:
        """First bytes of a file; None when it can't be read."""
        if self.kind(path) is not EntryKind.FILE:
            return None
        try:
            with self._open(posixpath.normpath(path)) as file:
                return file.read(length)
        except OSError:
            return None

    def md5(self, path: str, line_ends: LineEnds = LineEnds.AS_THEY_ARE) -> str | None:
        """MD5 of a file in hexadecimal digits; None when it can't be read or is larger than the limits.

        Line ends are changed in blocks that look like text only, as DVC did it.
        """
        found = self.look(path)
        if found.kind is not EntryKind.FILE or found.size > HASH_LIMIT:
            return None
        key = (posixpath.normpath(path), line_ends)
        if key not in self._digests:
            name = f"{line_ends.value}:{key[0]}"
            signature, digest = self._recalled.get(name, ("", None))
            if signature != found.signature:
                if self._hashed + found.size > HASH_TOTAL:
                    return None
                self._hashed += found.size
                digest = self._digest(*key)
            self._digests[key] = digest
            if digest is not None:
                self.hashed[name] = found.signature, digest
        return self._digests[key]

    def recall(self, hashed: Mapping[str, tuple[str, str]]) -> None:
        """Take over digests of an earlier scan for files whose signature is as it was."""
        self._recalled = hashed

    def _digest(self, path: str, line_ends: LineEnds) -> str | None:
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with self._open(path) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(_with_line_ends(chunk, line_ends))
        except OSError:
            return None
        return digest.hexdigest()

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Names of a folder's entries, sorted; None when it can't be listed or has too many."""
        if self.kind(folder) is not EntryKind.FOLDER:
            return None
        names = self._names(posixpath.normpath(folder))
        return None if names is None or len(names) > FILES_LIMIT else tuple(sorted(names))

    def still(self, observed: Mapping[str, str]) -> bool:
        """Whether everything is as an earlier look saw it."""
        return all(self.look(path).signature == signature for path, signature in observed.items())

    # Where the files are

    def _look(self, path: str) -> Found:
        if path in self._files:
            data = self._files[path]
            return Found(EntryKind.FILE, self._sizes.get(path, len(data)), hashlib.sha256(data).hexdigest())
        return Found(EntryKind.FOLDER, 0, "given") if path in self._folders or path == "." else ABSENT

    def _open(self, path: str) -> BinaryIO:
        return BytesIO(self._files[path])

    def _names(self, folder: str) -> list[str] | None:
        prefix = "" if folder == "." else f"{folder}/"
        below = [path[len(prefix) :] for path in (*self._files, *self._folders) if path.startswith(prefix)]
        return list({rest.partition("/")[0] for rest in below if rest and rest != "."})


class DiskTree(WorkTree):
    """A folder on disk."""

    def __init__(self, root: Path, given: Mapping[str, bytes] | None = None) -> None:
        """`given` is content that counts instead of what is on disk."""
        super().__init__(given)
        self._root = os.path.realpath(root)
        self._known: dict[str, tuple[str, Found]] = {}
        self._real_folders: dict[str, str] = {}

    def _look(self, path: str) -> Found:
        if path in self._files:
            return super()._look(path)
        if path not in self._known:
            self._known[path] = self._stat(path)
        return self._known[path][1]

    def _stat(self, path: str) -> tuple[str, Found]:
        try:
            real = f"{self._around(path).rstrip('/')}/{path.rpartition('/')[2]}" if path != "." else self._root
            status = os.lstat(real) if self._is_inside(real) else None
            if status is not None and stat.S_ISLNK(status.st_mode):
                real = os.path.realpath(real)
                status = os.stat(real) if self._is_inside(real) else None  # noqa: PTH116 — many times
            if status is None:
                return "", UNKNOWN
        except (FileNotFoundError, NotADirectoryError):
            return "", ABSENT
        except (OSError, ValueError):
            return "", UNKNOWN
        # What changed a moment ago may change again within one tick of the clock: such a signature never comes back.
        now = time.time_ns()
        fresh = f":{now}" if now - status.st_mtime_ns < _FRESH else ""
        signature = (
            f"{status.st_mode}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}{fresh}"
        )
        if stat.S_ISREG(status.st_mode):
            return real, Found(EntryKind.FILE, status.st_size, signature)
        if stat.S_ISDIR(status.st_mode):
            return real, Found(EntryKind.FOLDER, 0, signature)
        return "", UNKNOWN

    def _is_inside(self, real: str) -> bool:
        return real == self._root or real.startswith(self._root.rstrip("/") + "/")

    def _around(self, path: str) -> str:
        """The folder of a path with all links followed; those of a folder are followed once for all that it holds."""
        real, folder = self._root, ""
        for name in path.split("/")[:-1]:
            folder = f"{folder}/{name}"
            known = self._real_folders.get(folder)
            if known is None:
                inner = f"{real.rstrip('/')}/{name}"
                known = os.path.realpath(inner) if os.path.islink(inner) else inner  # noqa: PTH114 — many times
                self._real_folders[folder] = known
            real = known
        return real

    def _open(self, path: str) -> BinaryIO:
        return super()._open(path) if path in self._files else Path(self._known[path][0]).open("rb")

    def _names(self, folder: str) -> list[str] | None:
        try:
            with os.scandir(self._known[folder][0]) as entries:
                return [entry.name for _, entry in zip(range(FILES_LIMIT + 1), entries, strict=False)]
        except OSError:
            return None


def inside_root(path: str) -> str | None:
    """A relative path in its shortest form; None when it leads out of the root or is no path."""
    if not path or path.startswith("/") or "\0" in path:
        return None
    short = posixpath.normpath(path)
    return None if short == ".." or short.startswith("../") else short


def joined(folder: str, path: str) -> str | None:
    """A path written in a file of `folder`, relative to the root; None when it leads out of it."""
    if path.startswith("/"):
        return None
    return inside_root(posixpath.join(folder or ".", path))


def _folders_of(path: str) -> Iterator[str]:
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def _with_line_ends(chunk: bytes, line_ends: LineEnds) -> bytes:
    if line_ends is LineEnds.AS_THEY_ARE or not _is_text(chunk[:_TEXT_SAMPLE]):
        return chunk
    unix = chunk.replace(b"\r\n", b"\n")
    return unix if line_ends is LineEnds.UNIX else unix.replace(b"\n", b"\r\n")


def _is_text(sample: bytes) -> bool:
    if b"\0" in sample:
        return False
    return not sample or len(sample.translate(None, _TEXT_BYTES)) / len(sample) <= _TEXT_SHARE
