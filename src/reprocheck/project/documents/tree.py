"""One tree for YAML, TOML and JSON: mappings, sequences and scalars, each with its span."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.source import Problem

ScalarValue = str | int | float | bool | None

MAX_DEPTH = 100
"""Mappings and sequences inside one another; what is deeper is refused, so that a reader of trees may recurse."""
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"
"""What the problem says then."""
MAX_CHARACTERS = 50_000_000
"""Longest text that is read into a tree, in characters; no file that people write comes near it."""


class Scalar(msgspec.Struct, frozen=True):
    """A value without parts. Dates and times are kept as their text."""

    value: ScalarValue
    span: Span
    """Quotes included, and in YAML the tag and the anchor; of no width where YAML leaves a value out."""


class Entry(msgspec.Struct, frozen=True):
    """One key of a mapping and its value."""

    key: Scalar
    value: Node


class Sequence(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple[Node, ...]
    span: Span


class Mapping(msgspec.Struct, frozen=True):
    """A table; entries keep their order, repeated keys included."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Node | None:
        """Value of the last entry named `key`."""
        for entry in reversed(self.entries):
            if entry.key.value == key:
                return entry.value
        return None


Node = Scalar | Sequence | Mapping


class Document(msgspec.Struct, frozen=True):
    """A file as a tree."""

    roots: tuple[Node, ...]
    """One per YAML document; at most one for TOML and JSON; empty when nothing could be read."""
    problems: tuple[Problem, ...] = ()


def walk(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node below and including `node`, parents first, with its path of keys and indices.

    Iterative, so that depth is bounded by memory and not by the interpreter's stack; a node that an alias shares is
    visited once.
    """
    seen: set[int] = set()
    stack: list[tuple[tuple[str | int, ...], Node]] = [(path, node)]
    while stack:
        here, current = stack.pop()
        if isinstance(current, Scalar):
            yield here, current
            continue
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield here, current
        if isinstance(current, Mapping):
            children: list[tuple[tuple[str | int, ...], Node]] = [
                ((*here, str(entry.key.value)), entry.value) for entry in current.entries
            ]
        else:
            children = [((*here, index), item) for index, item in enumerate(current.items)]
        stack.extend(reversed(children))
