"""From offsets in a text to lines and columns, also through lines that were joined."""

from __future__ import annotations

import re
from bisect import bisect_right

from reprocheck.model.place import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class UnreadableError(Exception):
    """Reading stops here; every reader turns it into a problem before it returns."""

    def __init__(self, message: str, offset: int) -> None:
        """`offset` counts characters from the start of the text."""
        super().__init__(message)
        self.message = message
        self.offset = offset


class LineTable:
    """Where each line of a text starts, with the lines of `SourceText`."""

    __slots__ = ("starts",)

    def __init__(self, text: str) -> None:
        """Read the line ends of `text` once."""
        self.starts: list[int] = [0]
        self.starts.extend(match.end() for match in _LINE_END.finditer(text))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Span of the characters from `start` up to and without `end`."""
        line = bisect_right(self.starts, start)
        end_line = bisect_right(self.starts, end)
        return Span(line, start - self.starts[line - 1] + 1, end_line, end - self.starts[end_line - 1] + 1)


class JoinedText:
    """Pieces of a text put together, such as a line and its continuations, that still know where they came from."""

    __slots__ = ("_joined", "_sources", "_table", "text")

    def __init__(self, table: LineTable, pieces: list[tuple[int, str]]) -> None:
        """`pieces` are offsets in the text of `table` and what stands there."""
        self._table = table
        self._sources: list[int] = []
        self._joined: list[int] = []
        length = 0
        for offset, piece in pieces:
            self._sources.append(offset)
            self._joined.append(length)
            length += len(piece)
        self.text: str = "".join(piece for _, piece in pieces)

    def offset(self, joined: int) -> int:
        """Offset in the original text of a character of the joined one."""
        index = bisect_right(self._joined, joined) - 1
        return self._sources[index] + joined - self._joined[index]

    def span(self, start: int, end: int) -> Span:
        """Span in the original text of the joined characters from `start` up to and without `end`."""
        first = self.offset(start)
        return self._table.span(first, first if end <= start else self.offset(end - 1) + 1)
