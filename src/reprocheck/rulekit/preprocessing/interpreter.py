"""Follows values through the modules of a project, statement by statement, without running anything.

Constants are computed, calls of the project's own functions are entered, calls outside it are explained by the
catalog (`effects.py`). Loops are gone through once; of a branch that constants don't decide both sides are, and a
name that has two values behind it is data with an unknown step.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any

from reprocheck.model.place import Span
from reprocheck.project.facts.model import FileFacts
from reprocheck.project.facts.outline import Form, unpack
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.preprocessing.arithmetic import computed, decided, indexed
from reprocheck.rulekit.preprocessing.effects import FLUENT, Effects
from reprocheck.rulekit.preprocessing.uses import Uses
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
    Method,
    ModuleValue,
    Named,
    Place,
    Scope,
    Step,
    Table,
    Value,
)

_DEPTH = 14
"""Calls of the project's functions inside one another."""
_REPEATS = 12
"""Times that one function is entered in one run."""
_LEVELS = 60
_OF_TABLES = frozenset({"get", "items", "keys", "values", "pop", "copy", "update", "setdefault"})
_JOINS = frozenset({"numpy.c_", "numpy.r_"})
"""What joins arrays when it is indexed."""
_STARS = 4
"""Modules that are looked through behind one another for a name of `import *`."""
_BUILTINS = frozenset(dir(builtins))


class OutOfBudget(Exception):
    """The project is too large to be followed to its end."""


