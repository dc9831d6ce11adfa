"""What crosses from a function's caller into it and back: objects and the attributes of their classes."""

from __future__ import annotations

import ast
from typing import TypeVar

from reprocheck.project.python.scopes import Scope
from reprocheck.rulekit.flow.program import Unit

_SELF = ("self.", "cls.")
_Known = TypeVar("_Known")


def owner_of(unit: Unit, scope: Scope) -> str:
    """The class whose method a function is; empty for none."""
    parent = scope.parent
    return f"{unit.path}:{parent.qualname}|" if parent is not None and parent.kind == "class" else ""


def handed_in(known: dict[str, _Known], caller: str, owner: str) -> dict[str, _Known]:
    """What a function sees of its caller: objects of the module, and attributes of its own class."""
    if caller == owner:
        return {name: value for name, value in known.items() if name.startswith(_SELF) or "|" in name}
    kept = {name: value for name, value in known.items() if "|" in name}
    if owner:
        kept |= {name.removeprefix(owner): value for name, value in kept.items() if name.startswith(owner)}
    return kept


def handed_out(known: dict[str, _Known], owner: str, caller: str) -> dict[str, _Known]:
    """What a method leaves behind in its object."""
    found = {name: value for name, value in known.items() if "|" in name}
    for name, value in known.items():
        if owner and name.startswith(_SELF):
            found[name if owner == caller else owner + name] = value
    return found


def statements_of(scope: Scope) -> list[ast.stmt]:
    """The body of a function."""
    body: list[ast.stmt] = scope.node.body  # type: ignore[attr-defined]
    return body
