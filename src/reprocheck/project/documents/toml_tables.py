"""TOML tables while they are being filled: headers and dotted keys come back to a table again and again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reprocheck.model.place import Span
from reprocheck.project.documents.tree import MAX_DEPTH, Entry, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Sequence as Items


class TooDeepError(Exception):
    """The file is nested deeper than a tree may be."""


class OpenTable:
    """A table that may still grow."""

    __slots__ = ("depth", "keys", "latest", "span", "values")

    def __init__(self, span: Span, depth: int) -> None:
        """`span` is what stands for the table itself: its header, its braces, the first key in it."""
        self.span = span
        self.depth = depth
        self.keys: list[Scalar] = []
        self.values: list[OpenTable | OpenArray | Node] = []
        self.latest: dict[object, int] = {}

    def get(self, key: Scalar) -> OpenTable | OpenArray | Node | None:
        """What was last stored under a key."""
        index = self.latest.get(key.value)
        return None if index is None else self.values[index]

    def add(self, key: Scalar, value: OpenTable | OpenArray | Node) -> None:
        """Store a value, even under a key that is taken."""
        self.latest[key.value] = len(self.values)
        self.keys.append(key)
        self.values.append(value)

    def freeze(self) -> Mapping:
        """The table as a tree."""
        values = [value.freeze() if isinstance(value, OpenTable | OpenArray) else value for value in self.values]
        entries = tuple(map(Entry, self.keys, values))
        return Mapping(entries, _cover(self.span, values))


class OpenArray:
    """An array of tables that may still grow."""

    __slots__ = ("tables",)

    def __init__(self) -> None:
        """Start with no table."""
        self.tables: list[OpenTable] = []

    def freeze(self) -> Sequence:
        """The array as a tree."""
        items = tuple(table.freeze() for table in self.tables)
        return Sequence(items, _cover(items[0].span, items))


def open_at(root: OpenTable, path: Items[Scalar], header: Span, *, is_array: bool) -> OpenTable:
    """The table that a header opens, made where it isn't there yet."""
    table = root
    for key in path[:-1]:
        table = _descend(table, key, header)
    if not is_array:
        return _descend(table, path[-1], header)
    element = _new_table(header, table.depth + 2)
    array = table.get(path[-1])
    if not isinstance(array, OpenArray):
        array = OpenArray()
        table.add(path[-1], array)
    array.tables.append(element)
    return element


def store(table: OpenTable, path: Items[Scalar], value: OpenTable | Node) -> None:
    """Store the value of a dotted key, making the tables on its way."""
    for key, inner in pairwise(path):
        table = _descend(table, key, inner.span)
    table.add(path[-1], value)


def _descend(table: OpenTable, key: Scalar, span: Span) -> OpenTable:
    found = table.get(key)
    if isinstance(found, OpenArray):
        return found.tables[-1]
    if isinstance(found, OpenTable):
        return found
    # A key that holds something else is an error that the standard library reports; here it is a repeated key.
    opened = _new_table(span, table.depth + 1)
    table.add(key, opened)
    return opened


def _new_table(span: Span, depth: int) -> OpenTable:
    if depth > MAX_DEPTH:
        raise TooDeepError
    return OpenTable(span, depth)


def _cover(span: Span, parts: Items[Node]) -> Span:
    """A span that ends where the last of its parts ends."""
    end = max([(span.end_line, span.end_column), *((part.span.end_line, part.span.end_column) for part in parts)])
    return Span(span.line, span.column, *end)
