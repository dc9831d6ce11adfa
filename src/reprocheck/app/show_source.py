"""The source around a place, as it is on disk now."""

from __future__ import annotations

import json
import stat
from collections import OrderedDict
from pathlib import Path

import msgspec

from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.project.source import SourceText, decode_python, decode_text

_MOST_BYTES = 16 << 20
"""Larger files are shown by the scan's excerpt alone."""
_KEPT = 12
"""Files whose text is kept."""


class ShownSource(msgspec.Struct, frozen=True, kw_only=True):
    """Text to show, and what is marked in it."""

    path: str
    lines: tuple[str, ...]
    """Of the file, or of the cell of a notebook; only those of the excerpt where `problem` says why."""
    first_line: int = 1
    """Number of the first of them."""
    line: int = 1
    """First marked line."""
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    cell: int = 0
    """Number of the cell in a notebook; 0 elsewhere."""
    file_line: int = 1
    """Line of the file where the mark begins, for an editor."""
    problem: str = ""
    """Why this is not the text on disk; empty where it is."""


class Sources:
    """Reads files of one project; keeps the last few as long as they don't change."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: OrderedDict[tuple[str, int], tuple[tuple[int, int], tuple[str, ...]]] = OrderedDict()

    def at(self, place: Place) -> ShownSource:
        """The source at a place; what can't be read, or is no longer what was scanned, falls back on the excerpt."""
        cell = place.cell.number if place.cell is not None else 0
        try:
            lines = self._lines(place.path, cell)
        except OSError as error:
            return _excerpt(place, f"{error.strerror or error}: this is what the scan saw")
        except ValueError as error:
            return _excerpt(place, f"{error}: this is what the scan saw")
        span, excerpt = place.span, place.excerpt
        if place.cell is not None:
            line, column = place.cell.line, (excerpt.column + excerpt.dropped if excerpt is not None else 1)
            end_line, end_column = line, (excerpt.end_column + excerpt.dropped if excerpt is not None else 1)
        else:
            line, column, end_line, end_column = span.line, span.column, span.end_line, span.end_column
        if line > len(lines):
            return _excerpt(place, "the file has become shorter: this is what the scan saw")
        return ShownSource(
            path=place.path,
            lines=lines,
            line=0 if span == WHOLE_FILE and place.cell is None and excerpt is None else line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            cell=cell,
            file_line=span.line,
        )

    def file(self, path: str) -> Path:
        """Where a file of the project is."""
        return self._root / path

    def _lines(self, path: str, cell: int) -> tuple[str, ...]:
        """Raises OSError and ValueError."""
        file = self.file(path)
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is no file")
        if status.st_size > _MOST_BYTES:
            raise ValueError("is too large to show")
        state = (status.st_mtime_ns, status.st_size)
        kept = self._texts.get((path, cell))
        if kept is not None and kept[0] == state:
            self._texts.move_to_end((path, cell))
            return kept[1]
        data = file.read_bytes()
        text = _cell_text(data, cell) if cell else (decode_python if path.endswith(".py") else decode_text)(data)[0]
        lines = tuple(SourceText(path, text).lines)
        self._texts[path, cell] = (state, lines)
        if len(self._texts) > _KEPT:
            self._texts.popitem(last=False)
        return lines


def _cell_text(data: bytes, number: int) -> str:
    """The source of one cell of a notebook, whatever its format; raises ValueError."""
    try:
        notebook = json.loads(data)
        sheets = notebook.get("worksheets") or [notebook]
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        cell = cells[number - 1]
        source = cell.get("source", cell.get("input", ""))
    except (ValueError, RecursionError, AttributeError, KeyError, IndexError, TypeError):
        raise ValueError(f"has no cell {number} now") from None
    return source if isinstance(source, str) else "".join(str(piece) for piece in source)


def _excerpt(place: Place, problem: str) -> ShownSource:
    excerpt = place.excerpt
    if excerpt is None:
        return ShownSource(path=place.path, lines=(), line=0, file_line=place.span.line, problem=problem)
    return ShownSource(
        path=place.path,
        lines=excerpt.lines,
        first_line=excerpt.first_line,
        line=excerpt.line,
        column=excerpt.column,
        end_line=excerpt.line,
        end_column=excerpt.end_column,
        cell=place.cell.number if place.cell is not None else 0,
        file_line=place.span.line,
        problem=problem,
    )
