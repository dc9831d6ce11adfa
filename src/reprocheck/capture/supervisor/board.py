"""The board: memory in which the command's Python processes post what they open for reading.

A notification stops the thread that opens until we have answered; a post doesn't. Layout: `agent/compiled/board.h`;
who posts: `posting.c` beside it; who reads: `quick.c`.
"""

# pathlib would double the supervisor's start.
# ruff: noqa: PTH116

from __future__ import annotations

import ctypes
import os
import struct
from mmap import mmap


class Board:
    """One supervision's; raises OSError where there is no memory for it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        size: int = library.board_size()
        self.descriptor = os.memfd_create("reprocheck-board", os.MFD_CLOEXEC)
        try:
            # All of it at once: a page that can't be had when it is written to kills who writes.
            os.posix_fallocate(self.descriptor, 0, size)
            self._memory = (ctypes.c_char * size).from_buffer(mmap(self.descriptor, size))
        except OSError:
            os.close(self.descriptor)
            raise
        self._library = library
        self.address = ctypes.c_void_p(ctypes.addressof(self._memory))
        self.cookie = os.urandom(16)
        """By which the filter knows the calls of those who post; nobody else has it by chance."""
        root = os.stat("/")
        library.board_begin(
            self.address,
            (ctypes.c_uint64 * 2).from_buffer_copy(self.cookie),
            os.stat("/proc/self/ns/mnt").st_ino,
            (ctypes.c_uint64 * 2)(root.st_dev, root.st_ino),
        )

    @property
    def option(self) -> str:
        """What the agent is told: where it is, and the cookie."""
        first, second = struct.unpack("=QQ", self.cookie)
        return f"board=/proc/{os.getpid()}/fd/{self.descriptor} {first:x} {second:x}"

    def close(self) -> None:
        """Nobody posts from now on."""
        self._library.board_close(self.address)


def board_of(library: ctypes.CDLL | None) -> Board | None:
    """A board, where there is who can read it."""
    try:
        return None if library is None else Board(library)
    except OSError:
        return None
