"""What surrounds a node: its parent, and the statement that a line belongs to."""

from __future__ import annotations

import ast
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


def statement_at(tree: ast.Module, line: int) -> StatementPlace:
    """Innermost statement whose lines include `line`."""
    names: list[str] = []
    found: ast.stmt | None = None
    siblings: Sequence[ast.stmt] = ()
    body: Sequence[Any] = tree.body
    while (inner := _covering(body, line)) is not None:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(inner.name)
        if isinstance(inner, ast.stmt):
            found, siblings = inner, body
        below = (getattr(inner, field, ()) for field in _BODIES)
        body = next((part for part in below if _covering(part, line) is not None), ())
    return StatementPlace(found, tuple(names), siblings)


def _covering(body: Sequence[Any], line: int) -> Any:  # noqa: ANN401 — statements, handlers and cases share no type
    """First of some consecutive parts whose lines include `line`."""
    for node in body:
        is_case = node.__class__ is ast.match_case
        if (node.body[-1] if is_case else node).end_lineno < line:
            continue
        first = (node.pattern if is_case else node).lineno
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            first = min(first, decorators[0].lineno)
        return node if first <= line else None
    return None


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
