"""Answers the calls of a command whose supervisor died: all go on, nothing is written down."""

from __future__ import annotations

import errno
import os
import select
import struct
from mmap import mmap

from reprocheck.capture.supervisor import kernel

_PAGE = struct.Struct("=QQ")
_AHEAD = 1 << 14
"""Identities tried behind the last one known: those that were received but not yet noted."""
_MASK = (1 << 64) - 1


def main(listener: int) -> None:
    """Go on until nobody is left; a process of its own, for when the launcher has to end."""
    os.setsid()
    os.chdir("/")
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while poll.poll() and answer_next(listener):
        pass


def answer_pending(listener: int, page: mmap) -> int:
    """Let go on all calls that the supervisor took and didn't answer; returns how many.

    The kernel hands each notification out once and numbers them one after the other, so whoever takes over has to
    guess: from the oldest that the supervisor held to some way behind the last that it took. It refuses wrong guesses.
    """
    newest, oldest = _PAGE.unpack(page[: _PAGE.size])
    first = oldest or newest
    count = ((newest - first) & _MASK) + _AHEAD
    return sum(kernel.let_go(listener, (first + step) & _MASK) == 0 for step in range(count))


def answer_next(listener: int) -> bool:
    """Let the next call go on; False when all processes have ended. Blocks while there is none."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    [(_, what)] = poll.poll()
    if not what & select.POLLIN:
        return False
    buffer = bytearray(kernel.NOTIFICATION.size)
    try:
        if kernel.receive(listener, buffer):
            kernel.let_go(listener, kernel.NOTIFICATION.unpack(buffer)[0])
    except OSError as error:
        return error.errno == errno.EINTR
    return True


def somebody_waits(listener: int) -> bool:
    """Whether any process still runs under the filter."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return not any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll(0))
