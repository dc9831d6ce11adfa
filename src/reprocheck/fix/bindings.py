"""Names that statements bind."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def bound_by(node: ast.AST) -> Iterator[str]:
    """Names that one node binds otherwise than by an import."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name):
            yield name
        case (
            ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name)
        ):
            yield name
        case _:
            pass


def imported_by(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Local names and what they stand for: `numpy` for a module, `os.path:join` for a name of one."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            if alias.asname is None:
                top = alias.name.partition(".")[0]
                yield top, top
            else:
                yield alias.asname, alias.name
        elif alias.name != "*":
            module = "." * node.level + (node.module or "")
            yield alias.asname or alias.name, f"{module}:{alias.name}"
