"""Changes of one text: stretches that are written anew, put together when they don't get in each other's way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


class RefusedError(Exception):
    """An edit can't be carried out here; the message says why, in words that follow on the fix's title."""


class ConflictError(RefusedError):
    """An edit gets in the way of another one: it may go through when that one is done."""


@dataclass(frozen=True, slots=True)
class Change:
    """Characters `start` up to and without `end` become `text`; where both are equal, `text` is inserted."""

    start: int
    end: int
    text: str
    rank: int = 0
    """Order of what is inserted at one place: what closes an inner expression comes before what opens an outer one."""
    alone: bool = False
    """Whether nothing else may be inserted at its start."""

    @property
    def order(self) -> tuple[int, bool, int, str, int]:
        """Place among all changes of a text."""
        return (self.start, self.end > self.start, self.rank, self.text, self.end)


_WIDEST = 1 << 40


def around(start: int, end: int, opening: str, closing: str) -> list[Change]:
    """Text put around a stretch; of several around one place the wider stand outside."""
    width = end - start
    return [Change(start, start, opening, rank=_WIDEST - width), Change(end, end, closing, rank=width - _WIDEST)]


def together(changes: Iterable[Change]) -> tuple[Change, ...]:
    """All changes in order, equal ones once, and what is only removed as one stretch.

    Raises ConflictError where two want the same characters.
    """
    ordered = _joined(sorted(set(changes), key=lambda change: change.order))
    reach: Change | None = None
    for change in ordered:
        if reach is not None and change.start < reach.end:
            raise ConflictError("another fix changes the same code")
        if reach is None or change.end > reach.end:
            reach = change
    for left, right in pairwise(ordered):
        inserted = left.start == left.end == right.start
        if inserted and (left.alone or right.alone):
            raise ConflictError("another fix writes to the same place")
        if left.start == right.start and left.end > left.start and right.end > right.start:
            raise ConflictError("another fix changes the same code")
    return tuple(ordered)


def _joined(ordered: list[Change]) -> list[Change]:
    """The same with removals that overlap made one."""
    found: list[Change] = []
    removal: Change | None = None
    place = -1
    for change in ordered:
        if change.end > change.start and not change.text:
            if removal is not None and change.start < removal.end:
                removal = found[place] = Change(removal.start, max(removal.end, change.end), "")
                continue
            removal, place = change, len(found)
        found.append(change)
    return found


def applied(text: str, changes: Iterable[Change]) -> str:
    """The text with changes that `together` has put in order."""
    pieces: list[str] = []
    done = 0
    for change in changes:
        pieces += [text[done : change.start], change.text]
        done = max(done, change.end)
    return "".join([*pieces, text[done:]])
