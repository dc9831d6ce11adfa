"""Digests of files, taken from what is read once."""

from __future__ import annotations

import os
import stat as status

from blake3 import blake3

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib

CHUNK = 1 << 20


class Digest:
    """What a file held at one moment."""

    __slots__ = ("blake3", "sha256", "size", "stat")

    def __init__(self, blake3_hex: str, sha256_hex: str, stat: os.stat_result) -> None:
        self.blake3 = blake3_hex
        self.sha256 = sha256_hex
        """Empty where it wasn't asked for."""
        self.size = stat.st_size
        self.stat = stat


class Unsteady(Exception):
    """A file changed while it was read."""


def signature(stat: os.stat_result) -> int:
    """Device, inode, size and time of change in one number: as long as it stays, so does the content."""
    return hash((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))


def digest_of(path: str, *, sha256: bool = False) -> Digest | None:
    """Digests of a regular file; None for anything else. Raises OSError, and Unsteady when it changes meanwhile."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return digest_of_descriptor(descriptor, sha256=sha256)
    finally:
        os.close(descriptor)


def digest_of_descriptor(descriptor: int, *, sha256: bool = False, copy_to: int = -1) -> Digest | None:
    """The same of an open file, read from its start; its content goes to `copy_to` as well where that is given."""
    before = os.fstat(descriptor)
    if not status.S_ISREG(before.st_mode):
        return None
    hasher, second = blake3(), _sha256() if sha256 else None
    buffer = bytearray(min(CHUNK, max(before.st_size, 1)))
    view = memoryview(buffer)
    offset = 0
    while count := os.preadv(descriptor, [buffer], offset):
        offset += count
        piece = view[:count]
        hasher.update(piece)
        if second is not None:
            second.update(piece)
        if copy_to >= 0:
            _write_all(copy_to, piece)
    after = os.fstat(descriptor)
    if signature(after) != signature(before):
        raise Unsteady
    return Digest(hasher.hexdigest(), second.hexdigest() if second is not None else "", before)


def _sha256() -> hashlib._Hash:
    """Imported late: OpenSSL is a quarter of the supervisor's start."""
    import hashlib

    return hashlib.sha256()


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
