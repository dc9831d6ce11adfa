"""A Python text with its nodes: the one way from spans, as rules give them, to libcst's nodes and back to text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from reprocheck.fix.changes import RefusedError
from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText

Node = TypeVar("Node", bound=cst.CSTNode)
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
"""What takes lines of its own."""
_BLANK = re.compile(r"[ \t\f]*")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Page:
    """The text of a module; offsets count characters from 0."""

    def __init__(self, text: str) -> None:
        """Raises RefusedError for what libcst can't read."""
        self.text = text
        self.table = LineTable(text)
        try:
            module = cst.parse_module(text)
        except (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError, RecursionError) as error:
            raise RefusedError("the file can't be read for changing") from error
        self.module = module
        self.ranges: dict[cst.CSTNode, tuple[int, int]] = {}
        for node, place in MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider).items():
            self.ranges[node] = (
                self._place(place.start.line, place.start.column),
                self._place(place.end.line, place.end.column),
            )
        self.newline = self._newline()

    def _place(self, line: int, column: int) -> int:
        """Offset of a place; libcst gives a last line a line end that the text may not have."""
        starts = self.table.starts
        return min(starts[line - 1] + column, len(self.text)) if line <= len(starts) else len(self.text)

    def _newline(self) -> str:
        found = _LINE_END.search(self.text)
        return found[0] if found is not None else "\n"

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """The node around each node."""
        found: dict[cst.CSTNode, cst.CSTNode] = {}
        waiting: list[cst.CSTNode] = [self.module]
        while waiting:
            node = waiting.pop()
            for child in node.children:
                found[child] = node
                waiting.append(child)
        return found

    @cached_property
    def tree(self) -> ast.Module:
        """The same module as the rules saw it."""
        tree, _ = parse(SourceText("", self.text))
        if tree is None:
            raise RefusedError("the file can't be parsed")
        return tree

    @cached_property
    def source(self) -> SourceText:
        """The same text with its lines."""
        return SourceText("", self.text)

    @cached_property
    def _by_range(self) -> dict[tuple[int, int], list[cst.CSTNode]]:
        found: dict[tuple[int, int], list[cst.CSTNode]] = {}
        for node, place in self.ranges.items():
            found.setdefault(place, []).append(node)
        return found

    # Places

    def offset(self, line: int, column: int) -> int:
        """Offset of a place; raises RefusedError for one that the text doesn't have."""
        starts = self.table.starts
        if not 0 < line <= len(starts) or column < 1:
            raise RefusedError("the file has changed meanwhile")
        return min(starts[line - 1] + column - 1, len(self.text))

    def extent(self, span: Span) -> tuple[int, int]:
        """Offsets of a span."""
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)

    def node_extent(self, node: ast.AST) -> tuple[int, int]:
        """Offsets of a node of `tree`."""
        return self.extent(self.source.span(node))

    def find(self, span: Span, kind: type[Node] | tuple[type[Node], ...]) -> Node:
        """The node of a kind that stands exactly there."""
        for node in self._by_range.get(self.extent(span), ()):
            if isinstance(node, kind):
                return node
        raise RefusedError("something else stands there")

    def find_range(self, start: int, end: int) -> cst.BaseExpression | None:
        """The expression that stands exactly between two offsets, its parentheses left out."""
        for node in self._by_range.get((start, end), ()):
            if isinstance(node, cst.BaseExpression):
                return node
        return None

    def outer(self, node: cst.CSTNode) -> tuple[int, int]:
        """Offsets of an expression with its parentheses."""
        start, end = self.ranges[node]
        for part in getattr(node, "lpar", ()):
            start = min(start, self.ranges[part][0])
        for part in getattr(node, "rpar", ()):
            end = max(end, self.ranges[part][1])
        return start, end

    # Lines

    def line_start(self, offset: int) -> int:
        """Offset of the first character of a line."""
        line, _ = self.table.place(offset)
        return self.table.starts[line - 1]

    def next_line(self, offset: int) -> int:
        """Offset of the first character of the line below, or of the text's end."""
        line, _ = self.table.place(offset)
        return self.table.starts[line] if line < len(self.table.starts) else len(self.text)

    def line_end(self, offset: int) -> int:
        """Offset of a line's end, in front of the characters that end it."""
        found = _LINE_END.search(self.text, offset)
        return found.start() if found is not None else len(self.text)

    def indent(self, offset: int) -> str:
        """White space in front of a line."""
        found = _BLANK.match(self.text, self.line_start(offset))
        return found[0] if found is not None else ""

    def begins_line(self, offset: int) -> bool:
        """Whether nothing but white space stands in front of a place on its line."""
        return not self.text[self.line_start(offset) : offset].strip(" \t\f")

    def blank_line(self, start: int) -> bool:
        """Whether the line that begins there has nothing on it."""
        return start < len(self.text) and not self.text[start : self.line_end(start)].strip()

    # Statements

    @cached_property
    def _statements(self) -> list[tuple[int, int, Statement]]:
        return sorted(
            ((*self.ranges[node], node) for node in self.ranges if isinstance(node, Statement)),
            key=lambda item: (item[0], -item[1]),
        )

    def statement(self, offset: int) -> Statement:
        """The innermost statement with lines of its own that a place stands in."""
        found: Statement | None = None
        for start, end, node in self._statements:
            if start > offset:
                break
            if offset < end or (offset == end == start):
                found = node
        if found is None:
            raise RefusedError("no statement stands there")
        return found

    def begin(self, statement: Statement) -> int:
        """Offset of a statement's first character, decorators included."""
        decorators = getattr(statement, "decorators", ())
        return self.ranges[decorators[0] if decorators else statement][0]

    def end(self, statement: Statement) -> int:
        """Offset behind a statement's last character."""
        return self.ranges[statement][1]

    def block(self, statement: cst.CSTNode) -> cst.Module | cst.IndentedBlock:
        """The block that a statement is a member of."""
        holder = self.parents.get(statement)
        if isinstance(holder, cst.Module | cst.IndentedBlock):
            return holder
        raise RefusedError("the statement stands on the line of another one")

    def decorator(self, offset: int) -> cst.Decorator | None:
        """The decorator that a place stands in."""
        for node, (start, end) in self.ranges.items():
            if isinstance(node, cst.Decorator) and start <= offset < end:
                return node
        return None

    def suites(self, statement: cst.CSTNode) -> Iterator[cst.SimpleStatementSuite]:
        """Bodies of a statement that stand on the line of their head."""
        waiting: list[cst.CSTNode] = [statement]
        while waiting:
            for child in waiting.pop().children:
                if isinstance(child, cst.SimpleStatementSuite):
                    yield child
                elif not isinstance(child, cst.BaseExpression):
                    waiting.append(child)

    def comments_above(self, statement: Statement) -> int:
        """Offset of the line where comments begin that stand directly above a statement, at its own indentation.

        Comments at the very top are the file's.
        """
        first = own = self.line_start(self.begin(statement))
        indent = self.indent(first)
        while first > 0:
            above = self.line_start(first - 1)
            line = self.text[above : self.line_end(above)]
            if not line.startswith(indent + "#"):
                break
            first = above
        return first if first > 0 else own

    def inside_strings(self) -> frozenset[int]:
        """Numbers of the lines that begin inside of a string."""
        return self._string_lines

    @cached_property
    def _string_lines(self) -> frozenset[int]:
        found: set[int] = set()
        for node, (start, end) in self.ranges.items():
            if isinstance(node, cst.SimpleString | cst.FormattedString | cst.TemplatedString):
                first, last = self.table.place(start)[0], self.table.place(end)[0]
                found.update(range(first + 1, last + 1))
        return frozenset(found)

    def indented(self, text: str, indent: str) -> str:
        """Source of statements, moved to an indentation, with the line ends of this text and none at the end."""
        kept = SourceText("", text.strip("\n"))
        tree, _ = parse(kept)
        if tree is None:
            raise RefusedError("the new statements can't be parsed")
        inside = set(_lines_in_strings(tree))
        lines = [
            line if number in inside or not line.strip() else indent + line
            for number, line in enumerate(kept.lines, start=1)
        ]
        return self.newline.join(lines)


def _lines_in_strings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if is_text and node.end_lineno is not None:  # type: ignore[attr-defined]
            yield from range(node.lineno + 1, node.end_lineno + 1)  # type: ignore[attr-defined]
