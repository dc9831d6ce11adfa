"""Has the interpreter post the files that it opens for reading (`posting.c`), where that was built."""

from __future__ import annotations


def start(board: str) -> None:
    """Begin, told where by the agent's option; where it can't be had every open is notified, as without it."""
    try:
        from . import _posting
    except ImportError:  # not built, for another machine, or the interpreter has no stable ABI
        return
    place, first, second = board.split(" ")
    _posting.start(place, int(first, 16), int(second, 16))
