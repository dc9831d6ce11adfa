"""The cells of a notebook, each with the strings of the file that it is made of."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from reprocheck.model.place import Cell, Place, Span
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.tree import Mapping, Node, Scalar, Sequence
from reprocheck.project.source import Problem, SourceText

_JSON_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class CellKind(StrEnum):
    """What a cell holds."""

    CODE = "code"
    MARKDOWN = "markdown"
    RAW = "raw"


class NotebookCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell."""

    number: int
    """Position among all cells, from 1."""
    kind: CellKind
    source: str
    id: str = ""
    """Given by the notebook since format 4.5."""
    language: str = ""
    """Set where a cell has a language of its own."""
    execution_count: int | None = None
    outputs: int = 0
    """How many outputs are stored."""
    output_size: int = 0
    """Characters that the outputs take in the file."""
    has_error_output: bool = False
    span: Span
    lines: tuple[int, ...]
    """Line of the file for each line of the source."""
    pieces: tuple[Scalar, ...] = ()
    """Strings of the file that make up the source."""


def place_in_cell(file: SourceText, cell: NotebookCell, inside: Span) -> Place:
    """Place of a span in a cell's source, with the lines around it."""
    excerpt = SourceText(file.path, cell.source).excerpt(inside)
    return Place(file.path, span_in_file(file, cell, inside), Cell(cell.number, inside.line), excerpt)


def span_in_file(file: SourceText, cell: NotebookCell, inside: Span) -> Span:
    """From a span in a cell's source to the characters of the JSON strings that stand for it."""
    if not cell.pieces:
        return cell.span
    starts = LineTable(cell.source).starts
    line, column = _position_in_file(file, cell, starts[inside.line - 1] + inside.column - 1)
    end_line, end_column = _position_in_file(file, cell, starts[inside.end_line - 1] + inside.end_column - 1)
    return Span(line, column, *max((line, column), (end_line, end_column)))


def _position_in_file(file: SourceText, cell: NotebookCell, offset: int) -> tuple[int, int]:
    for piece in cell.pieces:
        length = len(str(piece.value))
        if offset < length or piece is cell.pieces[-1]:
            break
        offset -= length
    # JSON allows no line end inside a string, so that a piece stands on one line.
    line = file.line(piece.span.line)
    position = piece.span.column
    for _ in range(min(offset, length)):
        match = _JSON_CHARACTER.match(line, position)
        position = match.end() if match else position
    return piece.span.line, position + 1


def member(node: Node | None, key: str) -> Node | None:
    """Value of a key, None where the node has none."""
    return node.get(key) if isinstance(node, Mapping) else None


def text_of(node: Node | None) -> str:
    """Text of a string, empty for anything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def integer_of(node: Node | None) -> int | None:
    """Value of an integer, None for anything else."""
    match node:
        case Scalar(value=bool()):
            return None
        case Scalar(value=int() as value):
            return value
        case _:
            return None


class CellReader:
    """Reads the cells of one notebook and collects what is wrong with them."""

    def __init__(self, file: SourceText, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems

    def _complain(self, message: str, span: Span, *, fatal: bool = False) -> None:
        self._problems.append(Problem(message, span, fatal=fatal))

    def cells(self, root: Mapping) -> list[NotebookCell]:
        """Cells of format 4, or of all worksheets of format 3."""
        cells: list[NotebookCell] = []
        sheets = root.get("worksheets") if root.get("cells") is None else None
        holders = sheets.items if isinstance(sheets, Sequence) else (root,)
        number = 0
        for holder in holders:
            nodes = member(holder, "cells")
            if not isinstance(nodes, Sequence):
                # The keys of a notebook tell where it went wrong better than its whole extent does.
                start = holder.span
                self._complain(
                    "has no list of cells", Span(start.line, start.column, start.line, start.column + 1), fatal=True
                )
                continue
            for node in nodes.items:
                number += 1
                if isinstance(node, Mapping):
                    cells.append(self._cell(number, node))
                else:
                    self._complain(f"cell {number} is not an object", node.span)
        return cells

    def _cell(self, number: int, node: Mapping) -> NotebookCell:
        match text_of(node.get("cell_type")):
            case "code":
                kind = CellKind.CODE
            case "markdown" | "heading" | "html":
                kind = CellKind.MARKDOWN
            case "raw":
                kind = CellKind.RAW
            case other:
                kind = CellKind.RAW
                self._complain(f"cell {number} has the unknown type {other!r}", _first_character(node))
        pieces = self._pieces(number, node)
        source = _SURROGATE.sub("\ufffd", "".join(str(piece.value) for piece in pieces))
        outputs = node.get("outputs")
        stored = outputs.items if isinstance(outputs, Sequence) else ()
        count = node.get("execution_count")
        vscode = member(member(node.get("metadata"), "vscode"), "languageId")
        return NotebookCell(
            number=number,
            kind=kind,
            source=source,
            id=text_of(node.get("id")),
            language=(text_of(vscode) or text_of(node.get("language"))).lower(),
            execution_count=integer_of(node.get("prompt_number") if count is None else count),
            outputs=len(stored),
            output_size=self._size(outputs) if stored and outputs is not None else 0,
            has_error_output=any(text_of(member(item, "output_type")) in ("error", "pyerr") for item in stored),
            span=node.span,
            lines=_file_lines(source, pieces, node.span.line),
            pieces=pieces,
        )

    def _pieces(self, number: int, node: Mapping) -> tuple[Scalar, ...]:
        source = node.get("source")
        if source is None:
            source = node.get("input")
        match source:
            case Scalar(value=str()):
                return (source,)
            case Sequence(items=items):
                pieces = tuple(item for item in items if isinstance(item, Scalar) and isinstance(item.value, str))
                if len(pieces) < len(items):
                    self._complain(f"cell {number} has source lines that are not strings", _first_character(source))
                return pieces
            case None:
                self._complain(f"cell {number} has no source", _first_character(node))
            case _:
                self._complain(f"cell {number} has a source that is neither text nor a list", _first_character(source))
        return ()

    def _size(self, node: Node) -> int:
        span = node.span
        between = self._file.lines[span.line - 1 : span.end_line - 1]
        return sum(map(len, between)) + len(between) + span.end_column - span.column


def _first_character(node: Node) -> Span:
    return Span(node.span.line, node.span.column, node.span.line, node.span.column + 1)


def _file_lines(source: str, pieces: tuple[Scalar, ...], default: int) -> tuple[int, ...]:
    """Line of the file in which each line of the source starts."""
    lines: list[int] = []
    starts = LineTable(source).starts
    offset = 0
    for piece in pieces:
        end = offset + len(str(piece.value))
        while len(lines) < len(starts) and starts[len(lines)] < end:
            lines.append(piece.span.line)
        offset = end
    last = pieces[-1].span.line if pieces else default
    return (*lines, *[last] * (len(starts) - len(lines)))
