"""The cells of a notebook as one Python text to edit; changes go back into the JSON strings that the code stands in."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from reprocheck.fix.changes import Change, RefusedError
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.tree import Scalar
from reprocheck.project.notebook import CellOfModule, Notebook, read_notebook
from reprocheck.project.source import SourceText

_CHARACTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\"\\]")
_SPLIT = re.compile(r"(?<=\n)")


class NotebookText:
    """One notebook that fixes are made to."""

    def __init__(self, path: str, data: bytes, text: str) -> None:
        """`text` is what `data` holds."""
        self.notebook: Notebook = read_notebook(path, data)
        self.text = text
        if self.notebook.file.text != text or not self.notebook.blocks:
            raise RefusedError("the notebook can't be written back")
        self._table = LineTable(text)
        self._module = LineTable(self.notebook.python.text)
        self._ascii = text.isascii()

    def changes(self, changes: Iterable[Change]) -> list[Change]:
        """Changes of the file for changes of the joined module; raises RefusedError where a line isn't plain Python."""
        found: list[Change] = []
        for change in changes:
            block = self._block(change.start)
            found += self._in_pieces(block, self._in_cell(block, change))
        return found

    def _block(self, offset: int) -> CellOfModule:
        line, _ = self._module.place(offset)
        blocks = self.notebook.blocks
        return blocks[max(0, bisect_right(blocks, line, key=lambda block: block.first_line) - 1)]

    def _in_cell(self, block: CellOfModule, change: Change) -> Change:
        """The change in characters of the cell's own source."""
        table = LineTable(block.cell.source)
        lines = SourceText("", block.cell.source).lines
        first, column = self._module.place(change.start)
        last, end_column = self._module.place(change.end)
        first, last = first - block.first_line, last - block.first_line
        text, start_of_end = change.text, None
        if last == len(lines) and end_column == 1 and last > 0:
            # The line end behind a cell's last line is one of the joined module only.
            start_of_end = len(block.cell.source)
            last = len(lines) - 1
        if not (0 <= first < len(lines) and 0 <= last < len(lines)):
            raise RefusedError("it reaches over the end of a cell")
        at_end = column - 1 == len(self.notebook.python.line(block.first_line + first))
        for number in range(first, last + 1):
            if number == first and at_end:
                continue  # the end of a line is that of its translation too
            plain = self.notebook.python.line(block.first_line + number)
            if lines[number] not in (plain, block.indent + plain):
                raise RefusedError("IPython's own syntax stands there")
        start = self._cell_offset(block, table, lines, first, column)
        if at_end:
            start = table.starts[first] + len(lines[first])
        if start_of_end is None:
            end = max(start, self._cell_offset(block, table, lines, last, end_column))
        else:
            end = start_of_end
            if text.endswith(("\n", "\r")):
                text = text.rstrip("\r\n")
            elif not text and column == 1 and first > 0:
                start = table.starts[first] - _line_end_length(block.cell.source, table.starts[first])
        if block.indent:
            text = text.replace("\n", "\n" + block.indent)
        return Change(start, end, text, change.rank, change.alone)

    @staticmethod
    def _cell_offset(block: CellOfModule, table: LineTable, lines: list[str], line: int, column: int) -> int:
        shift = len(block.indent) if column > 1 and lines[line].startswith(block.indent) else 0
        return table.starts[line] + column - 1 + shift

    def _in_pieces(self, block: CellOfModule, change: Change) -> Iterator[Change]:
        pieces = block.cell.pieces
        if not pieces:
            raise RefusedError("the cell is empty")
        written = False
        offset = 0
        for number, piece in enumerate(pieces):
            length = len(str(piece.value))
            start, end = max(change.start - offset, 0), min(change.end - offset, length)
            last = number == len(pieces) - 1
            inserts = change.start == change.end and (
                offset <= change.start < offset + length or (last and not written)
            )
            if start < end or inserts:
                text = "" if written else change.text
                if not text and start == 0 and end == length and len(pieces) > 1 and self._is_listed(piece):
                    yield self._without(pieces, number)
                else:
                    begin, stop = self._place(piece, start), self._place(piece, max(start, end))
                    yield Change(begin, stop, self._written(piece, text), change.rank, change.alone)
                written = True
            offset += length

    def _without(self, pieces: tuple[Scalar, ...], number: int) -> Change:
        """A whole string of the list taken out, with the comma that it needed."""
        if number + 1 < len(pieces):
            return Change(self._offset(pieces[number], 0), self._offset(pieces[number + 1], 0), "")
        before, piece = pieces[number - 1], pieces[number]
        return Change(self._end(before), self._end(piece), "")

    def _offset(self, piece: Scalar, column: int) -> int:
        return self._table.starts[piece.span.line - 1] + piece.span.column - 1 + column

    def _end(self, piece: Scalar) -> int:
        return self._table.starts[piece.span.end_line - 1] + piece.span.end_column - 1

    def _place(self, piece: Scalar, characters: int) -> int:
        """Offset in the file of a character of a string's value."""
        position = self._offset(piece, 1)
        for _ in range(characters):
            match = _CHARACTER.match(self.text, position)
            if match is None:
                raise RefusedError("the notebook can't be written back")
            position = match.end()
        return position

    def _is_listed(self, piece: Scalar) -> bool:
        return self.text[: self._offset(piece, 0)].rstrip()[-1:] in ("[", ",")

    def _written(self, piece: Scalar, text: str) -> str:
        """JSON for a text inside of a string; in a list each line is a string of its own."""
        escaped = [json.dumps(part, ensure_ascii=self._ascii)[1:-1] for part in _SPLIT.split(text)]
        if len(escaped) == 1 or not self._is_listed(piece):
            return "".join(escaped)
        line = self._table.starts[piece.span.line - 1]
        before = self.text[line : self._offset(piece, 0)]
        between = f'",{self._newline()}{before}"' if not before.strip() else '", "'
        return between.join(escaped)

    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"


def _line_end_length(text: str, offset: int) -> int:
    return 2 if text.endswith("\r\n", 0, offset) else 1
