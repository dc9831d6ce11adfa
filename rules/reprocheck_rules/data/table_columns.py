"""Which columns of which table an expression has, as far as the assignments behind it tell."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from reprocheck.rulekit import Binding, Module, Scope, reaching

_SAME = frozenset(
    {"copy", "values", "astype", "reset_index", "to_numpy", "fillna", "dropna", "sample", "array", "head"}
)
"""Methods and attributes that keep all columns, and rows that belong together."""
_TAKES_FIRST = frozenset({"fit_transform", "transform", "get_dummies", "array", "asarray", "scale", "DataFrame"})
_TRANSFORMS = frozenset({"fit_transform", "transform"})
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a table, which is known by the binding of its name."""

    table: Binding
    name: str
    kept: frozenset[str] | None
    """Columns that were picked; None for all."""
    dropped: frozenset[str]

    def has(self, column: str) -> bool:
        """Whether a column of the table is among them."""
        return column not in self.dropped and (self.kept is None or column in self.kept)


def columns_of(module: Module, node: ast.expr, scope: Scope, order: int, depth: int = _DEPTH) -> Columns | None:
    """Columns that an expression has; None where that isn't known."""
    if depth <= 0:
        return None
    match node:
        case ast.Name(id=name):
            return _of_name(module, name, scope, order, depth)
        case ast.Call(func=ast.Attribute(value=inner, attr="drop")):
            found = columns_of(module, inner, scope, order, depth - 1)
            gone = _dropped(node)
            if found is None or gone is None:
                return None
            return Columns(found.table, found.name, found.kept, found.dropped | gone)
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _SAME and inner is not None:
            found = columns_of(module, inner, scope, order, depth - 1)
            if found is not None:
                return found
            return _first(module, node, scope, order, depth) if method in _TAKES_FIRST else None
        case ast.Call():
            return _first(module, node, scope, order, depth)
        case ast.Attribute(value=inner, attr=name) if name in _SAME:
            return columns_of(module, inner, scope, order, depth - 1)
        case ast.Attribute(value=ast.Name() as inner, attr=name):
            return _picked(module, inner, frozenset({name}), scope, order, depth)
        case ast.Subscript(value=ast.Attribute(value=inner, attr="loc"), slice=ast.Tuple(elts=[ast.Slice(), picked])):
            return _picked(module, inner, constants(picked, scope, order), scope, order, depth)
        case ast.Subscript(value=inner, slice=picked):
            return _picked(module, inner, constants(picked, scope, order), scope, order, depth)
    return None


def _of_name(module: Module, name: str, scope: Scope, order: int, depth: int) -> Columns | None:
    bindings = scope.lookup(name)
    binding = reaching(bindings, scope, order) if bindings else None
    if binding is None:
        return None
    value = binding.value
    if value is not None and binding.index is not None:
        value = _piece(module, value, binding.index)
        if value is None:
            return None
    if isinstance(value, ast.Call | ast.Attribute | ast.Subscript | ast.Name):
        found = columns_of(module, value, binding.scope, binding.order - 1, depth - 1)
        if found is not None:
            return found
        if binding.index is not None:
            return None
        if isinstance(value, ast.Call) and not _reads(module, value) and not _is_own(module, value):
            return None
        if isinstance(value, ast.Subscript):
            return None
        return Columns(binding, name, None, frozenset())
    return None


