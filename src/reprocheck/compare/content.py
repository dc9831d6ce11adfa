"""Bytes to be compared, wherever they lie: a file, a part of one, or memory."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

BLOCK = 1 << 19
"""Bytes that are compared at once: what is computed from two blocks stays in caches, and few calls are needed."""
LONGEST_LINE = 16 << 20
"""Bytes."""


class UnreadableError(Exception):
    """Content that can't be read as what it seems to be; the message says why, without a full stop."""


class Content:
    """Named bytes that are read at any place, and never all at once unless asked for."""

    def __init__(self, name: str, size: int, *, descriptor: int = -1, data: bytes | memoryview = b"") -> None:
        """`name` decides by its suffix what the content may be; the bytes come from `descriptor` if it isn't -1."""
        self.name = name
        self.size = size
        self.path: Path | None = None
        """Where it lies as a file of its own; None for a member of something."""
        self._descriptor = descriptor
        self._data = memoryview(data)

    @classmethod
    def of_file(cls, path: Path, name: str) -> Self:
        """Open a regular file; raises `OSError`. Close it afterwards."""
        # A pipe under the name of an artifact must not block for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "is not a regular file")
        content = cls(name, status.st_size, descriptor=descriptor)
        content.path = path
        return content

    @classmethod
    def of_bytes(cls, name: str, data: bytes | memoryview) -> Self:
        """What is in memory already."""
        return cls(name, len(data), data=data)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` from `offset`; raises `UnreadableError` when the content ends before."""
        wanted = len(buffer)
        if self._descriptor < 0:
            part = self._data[offset : offset + wanted]
            if len(part) != wanted:
                raise UnreadableError(f"ends at byte {self.size}, before the {wanted} bytes at {offset}")
            buffer[:] = part
            return
        done = 0
        while done < wanted:
            count = os.preadv(self._descriptor, [buffer[done:]], offset + done)
            if not count:
                raise UnreadableError(f"ends at byte {offset + done}, before the {wanted} bytes at {offset}")
            done += count

    def memory(self, offset: int, size: int) -> memoryview | None:
        """A part that is in memory already; None when it lies in a file."""
        if self._descriptor >= 0:
            return None
        part = self._data[offset : offset + size]
        if len(part) != size:
            raise UnreadableError(f"ends at byte {len(self._data)}, before the {size} bytes at {offset}")
        return part

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes; raises `UnreadableError` when there are fewer."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise UnreadableError(f"ends at byte {self.size}, before the {size} bytes at {offset}")
        if self._descriptor < 0:
            return bytes(self._data[offset : offset + size])
        found = os.pread(self._descriptor, size, offset)
        if len(found) == size:
            return found
        buffer = bytearray(size)
        self.into(offset, memoryview(buffer))
        return bytes(buffer)

    def head(self, size: int) -> bytes:
        """The first bytes, at most `size`."""
        return self.read(0, min(size, self.size))

    def all(self, limit: int) -> bytes:
        """Everything; raises `UnreadableError` above `limit` bytes."""
        if self.size > limit:
            raise UnreadableError(f"has {self.size} bytes, more than the {limit} that are read at once")
        return self.read(0, self.size)

    def region(self, offset: int, size: int) -> Region:
        """A part of it; raises `UnreadableError` when it isn't inside."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise UnreadableError(f"ends at byte {self.size}, before the {size} bytes at {offset}")
        return Region(self, offset, size)

    def lines(self) -> Iterator[bytes]:
        """Lines with their ends, read block by block."""
        rest = b""
        for offset in range(0, self.size, BLOCK):
            rest += self.read(offset, min(BLOCK, self.size - offset))
            *whole, rest = rest.split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise UnreadableError(f"has a line of more than {LONGEST_LINE} bytes")
            for line in whole:
                yield line + b"\n"
        if rest:
            yield rest


class Stretch(Protocol):
    """Bytes of a known number, to be gone through in order."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def blocks(self, size: int) -> Iterator[memoryview]:
        """Blocks of `size` bytes, the last one shorter; each is overwritten by the next."""
        ...

    def read(self) -> bytes:
        """All of it."""
        ...


class Region:
    """Bytes in one stretch of a content."""

    __slots__ = ("content", "offset", "size")

    def __init__(self, content: Content, offset: int, size: int) -> None:
        """`offset` and `size` in bytes; the stretch lies inside the content."""
        self.content = content
        self.offset = offset
        self.size = size

    def part(self, start: int, size: int) -> Region:
        """A shorter stretch of it."""
        return Region(self.content, self.offset + start, size)

    def blocks(self, size: int) -> Iterator[memoryview]:
        """Blocks of `size` bytes, the last one shorter; each is overwritten by the next."""
        data = self.content.memory(self.offset, self.size)
        if data is not None:
            yield from (data[start : start + size] for start in range(0, self.size, size))
            return
        buffer = memoryview(bytearray(min(size, self.size)))
        for start in range(0, self.size, size):
            part = buffer[: min(size, self.size - start)]
            self.content.into(self.offset + start, part)
            yield part

    def read(self) -> bytes:
        """All of it."""
        return self.content.read(self.offset, self.size)
