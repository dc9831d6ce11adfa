"""Edits of source text that leave every other character where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

LineAndColumn = tuple[int, int]
"""Line from 1 and character column from 0, as libcst counts."""

_BEHIND_EXPRESSION = re.compile(r"(?:[\s)]|#[^\n]*)*")
_QUOTE = {'"': "'", "'": '"'}


class Hole(msgspec.Struct, frozen=True):
    """One `{expression}` of an f-string, with what its format specification holds."""

    start: int
    """Offset of the opening brace."""
    expression_end: int
    """Offset behind the expression; its closing parentheses may follow."""


class Page:
    """A text under edit. Offsets are characters from its start and never change."""

    __slots__ = ("_characters", "_starts")

    def __init__(self, lines: Sequence[str]) -> None:
        self._characters = list("\n".join(lines))
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    @property
    def text(self) -> str:
        """The text with all edits."""
        return "".join(self._characters)

    def offset(self, place: LineAndColumn) -> int:
        """Offset of a place."""
        return self._starts[place[0] - 1] + place[1]

    def slice(self, start: int, end: int) -> str:
        """Text between two offsets."""
        return "".join(self._characters[start:end])

    def put(self, start: int, text: str) -> None:
        """Write over what stands at an offset."""
        self._characters[start : start + len(text)] = text

    def comma_behind(self, offset: int, replacement: str) -> None:
        """Replace the comma that follows the expression ending at `offset`."""
        match = _BEHIND_EXPRESSION.match(self.slice(offset, offset + 4096))
        at = offset + (match.end() if match else 0)
        if self.slice(at, at + 1) == ",":
            self.put(at, replacement)

    def blank(self, start: int, end: int) -> None:
        """Replace by spaces; line ends between become continued ones, so that one logical line stays one."""
        for at in range(start, end):
            if self._characters[at] != "\n":
                self._characters[at] = " "
            elif at > start and self._characters[at - 1] == " ":
                self._characters[at - 1] = "\\"
            else:
                # An empty line gets longer; nothing that is kept stands behind it.
                self._characters[at] = "\\\n"

    def as_tuple(self, start: int, end: int, holes: Sequence[Hole]) -> None:
        """Turn an f-string into a tuple of its expressions, each where it stood."""
        kept = [" " if c != "\n" else c for c in self._characters[start:end]]
        for hole in holes:
            behind = _BEHIND_EXPRESSION.match(self.slice(hole.expression_end, end))
            stop = hole.expression_end + (behind.end() if behind else 0)
            kept[hole.start + 1 - start : stop - start] = self._characters[hole.start + 1 : stop]
            kept[stop - start] = ","
        kept[0], kept[-1] = "(", ")"
        self._characters[start:end] = kept

    def swap_quotes(self, start: int, end: int, quote_offset: int) -> bool:
        """Use the other kind of quotes for a short string; false when it holds such quotes or a backslash."""
        quote = self._characters[quote_offset]
        other = _QUOTE[quote]
        if self._characters[end - 1] != quote or {other, "\\"} & set(self._characters[start:end]):
            return False
        self._characters[quote_offset] = self._characters[end - 1] = other
        return True
