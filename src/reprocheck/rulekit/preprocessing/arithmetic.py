"""Operators, truth and indexing on followed values."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from string import Formatter
from typing import Any

from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
    UNSURE,
    ClassValue,
    Const,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Method,
    ModuleValue,
    Named,
    Place,
    Step,
    Table,
    Value,
    plain,
)

_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
}
_SCALES = frozenset({"Add", "Sub", "Mult", "Div"})
_SIGNS = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/"}
_FILE = re.compile(r"[\w)-]\.\w{1,8}$")
"""The end of a name with an extension."""
_PLACEHOLDER = re.compile(r"%[sdif]")
_LONGEST = 2_000
"""Characters or parts of what is computed."""


def computed(sign: str, left: Value, right: Value, place: Place) -> Value:
    """The result of a binary operator; arithmetic of data and constants is a step."""
    if isinstance(left, Data) or isinstance(right, Data):
        return _of_data(sign, left, right, place)
    if sign in _COMPARISONS or sign in {"In", "NotIn"}:
        return _compared(sign, left, right)
    if isinstance(left, Const) and isinstance(right, Const):
        return _of_constants(sign, left, right)
    if isinstance(left, Many) and isinstance(right, Many) and sign == "Add":
        return Many([*left.items, *right.items][:_LONGEST], left.kind)
    return Data("?")


def _of_constants(sign: str, left: Const, right: Const) -> Value:
    function = _NUMBERS.get(sign)
    one, other = left.value, right.value
    if function is None or one is None or other is None:
        # Paths are joined by a slash.
        return Data("?")
    if isinstance(one, str) or isinstance(other, str):
        if sign == "Mod" and isinstance(one, str):
            return path_text(_PLACEHOLDER.sub(str(other), one, count=1))
        if sign == "Add" and isinstance(one, str) and isinstance(other, str) and len(one) + len(other) < _LONGEST:
            return Const(one + other)
        if sign == "Div":
            return Const(f"{one}/{other}")
        return Data("?")
    try:
        result = function(one, other)
    except (ArithmeticError, ValueError, TypeError):
        return Data("?")
    bounded = isinstance(result, int | float) and abs(result) < 1 << 62
    return Const(result) if bounded and math.isfinite(result) else Data("?")


def formatted(text: str, positional: list[Value], keywords: dict[str, Value]) -> Value:
    """`text.format(...)`, as far as it names a file; `{}` stands for what can't be told."""
    parts: list[str] = []
    try:
        fields = list(Formatter().parse(text[:_LONGEST]))
    except ValueError:
        return Data("text")
    for position, (before, name, _, _) in enumerate(fields):
        parts.append(before)
        if name is None:
            continue
        given = keywords.get(name)
        if given is None and (not name or name.isdecimal()):
            index = int(name) if name else position
            given = positional[index] if index < len(positional) else None
        parts.append(str(given.value) if isinstance(given, Const) else "{}")
    return path_text("".join(parts))


def path_text(text: str) -> Value:
    """A text that is put together, when it is the name of a file; other texts are compared with one another."""
    known = len(text) < _LONGEST and _FILE.search(text) is not None
    return Const(text) if known or "{" not in text else Data("text")


def _compared(sign: str, left: Value, right: Value) -> Value:
    if sign in {"Is", "IsNot"} and NOTHING in {_key(left), _key(right)}:
        other = right if _key(left) == NOTHING else left
        return Const((_key(other) == NOTHING) is (sign == "Is"))
    if sign in {"In", "NotIn"} and isinstance(left, Const):
        known = plain(right)
        if isinstance(known, list | dict | str):
            try:
                return Const((left.value in known) is (sign == "In"))
            except TypeError:
                return Data("?")
        return Data("?")
    if isinstance(left, Const) and isinstance(right, Const) and sign in _COMPARISONS:
        try:
            return Const(bool(_COMPARISONS[sign](left.value, right.value)))
        except TypeError:
            return Data("?")
    return Data("?")


def _key(value: Value) -> Value | None:
    return value if isinstance(value, Const) else None


def _of_data(sign: str, left: Value, right: Value, place: Place) -> Value:
    data, other = (left, right) if isinstance(left, Data) else (right, left)
    assert isinstance(data, Data)
    if sign in _COMPARISONS or sign in {"In", "NotIn"}:
        return Data("?")
    if isinstance(other, Data):
        statistic = _own_statistic(sign, left, right, place)
        if statistic is not None:
            return statistic
        # Arithmetic of two pieces of data: the one that went further goes on.
        longer = data if len(data.steps) >= len(other.steps) else other
        return longer.then(Step(UNKNOWN_STEP, f"... {_SIGNS.get(sign, sign)} ...", place)) if longer.steps else longer
    amount = plain(other)
    if sign in _SCALES and data is left and amount is not UNSURE:
        label = f"{_SIGNS[sign]} {_shown(amount)}"
        return data.then(Step("arithmetic", label, place, {"sign": sign, "amount": amount}))
    if sign == "Mult" and amount is not UNSURE:
        return data.then(Step("arithmetic", f"* {_shown(amount)}", place, {"sign": sign, "amount": amount}))
    if not data.steps and not data.kind:
        return data
    return data.then(Step(UNKNOWN_STEP, f"... {_SIGNS.get(sign, sign)} ...", place))


def _own_statistic(sign: str, left: Value, right: Value, place: Place) -> Value | None:
    """`x - x.mean()`: the data goes on, with a step that names the statistic."""
    if not isinstance(left, Data) or not isinstance(right, Data) or sign not in {"Sub", "Div"}:
        return None
    if right.source == left.source and right.steps and right.steps[-1].op == "statistic":
        return left.then(Step("own-statistics", f"{_SIGNS[sign]} {right.steps[-1].label}", place))
    return None


def _shown(amount: object) -> str:
    text = f"{amount:g}" if isinstance(amount, float) else str(amount)
    return text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 — the width of one line of a trail


def decided(value: Value) -> bool | None:
    """Whether a value is true; None when that can't be told."""
    match value:
        case Const():
            return bool(value.value)
        case Many() | Table():
            return bool(value.items)
        case Instance() | Made() | FunctionValue() | ClassValue() | ModuleValue():
            return True
    return None


def indexed(value: Value, key: Value) -> Value:
    """`value[key]` of what is not an object."""
    match value, key:
        case Many(), Const(value=int() as position) if -len(value.items) <= position < len(value.items):
            return value.items[position]
        case Many(), Many(kind="slice"):
            bounds = plain(key)
            # Texts and fractions as bounds are other code's, such as columns of a table that was taken for a list.
            if bounds is UNSURE or not all(bound is None or isinstance(bound, int) for bound in bounds):
                return Data("?")
            try:
                return Many(value.items[slice(*bounds)], value.kind)
            except (TypeError, ValueError):  # more bounds than three, or a step of zero
                return Data("?")
        case Table(), Const():
            found = value.items.get(key.value)
            return found if found is not None else Data("?")
        case Table(), _:
            return next(iter(value.items.values())) if len(value.items) == 1 else Data("?")
        case ((Data() | Made()), _):
            # Part of what was loaded: it came from the same file.
            return value
        case ((Named() | Method()), _):
            return Data("?")
    return Data("?")
