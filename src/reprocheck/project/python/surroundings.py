"""What surrounds a node: its parent, and the statement that a line belongs to."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")
_PLAIN = frozenset(
    {"arg", "asname", "attr", "conversion", "id", "is_async", "kind", "kwd_attrs", "level", "module", "rest", "simple"}
    | {"str", "tag", "type_comment"}
)
"""Fields that hold a name, a number or a mark."""
_SHARED = frozenset({"ctx", "op", "ops"})
"""Fields whose nodes the parser makes once for all."""


def _child_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Fields of a node type that hold nodes of its own."""
    left_out = set(_PLAIN | _SHARED)
    if kind in {ast.Constant, ast.MatchSingleton}:
        left_out.add("value")
    if kind in {ast.Global, ast.Nonlocal}:
        left_out.add("names")
    if kind.__name__ != "TypeAlias":
        left_out.add("name")
    return tuple(field for field in kind._fields if field not in left_out)


_CHILD_FIELDS = {
    kind: _child_fields(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)
}


class StatementPlace(NamedTuple):
    """A statement and what is around it."""

    statement: ast.stmt | None
    """None where no statement stands."""
    names: tuple[str, ...]
    """Names of the definitions around it, its own included."""
    siblings: Sequence[ast.stmt]
    """Statements of the same body."""
    position: int
    """Of the statement among these."""
    holder: ast.AST | None = None
    """Statement, handler or case that has this body; None for the module."""
    field: str = ""
    """Which of its bodies that is."""


def statement_at(tree: ast.Module, line: int) -> StatementPlace:
    """Innermost statement whose lines include `line`."""
    names: list[str] = []
    found: ast.stmt | None = None
    holder: ast.AST | None = None
    outer: ast.AST | None = None
    branch = field = ""
    siblings: Sequence[ast.stmt] = ()
    position = 0
    body: Sequence[Any] = tree.body
    while (index := _covering(body, line)) is not None:
        inner = body[index]
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(inner.name)
        if isinstance(inner, ast.stmt):
            found, siblings, position = inner, body, index
            holder, branch = outer, field
        field = next((name for name in _BODIES if _covering(getattr(inner, name, ()), line) is not None), "")
        outer, body = inner, getattr(inner, field, ())
    return StatementPlace(found, tuple(names), siblings, position, holder, branch)


def _covering(body: Sequence[Any], line: int) -> int | None:
    """Position of the first of some consecutive statements, handlers or cases whose lines include `line`."""
    position = bisect_left(body, line, key=_last_line)
    if position == len(body):
        return None
    node: Any = body[position]
    first: int = (node.pattern if node.__class__ is ast.match_case else node).lineno
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        first = min(first, decorators[0].lineno)
    return position if first <= line else None


def _last_line(node: Any) -> int:  # noqa: ANN401 — statements, handlers and cases share no type
    last: Any = (node.body[-1] if node.__class__ is ast.match_case else node).end_lineno
    return int(last)


def parents_of(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Parent of every node, in the order of `ast.walk`; contexts and operators, which many nodes share, have none."""
    table: dict[ast.AST, ast.AST] = {}
    queue = [tree]
    for node in queue:
        for field in _CHILD_FIELDS[node.__class__]:
            value = getattr(node, field, None)
            if value.__class__ is list:
                for child in value:
                    if child is not None:
                        table[child] = node
                        queue.append(child)
            elif value is not None:
                table[value] = node
                queue.append(value)
    return table
