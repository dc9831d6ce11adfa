"""What surrounds a node: its parent, and the statement that a line belongs to."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")
_SHARED = frozenset(
    kind
    for group in (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    for kind in group.__subclasses__()
)
"""Types whose nodes the parser makes once for all."""


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


def statement_at(tree: ast.Module, line: int) -> StatementPlace:
    """Innermost statement whose lines include `line`."""
    names: list[str] = []
    found: ast.stmt | None = None
    siblings: Sequence[ast.stmt] = ()
    position = 0
    body: Sequence[Any] = tree.body
    while (index := _covering(body, line)) is not None:
        inner = body[index]
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(inner.name)
        if isinstance(inner, ast.stmt):
            found, siblings, position = inner, body, index
        below = (getattr(inner, field, ()) for field in _BODIES)
        body = next((part for part in below if _covering(part, line) is not None), ())
    return StatementPlace(found, tuple(names), siblings, position)


def _covering(body: Sequence[Any], line: int) -> int | None:
    """Position of the first of some consecutive statements, handlers or cases whose lines include `line`."""
    position = bisect_left(body, line, key=_last_line)
    if position == len(body):
        return None
    node = body[position]
    first: int = (node.pattern if node.__class__ is ast.match_case else node).lineno
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        first = min(first, decorators[0].lineno)
    return position if first <= line else None


def _last_line(node: Any) -> int:  # noqa: ANN401 — statements, handlers and cases share no type
    last: int = (node.body[-1] if node.__class__ is ast.match_case else node).end_lineno
    return last


def parents_of(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Parent of every node; contexts and operators, which many nodes share, have none."""
    table: dict[ast.AST, ast.AST] = {}
    stack = [tree]
    while stack:
        node = stack.pop()
        # The fields of a node lie in its `__dict__`, beside numbers; going through `_fields` takes twice as long.
        for value in node.__dict__.values():
            if value.__class__ is list:
                for child in value:
                    if isinstance(child, ast.AST) and child.__class__ not in _SHARED:
                        table[child] = node
                        stack.append(child)
            elif isinstance(value, ast.AST) and value.__class__ not in _SHARED:
                table[value] = node
                stack.append(value)
    return table
