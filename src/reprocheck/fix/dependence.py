"""Whether statements may move up past others."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from reprocheck.fix.bindings import bound_by, imported_by

_SAYING = frozenset({"print", "pprint", "info", "debug", "warning", "warn", "error", "log", "write"})
"""Functions that change nothing of what they are given."""


def stands_in_the_way(moved: str, passed: str) -> str:
    """A name that `moved` reads and that a statement of `passed` binds or changes; empty where there is none.

    A call that is handed a name only for what it does (`setup(config)`) and a method of it (`config.merge(...)`) count
    as changes; one whose result is kept doesn't. What can't be parsed is in the way as a whole.
    """
    try:
        own, tree = ast.parse(textwrap.dedent(moved)), ast.parse(textwrap.dedent(passed))
    except SyntaxError:
        return "what stands between"
    values, functions = _reads(own)
    nodes = list(ast.walk(tree))
    bound = {name for node in nodes for name in _bound(node)} & (values | functions)
    changed = {name for node in nodes for name in _changed(node)} & values
    return min(bound | changed, default="")


def _reads(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names whose values are used, and those that only say what is called."""
    functions = {id(name) for node in ast.walk(tree) if isinstance(node, ast.Call) for name in _root(node.func)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {n.id for n in names if id(n) not in functions}, {n.id for n in names if id(n) in functions}


def _bound(node: ast.AST) -> Iterator[str]:
    yield from bound_by(node)
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (local for local, _ in imported_by(node))


def _changed(node: ast.AST) -> Iterator[str]:
    """Names whose value one node changes."""
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield from (name.id for name in _root(node))
        case ast.Expr(value=ast.Call(func=function, args=arguments, keywords=keywords)):
            if isinstance(function, ast.Attribute):
                yield from (name.id for name in _root(function))
            if getattr(function, "attr", getattr(function, "id", "")) not in _SAYING:
                given = [*arguments, *(keyword.value for keyword in keywords)]
                yield from (item.id for item in given if isinstance(item, ast.Name))
        case _:
            pass


def _root(node: ast.expr) -> Iterator[ast.Name]:
    """The name that an expression begins with: `config` of `config.train.seed`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node
