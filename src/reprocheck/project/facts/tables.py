"""Calls of what a table holds: `MODELS[name](...)` calls one of its entries, as an `if` and its `elif` would."""

from __future__ import annotations

import ast
from typing import NamedTuple

from reprocheck.project.python.file import PythonFile, reaching
from reprocheck.project.python.scopes import CallSite, Kind, Scope

_MOST_ENTRIES = 24
"""Entries of a table that are told apart; longer ones are registries of a library."""


class Entry(NamedTuple):
    """What one key of a table gives."""

    key: str | int
    callee: str
    span_of: ast.expr


class Chosen(NamedTuple):
    """A call of an entry."""

    key: ast.expr
    """What says which one."""
    entries: tuple[Entry, ...]


def chosen(file: PythonFile, site: CallSite) -> Chosen | None:
    """The entries of which a call calls one; None where no table in this module is asked, or one with other values."""
    function = site.node.func
    if isinstance(function, ast.Name):
        function = _bound(function, site.scope, site.order) or function
    if not isinstance(function, ast.Subscript) or isinstance(function.slice, ast.Slice | ast.Tuple):
        return None
    table: ast.expr | None = function.value
    scope, order = site.scope, site.order
    if isinstance(table, ast.Name):
        bindings = scope.lookup(table.id)
        binding = reaching(bindings, scope, order) if bindings is not None and len(bindings) == 1 else None
        if binding is None or binding.kind is not Kind.ASSIGN or binding.index is not None:
            return None
        table, scope, order = binding.value, binding.scope, binding.order
    if not isinstance(table, ast.Dict) or not 0 < len(table.keys) <= _MOST_ENTRIES:
        return None
    entries = []
    for key, value in zip(table.keys, table.values, strict=True):
        callee = file.resolve(value, scope, order) if isinstance(value, ast.Name | ast.Attribute) else None
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int) or callee is None:
            return None
        entries.append(Entry(key.value, callee, value))
    return Chosen(function.slice, tuple(entries))


def _bound(name: ast.Name, scope: Scope, order: int) -> ast.expr | None:
    """What a local name was given, once: `cls = MODELS[name]`."""
    bindings = scope.bindings.get(name.id)
    binding = reaching(bindings, scope, order) if bindings is not None and len(bindings) == 1 else None
    return binding.value if binding is not None and binding.kind is Kind.ASSIGN and binding.index is None else None
