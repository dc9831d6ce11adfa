"""What is known of a value without running anything: constants, and text with holes."""

from __future__ import annotations

import ast
from typing import Final

from reprocheck.project.python.file import PythonFile, reaching
from reprocheck.project.python.scopes import Binding, Kind, Scope

HOLE = "{}"
"""Stands for a part of a text that is not known."""
_DEPTH = 12
_LONGEST = 64
"""Elements of a literal list that are looked at."""
_LATEST = 1 << 60
_TABLES = (ast.Dict, ast.Call, ast.IfExp)
_JOINS = frozenset({"os.path.join", "posixpath.join", "ntpath.join"})
_PATHS = frozenset(
    {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath"}
)
_THROUGH = frozenset(
    {
        "builtins.str",
        "os.fspath",
        "os.path.expanduser",
        "os.path.expandvars",
        "os.path.normpath",
        "os.path.abspath",
        "os.path.realpath",
    }
)


class Unknown:
    """The value of something that only running could tell; there is one, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def literal(file: PythonFile, node: ast.expr, scope: Scope, order: int = _LATEST, depth: int = _DEPTH) -> object:
    """Value of a constant expression: literals, signs, tuples and lists, and names bound once to one of these."""
    match node:
        case ast.Constant():
            return node.value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() | complex() as number)):
            return -number
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = literal(file, operand, scope, order, depth - 1)
            return UNKNOWN if isinstance(inner, Unknown) else not inner
        case ast.Tuple() | ast.List() if len(node.elts) <= _LONGEST:
            items = [literal(file, item, scope, order, depth - 1) for item in node.elts]
            return UNKNOWN if any(isinstance(item, Unknown) for item in items) else tuple(items)
        case ast.Name() if depth > 0:
            bindings = scope.lookup(node.id)
            if bindings is None or len(bindings) != 1:
                return UNKNOWN
            binding = bindings[0]
            if binding.kind is Kind.ASSIGN and binding.value is not None and binding.index is None:
                return literal(file, binding.value, binding.scope, binding.order, depth - 1)
    return UNKNOWN


def unpacked(node: ast.expr, scope: Scope, touched: frozenset[Binding]) -> list[dict[str, ast.expr]] | None:
    """What `**node` gives, one table for each way a choice may go; None when it can't be told.

    A name counts when it is bound once to a table that is written out, and its binding isn't among those `touched`.
    """
    match node:
        case ast.Dict(keys=keys, values=values):
            names = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            return [dict(zip(names, values, strict=True))] if len(names) == len(keys) else None
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            given = {keyword.arg: keyword.value for keyword in keywords if keyword.arg is not None}
            return [given] if len(given) == len(keywords) else None
        case ast.IfExp(body=ast.Dict() as body, orelse=ast.Dict() as orelse):
            first, second = unpacked(body, scope, touched), unpacked(orelse, scope, touched)
            return [*first, *second] if first is not None and second is not None else None
        case ast.Name(id=name):
            bindings = scope.lookup(name) or []
            if len(bindings) == 1 and bindings[0].kind is Kind.ASSIGN and bindings[0] not in touched:
                value = bindings[0].value if bindings[0].index is None else None
                return None if value is None or isinstance(value, ast.Name) else unpacked(value, scope, touched)
    return None


def touched_tables(file: PythonFile) -> frozenset[Binding]:
    """Bindings of tables whose names are read for anything but `**name` in a call, so that they may be changed."""
    parents = file.parents
    given = {k.value.id for k in file.every(ast.keyword) if k.arg is None and isinstance(k.value, ast.Name)}
    found = set()
    for use in file.every(ast.Name):
        if use.id in given and isinstance(use.ctx, ast.Load):
            parent = parents.get(use)
            if not (isinstance(parent, ast.keyword) and parent.arg is None):
                bindings = file.scope_of(use).lookup(use.id)
                if bindings is not None and len(bindings) == 1 and isinstance(bindings[0].value, _TABLES):
                    found.add(bindings[0])
    return frozenset(found)


def text(file: PythonFile, node: ast.expr, scope: Scope, order: int = _LATEST, depth: int = _DEPTH) -> str | None:
    """Text of a string or path expression, `{}` for each part that isn't known; None when nothing is."""
    if depth <= 0:
        return None
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr():
            return "".join(
                value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else HOLE
                for value in node.values
            )
        case ast.BinOp(op=ast.Add()):
            left = text(file, node.left, scope, order, depth - 1)
            right = text(file, node.right, scope, order, depth - 1)
            return None if left is None and right is None else (left or HOLE) + (right or HOLE)
        case ast.BinOp(op=ast.Mod()):
            return text(file, node.left, scope, order, depth - 1)
        case ast.BinOp(op=ast.Div()):
            left = text(file, node.left, scope, order, depth - 1)
            right = text(file, node.right, scope, order, depth - 1)
            return None if left is None and right is None else _join([left, right])
        case ast.Name():
            return _text_of_name(file, node, scope, order, depth)
        case ast.Call():
            return _text_of_call(file, node, scope, order, depth)
        case ast.IfExp():
            return text(file, node.body, scope, order, depth - 1) or text(file, node.orelse, scope, order, depth - 1)
    return None


def _text_of_name(file: PythonFile, node: ast.Name, scope: Scope, order: int, depth: int) -> str | None:
    bindings = scope.lookup(node.id)
    binding = reaching(bindings, scope, order) if bindings else None
    if binding is None or binding.value is None or binding.index is not None or binding.kind is not Kind.ASSIGN:
        return None
    return text(file, binding.value, binding.scope, binding.order - 1, depth - 1)


def _text_of_call(file: PythonFile, node: ast.Call, scope: Scope, order: int, depth: int) -> str | None:
    function = node.func
    name = file.resolve(function, scope, order)
    if name in _JOINS or name in _PATHS:
        parts = [text(file, argument, scope, order, depth - 1) for argument in node.args]
        return None if all(part is None for part in parts) else _join(parts)
    if name in _THROUGH and node.args:
        return text(file, node.args[0], scope, order, depth - 1)
    if isinstance(function, ast.Attribute) and function.attr in {"format", "joinpath", "expanduser", "resolve"}:
        base = text(file, function.value, scope, order, depth - 1)
        if base is None or function.attr != "joinpath":
            return base
        return _join([base, *(text(file, argument, scope, order, depth - 1) for argument in node.args)])
    return None


def _join(parts: list[str | None]) -> str:
    """Join as `os.path.join` does: an absolute part starts anew."""
    joined = ""
    for part in parts:
        piece = HOLE if part is None else part
        joined = piece if not joined or piece.startswith("/") else f"{joined.rstrip('/')}/{piece}"
    return joined
