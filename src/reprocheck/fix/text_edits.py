"""Replaced text in files of any kind: what stands outside of the replaced spans keeps every byte."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from reprocheck.fix.changes import Change, RefusedError
from reprocheck.model.fix import ReplaceText
from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS: Final = ("\r\n", "\r", "\n")


class Refused(msgspec.Struct, frozen=True):
    """Why edits were not carried out; none of them was."""

    edit: ReplaceText
    reason: str


class _Change(NamedTuple):
    start: int
    end: int
    edit: ReplaceText


def edit_bytes(data: bytes, edits: Iterable[ReplaceText]) -> bytes | Refused:
    """A file with its edits, in the encoding that it is read in: byte-order mark, UTF-8, else Latin-1.

    Paths of the edits are not looked at.
    """
    wanted = list(edits)
    if not wanted:
        return data
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        mark, encoding = b"", "latin-1"
        text = data.decode(encoding)
    edited = edit_text(text, wanted)
    if isinstance(edited, Refused):
        return edited
    try:
        return mark + edited.encode(encoding)
    except UnicodeEncodeError as error:
        return Refused(wanted[0], f"the file is {encoding}, which has no {error.object[error.start]!r}")


def edit_text(text: str, edits: Iterable[ReplaceText]) -> str | Refused:
    """A text with its edits; `text` has no byte-order mark.

    Line ends of what is written become those of the line that it is written to. Two edits that say the same count
    once; what is inserted at one point by several keeps their order.
    """
    table = LineTable(text)
    changes: list[_Change] = []
    for edit in dict.fromkeys(edits):
        found = _located(text, table, edit)
        if isinstance(found, str):
            return Refused(edit, found)
        changes.append(found)
    changes.sort(key=lambda change: (change.start, change.end))
    for left, right in pairwise(changes):
        if right.start < left.end:
            return Refused(right.edit, "another edit changes the same text")
    pieces: list[str] = []
    done = 0
    for change in changes:
        pieces += [text[done : change.start], _with_line_ends(change.edit.new, _line_end(text, table, change.start))]
        done = change.end
    return "".join([*pieces, text[done:]])


def change_of(text: str, edit: ReplaceText) -> Change:
    """The change of a text that an edit is; raises RefusedError."""
    found = _located(text, LineTable(text), edit)
    if isinstance(found, str):
        raise RefusedError(found)
    return Change(found.start, found.end, edit.new)


def _located(text: str, table: LineTable, edit: ReplaceText) -> _Change | str:
    """Where an edit goes; the reason why it can't."""
    start = _offset(text, table, edit.span.line, edit.span.column)
    end = _offset(text, table, edit.span.end_line, edit.span.end_column)
    if start is None or end is None or end < start:
        return f"the file has no {_named(edit.span)}"
    if _with_line_ends(text[start:end], "\n") != _with_line_ends(edit.old, "\n"):
        return f"something else stands at {_named(edit.span)}"
    return _Change(start, end, edit)


def _named(span: Span) -> str:
    return f"line {span.line}, column {span.column}"


def _offset(text: str, table: LineTable, line: int, column: int) -> int | None:
    """Offset of a place; just behind the last character of a line counts, its line end doesn't."""
    starts = table.starts
    if not 0 < line <= len(starts) or column < 1:
        return None
    offset = starts[line - 1] + column - 1
    limit = len(text) if line == len(starts) else starts[line]
    limit -= len(_line_end_before(text, limit)) if line < len(starts) else 0
    return offset if offset <= limit else None


def _line_end_before(text: str, offset: int) -> str:
    return next(end for end in _LINE_ENDS if text.endswith(end, 0, offset))


def _line_end(text: str, table: LineTable, offset: int) -> str:
    """Line end of the line that a character stands on; of the last one, that of the line before."""
    line, _ = table.place(offset)
    if len(table.starts) == 1:
        return "\n"
    return _line_end_before(text, table.starts[min(line, len(table.starts) - 1)])


def _with_line_ends(text: str, end: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", end)
