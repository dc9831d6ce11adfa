"""Statements: loops are gone through once, of a branch that constants don't decide both sides are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reprocheck.model.place import Span
from reprocheck.project.facts.outline import Form
from reprocheck.rulekit.preprocessing.arithmetic import computed, decided, indexed
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
    ClassValue,
    Const,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Place,
    Scope,
    Step,
    Table,
    Value,
    place_of,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

_LEVELS = 60
"""Statements inside one another."""


class Statements:
    """Follows statements."""

    def __init__(self, run: Interpreter) -> None:
        """`run` follows whatever is met inside."""
        self._run = run

    def block(self, body: Iterable[Form], scope: Scope, level: int = 0) -> Value | None:
        """Follow statements; the value returned, if any."""
        returned: list[Value] = []
        for form in body:
            kind = form[0]
            if kind == "r":
                returned.append(self._run.value(form[1], scope))
                break
            if kind == "x":
                break
            value = self._statement(kind, form, scope, level)
            if value is not None:
                returned.append(value)
        return _first_of(returned)

    def _statement(self, kind: str, form: Form, scope: Scope, level: int) -> Value | None:  # noqa: C901, PLR0912
        if level > _LEVELS:
            return None
        match kind:
            case "e":
                self._run.value(form[1], scope)
            case "=":
                value = self._run.value(form[2], scope)
                for target in form[1]:
                    self.assign(target, value, scope)
            case "+":
                left = self._run.value(form[1], scope)
                right = self._run.value(form[3], scope)
                self.assign(form[1], computed(form[2], left, right, place_of(form[4], scope)), scope)
            case "if":
                return self._branch(form, scope, level)
            case "for":
                return self._loop(form, scope, level)
            case "while":
                return self.block(form[1], scope, level + 1)
            case "with":
                quiet = False
                for context, target in form[1]:
                    value = self._run.value(context, scope)
                    quiet = self._run.uses.entered(value) or quiet
                    if target is not None:
                        self.assign(target, value, scope)
                returned = self.block(form[2], scope, level + 1)
                self._run.uses.left(quiet=quiet)
                return returned
            case "try":
                before = dict(scope.names)
                returned = self.block(form[1], scope, level + 1)
                after, scope.names = scope.names, before
                other = self.block(form[2], scope, level + 1)
                for name, value in scope.names.items():
                    after.setdefault(name, value)
                scope.names = after
                return returned if returned is not None else other
            case "import":
                for name, target in form[1]:
                    if name == "*":
                        scope.stars.append(target.removesuffix(".*"))
                    else:
                        scope.names[name] = self._run.names.imported(target, scope.path)
            case "def":
                function = FunctionValue(scope.path, form, scope)
                scope.names[form[1]] = function
                self._run.uses.defined(function, [self._run.value(item, scope) for item in form[4]])
            case "class":
                self._class(form, scope)
        return None

    def _class(self, form: Form, scope: Scope) -> None:
        inner = Scope(scope.path, scope)
        made = ClassValue(scope.path, form[1], [self._run.value(base, scope) for base in form[2]], inner)
        scope.names[form[1]] = made
        for item in form[3]:
            if item[0] == "def":
                function = FunctionValue(scope.path, item, scope, made)
                inner.names[item[1]] = function
                self._run.uses.defined(function, [self._run.value(decorator, inner) for decorator in item[4]])
            else:
                if item[0] == "field":
                    made.fields.append(item[1])
                elif item[0] == "=" and item[1][0][0] == "n":
                    made.fields.append(item[1][0][1])
                if item[0] != "field":
                    self._statement(item[0], item, inner, 1)

    def _branch(self, form: Form, scope: Scope, level: int) -> Value | None:
        test = form[1]
        if _is_main(test):
            return self.block(form[2], scope, level + 1)
        outcome = decided(self._run.value(test, scope))
        if outcome is not None:
            return self.block(form[2] if outcome else form[3], scope, level + 1)
        before = dict(scope.names)
        first = self.block(form[2], scope, level + 1)
        after, scope.names = scope.names, dict(before)
        second = self.block(form[3], scope, level + 1)
        ended = form[2] and form[2][-1][0] in {"r", "x"}
        if not ended:
            for name, value in after.items():
                other = scope.names.get(name)
                if other is None:
                    scope.names[name] = value
                elif other is not value:
                    scope.names[name] = self.either(value, other, before.get(name), scope.path)
        return _first_of([value for value in (first, second) if value is not None])

    def either(self, first: Value, second: Value, before: Value | None, path: str) -> Value:
        """A name with two values behind it."""
        if isinstance(first, Const) and first == second:
            return first
        if first == NOTHING:
            return second
        if second == NOTHING:
            return first
        if not isinstance(first, Data) and not isinstance(second, Data):
            return first if second is before else second
        data = first if isinstance(first, Data) else second
        other = second if data is first else first
        assert isinstance(data, Data)
        if not isinstance(other, Data):
            return data
        if _same_steps(data, other):
            return data
        longer = data if len(data.steps) >= len(other.steps) else other
        place = longer.steps[-1].place if longer.steps else Place(path, Span(1, 1, 1, 1))
        return longer.then(Step(UNKNOWN_STEP, "only under a condition", place))

    def _loop(self, form: Form, scope: Scope, level: int) -> Value | None:
        iterated = self._run.value(form[2], scope)
        items = self._run.effects.items.elements(iterated)
        returned = None
        for item in items[:3]:
            self.assign(form[1], item, scope)
            returned = self.block(form[3], scope, level + 1) or returned
        return returned

    def assign(self, target: Form, value: Value, scope: Scope) -> None:
        """Give a value to a name, an attribute, an item or several of them."""
        match target[0]:
            case "n":
                scope.names[target[1]] = value
            case "q":
                for position, item in enumerate(target[2]):
                    self.assign(item, indexed(value, Const(position)), scope)
            case "a":
                owner = self._run.value(target[1], scope)
                if target[2] in {"transform", "transforms"} and isinstance(_root_of(target[1], scope), Data):
                    self._transform_anew(target[1], value, scope)
                elif isinstance(owner, Instance | Made):
                    owner.attributes[target[2]] = value
                elif isinstance(owner, ClassValue):
                    owner.scope.names[target[2]] = value
            case "s":
                self._assign_item(target, value, scope)

    def _transform_anew(self, target: Form, transform: Value, scope: Scope) -> None:
        """`part.dataset.transform = other`: the data has other steps from here on."""
        data = _root_of(target, scope)
        assert isinstance(data, Data)
        scope.names[_root_name(target)] = self._run.effects.transforms.transformed(
            transform, Data(data.source, (), data.kind, data.place)
        )

    def _assign_item(self, target: Form, value: Value, scope: Scope) -> None:
        owner = self._run.value(target[1], scope)
        key = self._run.value(target[2], scope)
        if isinstance(owner, Table):
            if isinstance(key, Const):
                owner.items[key.value] = value
            else:
                owner.open = True
        elif isinstance(owner, Data):
            self.assign(
                target[1], self._run.effects.items.with_item(owner, key, value, place_of(target[3], scope)), scope
            )


def _root_name(form: Form) -> str:
    while form[0] in {"a", "s"}:
        form = form[1]
    return str(form[1]) if form[0] == "n" else ""


def _root_of(form: Form, scope: Scope) -> Value | None:
    """Value of the name that an attribute is read of, over any number of dots."""
    name = _root_name(form)
    return scope.find(name) if name else None


def _is_main(test: Form) -> bool:
    return bool(test[0] == "o" and test[2] == ["n", "__name__"])


def _same_steps(first: Data, second: Data) -> bool:
    return [step.key for step in first.steps] == [step.key for step in second.steps]


def _first_of(values: list[Value]) -> Value | None:
    """Of several returned values the one that tells most: data with steps before other data before constants."""
    if not values:
        return None
    known = [value for value in values if value != NOTHING]
    return max(known, key=_weight, default=NOTHING)


def _weight(value: Value) -> int:
    match value:
        case Data():
            return len(value.steps)
        case Many():
            return max((_weight(item) for item in value.items), default=0)
        case Const():
            return 0
    return 1
