"""Statements in a form that survives reformatting, for identities that outlive edits around them."""

from __future__ import annotations

import ast

_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_params", "type_ignores"})
_BODIES = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
_LIMIT = 4000
"""Nodes of one statement that are looked at; a generated table of a million entries need not be read whole."""


def normalized(statement: ast.stmt) -> str:
    """Structure and names of a statement without layout, quotes and comments; of a compound one its header only.

    The same on every Python version, unlike `ast.dump`: empty fields are left out.
    """
    parts: list[str] = []
    stack: list[object] = [statement]
    seen = 0
    while stack and seen < _LIMIT:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        seen += 1
        if not isinstance(item, ast.AST):
            parts.append(repr(item))
            continue
        parts.append(type(item).__name__ + "(")
        stack.append(")")
        for field in reversed(item._fields):
            value = getattr(item, field, None)
            if value is None or value == [] or field in _IGNORED or (item is statement and _is_body(item, field)):
                continue
            children = value if isinstance(value, list) else [value]
            if isinstance(item, ast.JoinedStr):
                children = [child for child in children if not _is_empty_text(child)]
            stack.extend(reversed([child if isinstance(child, ast.AST) else repr(child) for child in children]))
    return "".join(parts)


def _is_empty_text(node: object) -> bool:
    """Python 3.12 ends format specifications in an empty text, 3.11 and 3.13 don't."""
    return isinstance(node, ast.Constant) and node.value == ""


def _is_body(statement: ast.AST, field: str) -> bool:
    return field in _BODIES and isinstance(statement, ast.stmt)