def _piece(module: Module, value: ast.expr, index: int) -> ast.expr | None:
    """The array that one result of `train_test_split(a, b)` is a part of."""
    call = module.call(value) if isinstance(value, ast.Call) else None
    if call is None or not call.name.endswith("train_test_split") or index // 2 >= len(call.node.args):
        return None
    return call.node.args[index // 2]


def _reads(module: Module, value: ast.Call) -> bool:
    """Whether a call makes a table of which nothing earlier is known: it reads one."""
    while isinstance(value.func, ast.Attribute) and value.func.attr in _SAME and isinstance(value.func.value, ast.Call):
        value = value.func.value
    call = module.call(value)
    name = call.name if call is not None else ""
    return name.rpartition(".")[2].startswith(("read_", "load_", "fetch_")) or name == "pandas.DataFrame"


def _is_own(module: Module, value: ast.Call) -> bool:
    """Whether a function of this file makes a table: where it is from doesn't matter to what is picked of it."""
    call = module.call(value)
    functions = ("." + scope.qualname for scope in module.file.scopes if scope.kind == "function")
    return call is not None and call.name in functions


def _first(module: Module, node: ast.Call, scope: Scope, order: int, depth: int) -> Columns | None:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _TAKES_FIRST and node.args and not (name in _TRANSFORMS and is_unknown(module, node)):
        return columns_of(module, node.args[0], scope, order, depth - 1)
    return None


def is_unknown(module: Module, node: ast.Call) -> bool:
    """Whether a method belongs to an object of which nothing is known: a function of the project may have made it."""
    call = module.call(node)
    return call is None or module.catalog.entry(call.name.rpartition(".")[0]) is None


def _picked(
    module: Module, inner: ast.expr, names: frozenset[str] | None, scope: Scope, order: int, depth: int
) -> Columns | None:
    found = columns_of(module, inner, scope, order, depth - 1)
    if found is None or names is None:
        return None
    kept = names if found.kept is None else names & found.kept
    return Columns(found.table, found.name, kept - found.dropped, frozenset())


def _dropped(node: ast.Call) -> frozenset[str] | None:
    """Columns that `drop` takes away; None where they aren't known or rows are dropped."""
    given = next((k.value for k in node.keywords if k.arg == "columns"), None)
    if given is None:
        rows = not any(k.arg == "axis" and ast.unparse(k.value) in {"1", "'columns'"} for k in node.keywords)
        if rows and not (len(node.args) > 1 and ast.unparse(node.args[1]) in {"1", "'columns'"}):
            return None
        given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "labels"), None)
    return _texts(given) if given is not None else None


def constants(node: ast.expr, scope: Scope, order: int) -> frozenset[str] | None:
    """Constant names in an index: a text, a list of texts, or a name that stands for one."""
    if isinstance(node, ast.Name):
        bindings = scope.lookup(node.id)
        binding = reaching(bindings, scope, order) if bindings else None
        if binding is None or binding.value is None or len(bindings or ()) != 1:
            return None
        node = binding.value
    return _texts(node)


def _texts(node: ast.expr) -> frozenset[str] | None:
    match node:
        case ast.Constant(value=str() as name):
            return frozenset({name})
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if elements:
            names = [e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            return frozenset(names) if len(names) == len(elements) else None
    return None


def taken_away(module: Module, column: str) -> bool:
    """Whether the module drops, pops, deletes or leaves out a column of that name anywhere."""
    for node in module.file.every(ast.Call, ast.Delete, ast.Compare):
        match node:
            case ast.Call(func=ast.Attribute(attr="drop" | "pop" | "remove" | "difference" | "isin" | "discard")):
                if _names(node, column) or _may_drop(module, node, column):
                    return True
            case ast.Delete() | ast.Compare():
                if _names(node, column):
                    return True
    return False


def _names(node: ast.AST, column: str) -> bool:
    return any(isinstance(part, ast.Constant) and part.value == column for part in ast.walk(node))


def _may_drop(module: Module, node: ast.Call, column: str) -> bool:
    """Whether columns are dropped by a name that stands for this one, or for what can't be told."""
    given = next((k.value for k in node.keywords if k.arg == "columns"), None)
    if given is None and any(k.arg == "axis" and ast.unparse(k.value) in {"1", "'columns'"} for k in node.keywords):
        given = node.args[0] if node.args else None
    if not isinstance(given, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp | ast.List):
        return False
    return any(column in _stands_for(module, part, column) for part in ast.walk(given) if isinstance(part, ast.Name))


def _stands_for(module: Module, name: ast.Name, column: str) -> frozenset[str]:
    """Columns that a name may stand for; the one asked about where that can't be told."""
    found: frozenset[str] = frozenset()
    for binding in module.file.scope_of(name).lookup(name.id) or ():
        known = _texts(binding.value) if binding.value is not None and binding.index is None else None
        found |= known if known is not None else {column}
    return found
