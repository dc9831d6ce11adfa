"""Expressions: constants are computed, data goes through its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.project.facts.outline import Form
from reprocheck.rulekit.preprocessing.arithmetic import computed, decided, indexed, path_text
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    Const,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Named,
    Scope,
    Table,
    Value,
    place_of,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

_JOINS = frozenset({"numpy.c_", "numpy.r_"})
"""What joins arrays when it is indexed."""


class OutOfBudget(Exception):
    """The project is too large to be followed to its end."""


class Expressions:
    """Tells what expressions stand for."""

    def __init__(self, run: Interpreter) -> None:
        """`run` follows whatever is met inside."""
        self._run = run
        self.spent = 0
        """Expressions that were looked at."""

    def value(self, form: Form, scope: Scope) -> Value:
        """What an expression stands for."""
        self.spent += 1
        if self.spent > self._run.budget:
            raise OutOfBudget
        match form[0]:
            case "k":
                return Const(form[1])
            case "n":
                return self._run.names.name(form[1], scope)
            case "a":
                return self._run.attribute(self.value(form[1], scope), form[2])
            case "c":
                return self._call(form, scope)
            case "o":
                left, right = self.value(form[2], scope), self.value(form[3], scope)
                return computed(form[1], left, right, place_of(form[4], scope))
            case "s":
                return self._subscript(form, scope)
            case "q":
                return Many([self.value(item, scope) for item in form[2]], form[1])
            case "d":
                return self._table(form, scope)
            case _:
                return self._other(form, scope)

    def _other(self, form: Form, scope: Scope) -> Value:
        match form[0]:
            case "u":
                inner = self.value(form[2], scope)
                if form[1] == "USub" and isinstance(inner, Const) and isinstance(inner.value, int | float):
                    return Const(-inner.value)
                outcome = decided(inner) if form[1] == "Not" else None
                return Const(not outcome) if outcome is not None else Data("?")
            case "b":
                values = [self.value(item, scope) for item in form[2]]
                return _chosen(form[1], values)
            case "f":
                parts = [self.value(item, scope) for item in form[1]]
                return path_text("".join(str(part.value) if isinstance(part, Const) else "{}" for part in parts))
            case "i":
                outcome = decided(self.value(form[1], scope))
                if outcome is not None:
                    return self.value(form[2] if outcome else form[3], scope)
                first, second = self.value(form[2], scope), self.value(form[3], scope)
                return self._run.statements.either(first, second, None, scope.path)
            case "y":
                return FunctionValue(scope.path, form, scope)
            case "m":
                return self._comprehension(form, scope)
            case "v":
                value = self.value(form[2], scope)
                scope.names[form[1]] = value
                return value
            case "l":
                return Many([NOTHING if part is None else self.value(part, scope) for part in form[1:]], "slice")
        return Data("?")

    def _table(self, form: Form, scope: Scope) -> Value:
        table = Table({})
        for key, item in form[1]:
            value = self.value(item, scope)
            known = self.value(key, scope) if key is not None else None
            if isinstance(known, Const):
                table.items[known.value] = value
            elif key is None and isinstance(value, Table):
                table.items.update(value.items)
            else:
                table.open = True
        return table

    def _comprehension(self, form: Form, scope: Scope) -> Value:
        inner = Scope(scope.path, scope)
        items = self._run.effects.items.elements(self.value(form[3], scope))
        made: list[Value] = []
        for item in items[:40]:
            self._run.statements.assign(form[2], item, inner)
            made.append(self.value(form[1], inner))
        if len(made) == 1 and isinstance(made[0], Data):
            return made[0]
        return Many(made) if made else Data("?")

    def _subscript(self, form: Form, scope: Scope) -> Value:
        base = self.value(form[1], scope)
        key = self.value(form[2], scope)
        if isinstance(base, Instance | Made | Data):
            return self._run.effects.items.item(base, key, place_of(form[3], scope))
        if isinstance(base, Named) and base.name in _JOINS and isinstance(key, Many):
            return next((item for item in key.items if isinstance(item, Data)), Data("?"))
        return indexed(base, key)

    def _call(self, form: Form, scope: Scope) -> Value:
        callee = self.value(form[1], scope)
        positional: list[Value] = []
        for item in form[2]:
            if item[0] == "*":
                inner = self.value(item[1], scope)
                positional += inner.items if isinstance(inner, Many) else [inner]
            else:
                positional.append(self.value(item, scope))
        keywords: dict[str, Value] = {}
        for name, item in form[3]:
            value = self.value(item, scope)
            if name != "**":
                keywords[name] = value
            elif isinstance(value, Table):
                keywords.update({str(key): inner for key, inner in value.items.items()})
                if value.open:
                    keywords["**"] = value
            else:
                keywords["**"] = value
        if isinstance(callee, Named) and callee.name == "builtins.super":
            return self._super(scope)
        return self._run.apply(callee, positional, keywords, place_of(form[4], scope), _spelled(form[1]))

    def _super(self, scope: Scope) -> Value:
        instance = scope.find("self")
        return instance if isinstance(instance, Instance) else Data("super")


def _spelled(form: Form) -> str:
    """Last name of an expression that is called."""
    return str(form[1]) if form[0] == "n" else str(form[2]) if form[0] == "a" else ""


def _chosen(operator: str, values: list[Value]) -> Value:
    for value in values:
        outcome = decided(value)
        if outcome is None:
            return Data("?") if operator == "And" else value
        if outcome is (operator == "Or"):
            return value
    return values[-1]
