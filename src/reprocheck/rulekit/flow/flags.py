"""Which side of an `if` runs where the caller decides: `prepare(test, fit=False)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

Constants = Mapping[str, object]
"""Parameters that stand for a constant in a call."""


def constants_of(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, around: Constants) -> Constants:
    """Parameters that a call, or a default, gives a constant and that keep it; `around` are those of the caller."""
    if any(isinstance(given, ast.Starred) for given in call.args) or any(k.arg is None for k in call.keywords):
        return {}
    given = dict(_defaults(function.args))
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args) if a.arg not in {"self", "cls"}]
    given |= dict(zip(names, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    bound = {
        node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    found: dict[str, object] = {}
    for name, value in given.items():
        match value:
            case ast.Constant(value=constant) if name not in bound:
                found[name] = constant
            case ast.Name(id=other) if name not in bound and other in around:
                found[name] = around[other]
    return found


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        yield argument.arg, default
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            yield argument.arg, keyword


def holds(test: ast.expr, constants: Constants) -> bool | None:
    """Whether a condition on such parameters holds; None where that can't be told."""
    match test:
        case ast.Name(id=name) if name in constants:
            return bool(constants[name])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = holds(operand, constants)
            return None if inner is None else not inner
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[ast.Constant(value=other)]):
            if name in constants and isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
                return (constants[name] == other) is isinstance(operator, ast.Eq | ast.Is)
    return None


def ends(statement: ast.stmt, constants: Constants) -> bool:
    """Whether nothing behind a statement runs: a `return`, or the side of an `if` that is taken ends in one."""
    if isinstance(statement, ast.If):
        side = holds(statement.test, constants)
        taken = statement.body if side else statement.orelse
        return side is not None and bool(taken) and ends(taken[-1], constants)
    return isinstance(statement, ast.Return | ast.Raise)
