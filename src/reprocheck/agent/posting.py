"""Has the interpreter post the files that it opens for reading (`compiled/posting.c`), where that was built."""

from __future__ import annotations

from .compiled import module


def start(board: str) -> None:
    """Begin, told where by the agent's option; where it can't be had every open is notified, as without it."""
    if module is not None:
        place, first, second = board.split(" ")
        module.post(place, int(first, 16), int(second, 16))
