"""Code that control never reaches: behind a `return`, `raise`, `continue`, `break`, or the end of the program."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from reprocheck.rulekit import (
    Confidence,
    DropUnused,
    Fix,
    Match,
    Module,
    ReplaceStatements,
    Safety,
    Scope,
    Span,
)

_EXITS = frozenset({"sys.exit", "os._exit", "builtins.exit", "builtins.quit"})
_JUMPS = {ast.Return: "return", ast.Raise: "raise", ast.Continue: "continue", ast.Break: "break"}


def unreachable(module: Module) -> Iterator[Match]:
    """Every stretch of such code; the cells of a notebook run each for itself."""
    for dead in module.file.dead_code:
        if not (module.notebook and dead.scope.kind == "module"):
            yield from _below_jump(module, dead.after, dead.first, dead.last, dead.scope)
    yield from _below_exit(module)


def _below_jump(module: Module, after: ast.stmt, first: ast.stmt, last: ast.stmt, scope: Scope) -> Iterator[Match]:
    if _is_yield(first) or (first is last and isinstance(first, ast.Pass)):
        return
    trivial = first is last and isinstance(first, ast.Return | ast.Raise | ast.Break | ast.Continue)
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        trivial = trivial or first is last
    if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef) and _yields_only_below(scope.node, first):
        trivial = True
    if isinstance(after, ast.Raise) and "SkipTest" in ast.unparse(after):
        trivial = True
    lines = (last.end_lineno or last.lineno) - first.lineno + 1
    message = f"{_count(lines)} below `{_JUMPS[type(after)]}` never {'runs' if lines == 1 else 'run'}"
    yield module.match(
        _span(module, first, last),
        message,
        confidence=Confidence.LOW if trivial else None,
        trail=[module.note(after, "control leaves here")],
        fix=None if trivial else removal(_span(module, first, last)),
    )


def removal(span: Span) -> Fix:
    """Statements taken away, and what only they used."""
    return Fix("remove what never runs", Safety.UNSAFE, (ReplaceStatements(span), DropUnused()))


def _yields_only_below(function: ast.FunctionDef | ast.AsyncFunctionDef, first: ast.stmt) -> bool:
    found = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Yield | ast.YieldFrom)]
    return bool(found) and min(found) >= first.lineno


def _below_exit(module: Module) -> Iterator[Match]:
    """Statements behind `sys.exit()` in the same block, the usual end of an interrupted debugging session."""
    for call in module.calls:
        if call.name not in _EXITS:
            continue
        statement = call.site.statement
        if not isinstance(statement, ast.Expr) or statement.value is not call.node:
            continue
        if module.notebook and call.scope.kind == "module":
            continue
        below = _following(module.file.parent(statement), statement)
        if below and not is_declaration(below) and not isinstance(below[0], ast.Return | ast.Raise):
            lines = line_count(below)
            message = f"{_count(lines)} below `{ast.unparse(statement)}` never {'runs' if lines == 1 else 'run'}"
            span = _span(module, below[0], below[-1])
            trail = [module.note(statement, "the program ends here")]
            yield module.match(span, message, trail=trail, fix=removal(span))


def _following(parent: ast.AST | None, statement: ast.stmt) -> list[ast.stmt]:
    for field in ("body", "orelse", "finalbody"):
        body = getattr(parent, field, None)
        if isinstance(body, list) and statement in body:
            return body[body.index(statement) + 1 :]
    return []


def _span(module: Module, first: ast.stmt, last: ast.stmt) -> Span:
    start, end = module.span(first), module.span(last)
    return Span(start.line, start.column, end.end_line, end.end_column)


def line_count(body: Sequence[ast.stmt]) -> int:
    """Lines from the first statement to the last, blank ones and comments included."""
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def is_declaration(body: Sequence[ast.stmt]) -> bool:
    """Imports for type checkers and packagers, or a `yield` that only makes a generator."""
    return all(
        isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass) or _is_yield(statement) for statement in body
    )


def _is_yield(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield | ast.YieldFrom)


def size(body: Sequence[ast.stmt]) -> str:
    """The same in words."""
    return _count(line_count(body))


def _count(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"
