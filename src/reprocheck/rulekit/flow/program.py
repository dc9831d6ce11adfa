"""The modules that data is followed through: one alone, or several whose functions call each other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cached_property

from reprocheck.project.python.scopes import Binding, Scope
from reprocheck.rulekit.flow.tokens import is_target
from reprocheck.rulekit.module import Call, Module

Elsewhere = Callable[[str, str], tuple[str, str] | None]
"""Path and name of a function of the program that a name in the module at a path means; None for none."""
_LEVELS = 4
"""Names that are followed to find out which column is predicted."""
_FEATURES_AND_TARGET = 2
_REWRITES = frozenset({"log", "log1p", "array", "asarray", "ravel", "fit_transform", "to_categorical", "to_numeric"})
"""Functions whose result is still the column that they are given."""


class Unit:
    """One module, with what the engine asks of it."""

    def __init__(self, module: Module) -> None:
        """Calls and functions are indexed at once."""
        self.module = module
        self.path = module.path
        self.calls: dict[ast.Call, Call] = {found.node: found for found in module.calls}
        self.functions = {"." + s.qualname: s for s in module.file.scopes if s.kind == "function"}

    @cached_property
    def targets(self) -> frozenset[str]:
        """Columns that are taken out of a table as what a model is to predict."""
        found: set[str] = set()
        for node in self.module.file.every(ast.Assign, ast.Call):
            match node:
                case ast.Assign(targets=[ast.Name() as first, *_], value=value) if is_target(first):
                    found |= _column(value)
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                    for name, value in zip(names, values, strict=False):
                        if is_target(name):
                            found |= _column(value)
                case ast.Call():
                    found |= self._predicted(_second(node))
        return frozenset(found)

    def _predicted(self, node: ast.expr | None, levels: int = _LEVELS) -> frozenset[str]:
        """The column that an expression takes out of a table, whatever it is called on the way."""
        if node is None or not levels:
            return frozenset()
        column = _column(node)
        if column:
            return column
        match node:
            case ast.Name(id=name):
                bindings = self.module.file.scope_of(node).lookup(name) or []
                return self._predicted(_given(bindings[0]), levels - 1) if len(bindings) == 1 else column
            case ast.Attribute(value=inner, attr="values"):
                return self._predicted(inner, levels)
            case ast.Call(func=ast.Attribute(attr=name), args=[given, *_]) if name in _REWRITES:
                return self._predicted(given, levels)
            case ast.Call(func=ast.Attribute(value=inner)):
                return self._predicted(inner, levels)
        return column


def _given(binding: Binding) -> ast.expr | None:
    """What one assignment gives a name."""
    value = binding.value
    if binding.index is None:
        return value
    return value.elts[binding.index] if isinstance(value, ast.Tuple) and binding.index < len(value.elts) else None


def _second(node: ast.Call) -> ast.expr | None:
    """What a model is to predict, as it is handed to a split or a fit."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name == "train_test_split":
        return node.args[1] if len(node.args) == _FEATURES_AND_TARGET else None
    if name != "fit" or not node.args:
        return None
    return node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "y"), None)


def _column(value: ast.expr) -> frozenset[str]:
    """The one column that an expression takes out of a table."""
    match value:
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return frozenset({name})
        case ast.Subscript(slice=ast.List(elts=[ast.Constant(value=str() as name)])):
            return frozenset({name})
        case ast.Attribute(value=ast.Name(), attr=name) if name not in {"values", "target", "T"}:
            return frozenset({name})
        case ast.Attribute(value=inner, attr="values"):
            return _column(inner)
        case ast.Call(func=ast.Attribute(attr="pop"), args=[ast.Constant(value=str() as name)]):
            return frozenset({name})
        case ast.Call(func=ast.Attribute(value=inner), args=_):
            return _column(inner)
    return frozenset()


class Program:
    """Modules by path, and where their functions are."""

    def __init__(self, units: Mapping[str, Unit], elsewhere: Elsewhere | None = None) -> None:
        """Without `elsewhere` each module knows its own functions only."""
        self._units = units
        self._elsewhere = elsewhere

    def function(self, unit: Unit, name: str) -> tuple[Unit, Scope] | None:
        """The function that a call's qualified name means, where its statements can be followed."""
        if name.startswith("."):
            scope = unit.functions.get(name)
            if scope is not None:
                return (unit, scope) if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if self._elsewhere is None:
            return None
        found = self._elsewhere(unit.path, name)
        if found is None or found[0] not in self._units:
            return None
        other = self._units[found[0]]
        scope = other.functions.get("." + found[1])
        if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        return other, scope
