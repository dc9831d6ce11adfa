"""Lets calls go on, and remembers which still wait, so that the launcher could answer them in our place."""

from __future__ import annotations

import struct
from mmap import mmap

from reprocheck.capture.supervisor import kernel

PAGE = struct.Struct("=QQ")
"""What the launcher needs to take over: the last identity received, the oldest one not yet answered (0: none)."""


class Answers:
    """Every call that was received is answered once: at once, or when its file has been copied."""

    def __init__(self, listener: int, page: mmap) -> None:
        self.listener = listener
        self._page = page
        self._held: dict[int, None] = {}
        self._pack = PAGE.pack_into
        self.given = False
        """True when nothing is left to be answered of the call at hand."""

    def received(self, identity: int) -> None:
        """A call waits for its answer."""
        self.given = False
        self._pack(self._page, 0, identity, next(iter([*self._held]), 0) if self._held else 0)

    def go(self, identity: int) -> bool:
        """Let the call go on now; False when nobody waited any more."""
        self.given = True
        return kernel.let_go(self.listener, identity) == 0

    def waits(self, identity: int) -> bool:
        """Whether the call is still held: what was read of its memory is then truly that thread's."""
        return kernel.still_waits(self.listener, identity)

    def hold(self, identity: int) -> None:
        """The call may have to wait for a copy."""
        self._held[identity] = None

    def keep_waiting(self, identity: int) -> None:
        """It does: `release` will be called."""
        self.given = True
        PAGE.pack_into(self._page, 0, identity, next(iter([*self._held]), 0))

    def drop(self, identity: int) -> None:
        """It need not wait after all."""
        self._held.pop(identity, None)

    def release(self, identity: int) -> None:
        """The copy is made; called from another thread."""
        kernel.let_go(self.listener, identity)
        self._held.pop(identity, None)
