"""What a condition must come out as, whatever the program does: literals, contradictions, names bound once."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from reprocheck.rulekit import Kind, Scope


class Verdict(NamedTuple):
    """What a condition always is, and why."""

    value: bool
    reason: str
    """`literal`, `name` or `contradiction`."""
    culprit: ast.expr
    """The part that decides."""


_COMPARED: Final = 60
"""Parts of one `and` or `or` that are held against each other; longer ones are generated."""
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], object]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def verdict(test: ast.expr, scope: Scope) -> Verdict | None:
    """What a condition always is; None when it depends on anything."""
    match test:
        case ast.Constant():
            return None if _is_template(test.value) else Verdict(bool(test.value), "literal", test)
        case ast.Tuple():
            return Verdict(bool(test.elts), "literal", test)
        case ast.UnaryOp(op=ast.Not()):
            inner = verdict(test.operand, scope)
            return None if inner is None else Verdict(not inner.value, inner.reason, inner.culprit)
        case ast.Name():
            bound = bound_once(test.id, scope)
            return None if bound is None else Verdict(bool(bound.value), "name", test)
        case ast.BoolOp():
            return _of_parts(test, scope)
        case ast.Compare(ops=[op], comparators=[right]):
            return _of_comparison(test, op, right, scope)
    return None


def bound_once(name: str, scope: Scope) -> ast.Constant | None:
    """The literal that a function gives a name in its only binding, outside of branches and loops."""
    if scope.kind != "function" or name in scope.nonlocals:
        return None
    bindings = scope.bindings.get(name)
    if bindings is None or len(bindings) != 1 or not {"exec", "locals", "eval"}.isdisjoint(scope.uses):
        return None
    binding = bindings[0]
    if binding.kind is not Kind.ASSIGN or binding.branch is not None or binding.index is not None:
        return None
    return binding.value if isinstance(binding.value, ast.Constant) else None


def _of_parts(test: ast.BoolOp, scope: Scope) -> Verdict | None:
    """`x and False`, `x == "a" or "b"`, `x is None and x is not None`."""
    decisive = isinstance(test.op, ast.Or)
    known = [found for part in test.values if (found := verdict(part, scope)) is not None]
    for found in known:
        if found.value is decisive:
            return found
    if len(known) == len(test.values):
        return next((found for found in known if found.reason == "name"), known[0])
    for position, part in enumerate(test.values[:_COMPARED]):
        for other in test.values[:position]:
            if exclude(other, part) if not decisive else _cover(other, part):
                return Verdict(decisive, "contradiction", part)
    return None


def _of_comparison(test: ast.Compare, op: ast.cmpop, right: ast.expr, scope: Scope) -> Verdict | None:
    compare = _COMPARE.get(type(op))
    sides = [_constant(side, scope) for side in (test.left, right)]
    if compare is None or sides[0] is None or sides[1] is None:
        return None
    if _is_template(sides[0].value) or _is_template(sides[1].value):
        return None
    reason = "literal" if isinstance(test.left, ast.Constant) and isinstance(right, ast.Constant) else "name"
    try:
        return Verdict(bool(compare(sides[0].value, sides[1].value)), reason, test)
    except TypeError:
        return None


def _is_template(value: object) -> bool:
    """Whether a project generator will put something else here."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _constant(node: ast.expr, scope: Scope) -> ast.Constant | None:
    if isinstance(node, ast.Constant):
        return node
    return bound_once(node.id, scope) if isinstance(node, ast.Name) else None


def exclude(first: ast.expr, second: ast.expr) -> bool:
    """Whether both can't hold at once."""
    return _negates(first, second) or _tell_apart(first, second, (ast.Eq, ast.Is))


def _cover(first: ast.expr, second: ast.expr) -> bool:
    """Whether one of both always holds."""
    return _negates(first, second) or _tell_apart(first, second, (ast.NotEq, ast.IsNot))


def _tell_apart(first: ast.expr, second: ast.expr, operators: tuple[type[ast.cmpop], ...]) -> bool:
    """Whether both compare the same with different literals by one of these operators."""
    match first, second:
        case (
            ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=value)]),
            ast.Compare(left=other, ops=[other_op], comparators=[ast.Constant(value=other_value)]),
        ) if isinstance(op, operators) and isinstance(other_op, operators) and value != other_value:
            return settled(left) and settled(other) and ast.dump(left) == ast.dump(other)
    return False


def _negates(first: ast.expr, second: ast.expr) -> bool:
    for one, two in ((first, second), (second, first)):
        if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.Not) and settled(two):
            return ast.dump(one.operand) == ast.dump(two)
    match first, second:
        case ast.Compare(ops=[op], comparators=[right]), ast.Compare(ops=[other], comparators=[other_right]):
            if _OPPOSITE.get(type(op)) is type(other) and settled(first):
                sides = (first.left, right), (second.left, other_right)
                return [ast.dump(side) for side in sides[0]] == [ast.dump(side) for side in sides[1]]
    return False


def settled(node: ast.expr) -> bool:
    """Whether evaluating twice in a row gives the same: names, attributes and items, no calls."""
    return not any(
        isinstance(part, ast.Call | ast.Await | ast.NamedExpr | ast.Yield | ast.YieldFrom) for part in ast.walk(node)
    )