class Interpreter:
    """One following of one project."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, budget: int) -> None:
        """`catalog` explains what comes from outside the project; `budget` bounds the expressions looked at."""
        self.index = index
        self.catalog = catalog
        self.uses = Uses()
        self.effects = Effects(self)
        self._modules: dict[str, Scope] = {}
        self._running: list[FunctionValue] = []
        self._entered: dict[int, int] = {}
        self._left = budget
        self.called: set[int] = set()
        """Identities of functions' forms that something called."""

    # Modules and roots

    def module(self, path: str) -> Scope:
        """The names of a module, its body followed at the first question."""
        scope = self._modules.get(path)
        if scope is None:
            scope = self._modules[path] = Scope(path)
            facts = self.index.files.get(path)
            if isinstance(facts, FileFacts) and facts.outline:
                self.block(unpack(facts.outline), scope)
        return scope

    def begin(self, root: str) -> None:
        """Start counting the repeats of functions anew."""
        self._entered = {}
        self.uses.begin(root)

    def call_root(self, function: FunctionValue) -> Value:
        """Follow a function that nothing in the project calls, with parameters that aren't known."""
        arguments: list[Value] = []
        if function.owner is not None:
            made = self.instance(function.owner, [], {})
            arguments.append(made)
        returned = self.enter(function, arguments, {})
        self.effects.escapes([returned])
        return returned

    # Statements

    def block(self, body: Iterable[Form], scope: Scope, level: int = 0) -> Value | None:
        """Follow statements; the value returned, if any."""
        returned: list[Value] = []
        for form in body:
            kind = form[0]
            if kind == "r":
                returned.append(self.value(form[1], scope))
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
                self.value(form[1], scope)
            case "=":
                value = self.value(form[2], scope)
                for target in form[1]:
                    self._assign(target, value, scope)
            case "+":
                left = self.value(form[1], scope)
                right = self.value(form[3], scope)
                self._assign(form[1], computed(form[2], left, right, self._place(form[4], scope)), scope)
            case "if":
                return self._branch(form, scope, level)
            case "for":
                return self._loop(form, scope, level)
            case "while":
                return self.block(form[1], scope, level + 1)
            case "with":
                quiet = False
                for context, target in form[1]:
                    value = self.value(context, scope)
                    quiet = self.uses.entered(value) or quiet
                    if target is not None:
                        self._assign(target, value, scope)
                returned = self.block(form[2], scope, level + 1)
                self.uses.left(quiet=quiet)
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
                        scope.names[name] = self._imported(target, scope.path)
            case "def":
                function = FunctionValue(scope.path, form, scope)
                scope.names[form[1]] = function
                self.uses.defined(function, [self.value(item, scope) for item in form[4]])
            case "class":
                self._class(form, scope)
        return None

    def _class(self, form: Form, scope: Scope) -> None:
        inner = Scope(scope.path, scope)
        made = ClassValue(scope.path, form[1], [self.value(base, scope) for base in form[2]], inner)
        scope.names[form[1]] = made
        for item in form[3]:
            if item[0] == "def":
                function = FunctionValue(scope.path, item, scope, made)
                inner.names[item[1]] = function
                self.uses.defined(function, [self.value(decorator, inner) for decorator in item[4]])
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
        outcome = decided(self.value(test, scope))
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
                    scope.names[name] = self._either(value, other, before.get(name), scope.path)
        return _first_of([value for value in (first, second) if value is not None])

    def _either(self, first: Value, second: Value, before: Value | None, path: str) -> Value:
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
        iterated = self.value(form[2], scope)
        items = self.effects.elements(iterated)
        returned = None
        for item in items[:3]:
            self._assign(form[1], item, scope)
            returned = self.block(form[3], scope, level + 1) or returned
        return returned

    def _assign(self, target: Form, value: Value, scope: Scope) -> None:
        match target[0]:
            case "n":
                scope.names[target[1]] = value
            case "q":
                for position, item in enumerate(target[2]):
                    self._assign(item, indexed(value, Const(position)), scope)
            case "a":
                owner = self.value(target[1], scope)
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
        scope.names[_root_name(target)] = self.effects.transformed(
            transform, Data(data.source, (), data.kind, data.place)
        )

    def _assign_item(self, target: Form, value: Value, scope: Scope) -> None:
        owner = self.value(target[1], scope)
        key = self.value(target[2], scope)
        if isinstance(owner, Table):
            if isinstance(key, Const):
                owner.items[key.value] = value
            else:
                owner.open = True
        elif isinstance(owner, Data):
            self._assign(target[1], self.effects.with_item(owner, key, value, self._place(target[3], scope)), scope)

    # Expressions

    def value(self, form: Form, scope: Scope) -> Value:
        """What an expression stands for."""
        self._left -= 1
        if self._left < 0:
            raise OutOfBudget
        match form[0]:
            case "k":
                return Const(form[1])
            case "n":
                return self._name(form[1], scope)
            case "a":
                return self.attribute(self.value(form[1], scope), form[2])
            case "c":
                return self._call(form, scope)
            case "o":
                left, right = self.value(form[2], scope), self.value(form[3], scope)
                return computed(form[1], left, right, self._place(form[4], scope))
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
                if all(isinstance(part, Const) for part in parts):
                    return Const("".join(str(part.value) for part in parts if isinstance(part, Const)))
                return Data("text")
            case "i":
                outcome = decided(self.value(form[1], scope))
                if outcome is not None:
                    return self.value(form[2] if outcome else form[3], scope)
                first, second = self.value(form[2], scope), self.value(form[3], scope)
                return self._either(first, second, None, scope.path)
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
        items = self.effects.elements(self.value(form[3], scope))
        made: list[Value] = []
        for item in items[:40]:
            self._assign(form[2], item, inner)
            made.append(self.value(form[1], inner))
        if len(made) == 1 and isinstance(made[0], Data):
            return made[0]
        return Many(made) if made else Data("?")

    def _subscript(self, form: Form, scope: Scope) -> Value:
        base = self.value(form[1], scope)
        key = self.value(form[2], scope)
        if isinstance(base, Instance | Made | Data):
            return self.effects.item(base, key, self._place(form[3], scope))
        if isinstance(base, Named) and base.name in _JOINS and isinstance(key, Many):
            return next((item for item in key.items if isinstance(item, Data)), Data("?"))
        return indexed(base, key)

    def _name(self, name: str, scope: Scope) -> Value:
        found = scope.find(name)
        if found is not None:
            return found
        module: Scope = scope
        while module.around is not None:
            module = module.around
        outside = []
        for star in module.stars:
            path = self.index.symbols.modules.find(module.path, star)
            if path is None:
                outside.append(star)
            elif path != module.path:
                inner = self._exported(path, name, _STARS)
                if inner is not None:
                    return inner
        if len(outside) == 1 and name not in _BUILTINS:
            return Named(f"{outside[0]}.{name}")
        return Named(f"builtins.{name}")

    def _exported(self, path: str, name: str, hops: int) -> Value | None:
        """What `import *` of a module of the project brings by that name."""
        scope = self.module(path)
        found = scope.names.get(name)
        if found is not None or hops <= 0:
            return found
        for star in scope.stars:
            inner = self.index.symbols.modules.find(path, star)
            if inner is not None and inner != path:
                found = self._exported(inner, name, hops - 1)
                if found is not None:
                    return found
        return None

    def _imported(self, target: str, path: str) -> Value:
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        modules = self.index.symbols.modules
        for length in range(len(parts), 0, -1):
            found = modules.find(path, "." * dots + ".".join(parts[:length]))
            if found is not None and found != path:
                value: Value = ModuleValue(found)
                for part in parts[length:]:
                    value = self.attribute(value, part)
                return value
        if dots:
            found = modules.find(path, "." * dots)
            if found is not None and found != path:
                value = ModuleValue(found)
                for part in parts:
                    value = self.attribute(value, part)
                return value
        return Named(target)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        match owner:
            case Named():
                return Named(f"{owner.name}.{name}")
            case ModuleValue():
                scope = self.module(owner.path)
                found = scope.names.get(name)
                if found is not None:
                    return found
                beside = self.index.symbols.modules.find(owner.path, f".{name}")
                if owner.path.endswith("__init__.py") and beside is not None and beside != owner.path:
                    return ModuleValue(beside)
                return self._exported(owner.path, name, _STARS) or Data(f"{owner.path}.{name}")
            case Instance():
                found = owner.attributes.get(name)
                if found is not None:
                    return found
                method = self.method(owner.of, name)
                if isinstance(method, FunctionValue):
                    return Method(owner, name, method)
                return Method(owner, name) if isinstance(method, Method | Data) else method
            case ClassValue():
                member = self.method(owner, name)
                return Method(owner, name, member) if isinstance(member, FunctionValue) else member
            case Made():
                return owner.attributes.get(name) or Method(owner, name)
            case Table():
                found = owner.items.get(name)
                if found is None and owner.open and name not in _OF_TABLES:
                    return Data(f"?.{name}")
                return found if found is not None else Method(owner, name)
            case Const() | Many() | Data():
                return Method(owner, name)
        return Data(f"?.{name}")

    def method(self, owner: ClassValue, name: str, depth: int = 0) -> Value:
        """A member of a class or of its bases; a name of an external base where there is none."""
        found = owner.scope.names.get(name)
        if found is not None:
            return found
        for base in owner.bases:
            if isinstance(base, ClassValue) and depth < _DEPTH:
                inherited = self.method(base, name, depth + 1)
                if not isinstance(inherited, Data):
                    return inherited
            elif isinstance(base, Named):
                return Method(base, name)
        return Data(f"?.{name}")

    # Calls

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
        return self.apply(callee, positional, keywords, self._place(form[4], scope), _spelled(form[1]))

    def _super(self, scope: Scope) -> Value:
        instance = scope.find("self")
        return instance if isinstance(instance, Instance) else Data("super")

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
                return self.effects.same(owner, callee.name, positional)
            case Named() | Method() | Made() | Data():
                return self.effects.call(callee, positional, keywords, place, spelled)
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
        if self.effects.is_model_class(instance.of):
            return self.effects.predict(instance, positional, keywords, place, spelled)
        function = self.method(instance.of, "__call__")
        if isinstance(function, FunctionValue):
            return self.enter(function, [instance, *positional], keywords)
        forward = self.method(instance.of, "forward")
        if isinstance(forward, FunctionValue):
            return self.enter(forward, [instance, *positional], keywords)
        return self.effects.call(Data(f"{instance.of.name}()"), positional, keywords, place, spelled)

    def instance(self, owner: ClassValue, positional: list[Value], keywords: dict[str, Value]) -> Instance:
        """A new object of a class of the project."""
        made = Instance(owner)
        initialiser = self.method(owner, "__init__")
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
        self.called.add(identity)
        if times >= _REPEATS or len(self._running) >= _DEPTH or any(f.form is function.form for f in self._running):
            return self._passed_through(function, positional)
        self._entered[identity] = times + 1
        scope = Scope(function.path, function.scope)
        lambda_ = function.form[0] == "y"
        self._bind(function.form[1 if lambda_ else 2], positional, keywords, scope)
        self._running.append(function)
        self.uses.enter(function)
        try:
            if lambda_:
                return self.value(function.form[2], scope)
            return self.block(function.form[3], scope) or NOTHING
        finally:
            self.uses.leave()
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
                scope.names[name] = self.value(default, scope.around or scope)
            else:
                scope.names[name] = Data(f"parameter {name}")

    def _place(self, span: list[int], scope: Scope) -> Place:
        return Place(scope.path, Span(*span))


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


def _spelled(form: Form) -> str:
    """Last name of an expression that is called."""
    return str(form[1]) if form[0] == "n" else str(form[2]) if form[0] == "a" else ""


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


def _chosen(operator: str, values: list[Value]) -> Value:
    for value in values:
        outcome = decided(value)
        if outcome is None:
            return Data("?") if operator == "And" else value
        if outcome is (operator == "Or"):
            return value
    return values[-1]


__all__ = ["Interpreter", "Made", "OutOfBudget"]
