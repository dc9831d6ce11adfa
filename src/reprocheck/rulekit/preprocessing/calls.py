"""Calls: functions and classes of the project are entered, others explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reprocheck.model.place import Span
from reprocheck.rulekit.preprocessing.models import FLUENT
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
    ClassValue,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Method,
    Named,
    Place,
    Scope,
    Step,
    Table,
    Value,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

_DEPTH = 14
"""Calls of the project's functions inside one another."""
_REPEATS = 12
"""Times that one function is entered in one run."""


class Calls:
    """Enters functions."""

    def __init__(self, run: Interpreter) -> None:
        """`run` follows whatever is met inside."""
        self._run = run
        self._running: list[FunctionValue] = []
        self._entered: dict[int, int] = {}
        self.made: dict[int, Instance] = {}
        """The last object of each class that a program made, by the class's identity."""

    def begin(self) -> None:
        """Start counting the repeats of functions anew."""
        self._entered = {}

    def apply(
        self, callee: Value, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str = ""
    ) -> Value:
        """What a call gives."""
        match callee:
            case FunctionValue():
                return self.enter(callee, positional, keywords)
            case ClassValue():
                return self.instance(callee, positional, keywords)
            case Method(function=FunctionValue() as function):
                if isinstance(callee.owner, Instance):
                    return self._bound(callee, function, positional, keywords)
                return self.enter(function, positional, keywords)
            case Instance():
                return self._call_instance(callee, positional, keywords, place, spelled)
            case Method(owner=Instance() as owner) if callee.name in FLUENT:
                return self._run.effects.models.same(owner, callee.name, positional)
            case Named() | Method() | Made() | Data():
                return self._run.effects.call(callee, positional, keywords, place, spelled)
        return Data("?")

    def _bound(
        self, method: Method, function: FunctionValue, positional: list[Value], keywords: dict[str, Value]
    ) -> Value:
        decorators = [item[-1] for item in function.form[4] if item[0] in {"n", "a"}]
        if "staticmethod" in decorators:
            return self.enter(function, positional, keywords)
        return self.enter(function, [method.owner, *positional], keywords)

    def _call_instance(
        self, instance: Instance, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str
    ) -> Value:
        if self._run.effects.models.is_model_class(instance.of):
            return self._run.effects.models.predict(instance, positional, keywords, place, spelled)
        function = self._run.method(instance.of, "__call__")
        if isinstance(function, FunctionValue):
            return self.enter(function, [instance, *positional], keywords)
        forward = self._run.method(instance.of, "forward")
        if isinstance(forward, FunctionValue):
            return self.enter(forward, [instance, *positional], keywords)
        return self._run.effects.call(Data(f"{instance.of.name}()"), positional, keywords, place, spelled)

    def instance(self, owner: ClassValue, positional: list[Value], keywords: dict[str, Value]) -> Instance:
        """A new object of a class of the project."""
        made = self.made[id(owner)] = Instance(owner)
        initialiser = self._run.method(owner, "__init__")
        if isinstance(initialiser, FunctionValue):
            self.enter(initialiser, [made, *positional], keywords)
        else:
            made.attributes.update(zip(owner.fields, positional, strict=False))
            made.attributes.update({name: value for name, value in keywords.items() if name != "**"})
        return made

    def enter(self, function: FunctionValue, positional: list[Value], keywords: dict[str, Value]) -> Value:
        """Follow a function of the project."""
        identity = id(function.form)
        times = self._entered.get(identity, 0)
        self._run.called.add(identity)
        if times >= _REPEATS or len(self._running) >= _DEPTH or any(f.form is function.form for f in self._running):
            return self._passed_through(function, positional)
        self._entered[identity] = times + 1
        self._run.entering(function)
        scope = Scope(function.path, function.scope)
        lambda_ = function.form[0] == "y"
        self._bind(function.form[1 if lambda_ else 2], positional, keywords, scope)
        self._running.append(function)
        self._run.uses.enter(function)
        try:
            if lambda_:
                return self._run.value(function.form[2], scope)
            return self._run.block(function.form[3], scope) or NOTHING
        finally:
            self._run.uses.leave()
            self._running.pop()

    def _passed_through(self, function: FunctionValue, positional: list[Value]) -> Value:
        data = next((item for item in positional if isinstance(item, Data)), None)
        if data is None:
            return Data(f"{function.name}()")
        place = data.place or Place(function.path, Span(1, 1, 1, 1))
        return data.then(Step(UNKNOWN_STEP, f"{function.name}(...)", place))

    def _bind(self, parameters: list[Any], positional: list[Value], keywords: dict[str, Value], scope: Scope) -> None:
        rest = list(positional)
        taken: set[str] = set()
        for name, default in parameters:
            if name.startswith("**"):
                others = {key: value for key, value in keywords.items() if key not in taken and key != "**"}
                scope.names[name[2:]] = Table(others, open="**" in keywords)
            elif name.startswith("*"):
                scope.names[name[1:]] = Many(rest, "tuple")
            elif name in keywords:
                scope.names[name] = keywords[name]
                taken.add(name)
            elif rest:
                scope.names[name] = rest.pop(0)
            elif default is not None:
                scope.names[name] = self._run.value(default, scope.around or scope)
            else:
                scope.names[name] = Data(f"parameter {name}")
