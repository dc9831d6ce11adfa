"""What an entry point executes, in order: which random families are drawn from, what seeds them before.

Execution is followed through calls, methods, constructors, callbacks and imports, under the defaults of all options. A
function that can't matter is not entered: what matters is found first, backwards over the call graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from reprocheck.model.place import Span
from reprocheck.project.facts.model import (
    Argument,
    Call,
    Exit,
    FileFacts,
    Function,
    GuardKind,
    Import,
    TestKind,
    Value,
    ValueKind,
)
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.evaluate import UNKNOWN, Frame, Known, Result
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.index.symbols import ClassRef, External, FunctionRef, Instance, ModuleRef, Symbol
from reprocheck.rulekit.catalog import Catalog, CatalogEntry

_FUNCTION_LIMIT = 3
"""Times that one function is followed with different arguments in one run."""
_MOST_STEPS = 6_000
"""Events looked at in one run. Programs of public repositories need 1,100 at most; more are a library at work."""
_LEAST_STEPS = 1_000
"""Events that every run may look at, when the runs before it have used up what the project allows."""
_STEPS = 100_000
"""Events looked at in all runs together: some two seconds."""
_CALL_DEPTH = 60
_NAMESAKES = 3
"""Methods of one name that a call on an unknown receiver may mean."""
_HANDED_ON = 8
"""Calls through which something is handed on as an argument."""
_COMMON_METHODS = frozenset(
    {"get", "add", "append", "update", "items", "keys", "values", "copy", "close", "read", "write"}
)
_CALLS_NOTHING = "index-sampler"
"""Role of code that never calls what it is given."""
RUNS_CALLBACKS = "runs-callbacks"
"""Role of code that calls the functions it is given; other code may or may not."""
_HANDS_ON = frozenset({RUNS_CALLBACKS})
"""Roles that matter only through what is handed over."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step on the way from the entry to an event."""

    path: str
    span: Span
    name: str
    """What is called or imported there."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A call to something that the catalog knows, as it happens in a run."""

    name: str
    """Canonical name."""
    entry: CatalogEntry
    path: str
    call: Call
    hops: tuple[Hop, ...]
    """From the entry point down; the call itself is not among them."""
    frame: Frame
    active: bool
    """False where a condition keeps it from running under the defaults."""
    certain: bool
    """False where a condition could not be told, or the receiver was guessed."""
    guard: Span | None
    """The condition that keeps it from running, or that could not be told."""
    guard_path: str = ""
    """File of that condition."""
    callback: bool = False
    """Whether it lies in a function that was handed to code which may or may not call it."""
    refused: bool = False
    """Whether the program ends before with an error unless some option is given."""


@dataclass(slots=True)
class Run:
    """What happens when an entry point runs with its defaults."""

    entry: Entry
    happenings: list[Happening] = field(default_factory=list)
    complete: bool = True
    """False where the limits cut the following short."""
    unresolved: int = 0
    """Calls in the project's own code whose target could not be told."""


@dataclass(frozen=True, slots=True)
class _Linked:
    """An event of a function that matters."""

    event: Call | Import | Exit
    name: str = ""
    entry: CatalogEntry | None = None
    targets: tuple[FunctionRef, ...] = ()
    callbacks: tuple[FunctionRef, ...] = ()
    carried: tuple[FunctionRef, ...] = ()
    """What a function of the project is handed, and may call or hand on."""
    guessed: bool = False
    bound: bool = False
    """Whether the first parameter of the target is the instance."""


class Execution:
    """Follows runs of one project; what is linked once serves all runs."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, roles: frozenset[str]) -> None:
        """`roles` are those of catalog names that matter."""
        self._index = index
        self._symbols = index.symbols
        self._catalog = catalog
        self._roles = roles
        self._links: dict[tuple[str, int], tuple[_Linked, ...]] = {}
        self._matters: dict[tuple[str, int], bool] = {}
        self._relevant: dict[tuple[str, int], tuple[_Linked, ...]] = {}
        self._steps_left = _STEPS

    def run(self, entry: Entry) -> Run:
        """Follow one entry point."""
        self._explore(entry)
        follower = _Follower(self, entry, max(_LEAST_STEPS, min(_MOST_STEPS, self._steps_left)))
        follower.follow()
        self._steps_left -= follower.steps
        return follower.run

    # Linking

    def _explore(self, entry: Entry) -> None:
        """Link all functions that the entry can reach, then find backwards which of them matter.

        What an earlier entry reached is known already: the graph of a project is walked once, however many entries
        share it.
        """
        start = [(entry.path, 0)] if entry.function == 0 else [(entry.path, 0), (entry.path, entry.function)]
        callers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        stack = [key for key in start if key not in self._matters]
        new: set[tuple[str, int]] = set(stack)
        front: set[tuple[str, int]] = set()
        while stack:
            key = stack.pop()
            for linked in self.links(key):
                if self._is_event(linked):
                    front.add(key)
                for target in (*linked.targets, *linked.callbacks, *linked.carried):
                    if target.key in self._matters:
                        if self._matters[target.key]:
                            front.add(key)
                        continue
                    callers.setdefault(target.key, []).append(key)
                    if target.key not in new:
                        new.add(target.key)
                        stack.append(target.key)
        matters = set(front)
        waiting = list(front)
        while waiting:
            for caller in callers.get(waiting.pop(), ()):
                if caller not in matters:
                    matters.add(caller)
                    waiting.append(caller)
        self._matters.update({key: key in matters for key in new})

    def relevant(self, key: tuple[str, int]) -> tuple[_Linked, ...]:
        """Events of a function that matter, each with the targets that do, and the exits among them."""
        found = self._relevant.get(key)
        if found is None:
            found = tuple(
                replace(linked, targets=tuple(target for target in linked.targets if self.matters(target.key)))
                for linked in self.links(key)
                if linked.entry is not None
                or isinstance(linked.event, Exit)
                or linked.name.startswith("@")
                or any(self.matters(t.key) for t in (*linked.targets, *linked.callbacks, *linked.carried))
            )
            self._relevant[key] = found
        return found

    def _is_event(self, linked: _Linked) -> bool:
        """Whether a call may matter by itself; that of a parameter does by what the parameter is."""
        if linked.entry is not None:
            return not linked.entry.roles <= _HANDS_ON
        return linked.name.startswith("@")

    def matters(self, key: tuple[str, int]) -> bool:
        """Whether a function can lead to something that matters."""
        return self._matters.get(key, False)

    def links(self, key: tuple[str, int]) -> tuple[_Linked, ...]:
        """Events of a function with what they reach."""
        linked = self._links.get(key)
        if linked is None:
            path, index = key
            facts = self._index.files[path]
            linked = tuple(self._link_all(facts, facts.functions[index]))
            self._links[key] = linked
        return linked

    def _link_all(self, facts: FileFacts, function: Function) -> Iterator[_Linked]:
        for event in function.events:
            match event:
                case Call():
                    linked = self._link_call(facts, function, event)
                    if linked is not None:
                        yield linked
                case Import():
                    targets = tuple(self._imported(facts.path, event.target))
                    if targets:
                        yield _Linked(event, event.target, None, targets)
                case Exit():
                    yield _Linked(event)

    def _imported(self, path: str, target: str) -> Iterator[FunctionRef]:
        """Bodies of the project's modules that an import runs."""
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        for length in range(1, len(parts) + 1):
            found = self._symbols.modules.find(path, "." * dots + ".".join(parts[:length]))
            if found is not None and found != path:
                yield self._symbols.table(found).functions[""]

    def _link_call(self, facts: FileFacts, function: Function, call: Call) -> _Linked | None:
        callbacks = tuple(self._handed_over(facts.path, call))
        callee = call.callee
        if callee.startswith(("self.", "builtins.super")):
            targets = tuple(self._own_method(facts.path, function, callee))
            if targets:
                return _Linked(call, callee, None, targets, (), callbacks, bound=True)
            return _Linked(call, callee, None, (), callbacks, bound=True) if callbacks else None
        if callee[0] == "@":
            return _Linked(call, callee, None, (), callbacks)
        if callee[0] == "?":
            return self._link_unknown(facts.path, call, callbacks)
        symbol = self._symbols.resolve(facts.path, callee)
        match symbol:
            case External(name="tensorflow.app.run" | "tensorflow.compat.v1.app.run") if not call.arguments:
                main = self._symbols.table(facts.path).functions.get("main")
                return _Linked(call, callee, None, (main,)) if main is not None else None
            case External(name="hydra.utils.instantiate" | "hydra.utils.call" | "hydra.utils.get_class"):
                return self._link_instantiation(call)
            case External():
                name = self._catalog.canonical(symbol.name)
                entry = self._catalog.entry(name)
                known = entry if entry is not None and not entry.roles.isdisjoint(self._roles) else None
                return _Linked(call, name, known, (), callbacks) if known is not None or callbacks else None
            case FunctionRef():
                is_bound = symbol.function.method and "()" in callee
                return _Linked(
                    call, callee, None, (symbol,), (), tuple(self._carried(facts.path, call)), bound=is_bound
                )
            case ClassRef():
                return self._link_class(call, symbol, callbacks)
            case Instance():
                targets = tuple(self._instance_call(symbol.of))
                return _Linked(call, callee, None, targets, (), callbacks, bound=True) if targets else None
        inherited = self._inherited(facts.path, callee)
        if inherited is not None:
            name = self._catalog.canonical(inherited)
            entry = self._catalog.entry(name)
            if entry is not None and not entry.roles.isdisjoint(self._roles):
                return _Linked(call, name, entry, (), callbacks)
        # A method of what the project's own function returned: as good as one of an unknown object.
        return self._link_unknown(facts.path, call, callbacks)

    def _link_instantiation(self, call: Call) -> _Linked | None:
        """Classes of the project that Hydra makes from `_target_` keys of the configuration group that is named."""
        value = call.arguments[0].value if call.arguments else None
        group = value.path.rpartition(".")[2] if value is not None else ""
        if not group:
            return None
        files: dict[str, list[str]] = {}
        for path, key, named in self._instantiated:
            if f"/{group}/" in f"/{path}" or f".{group}." in f".{key}":
                files.setdefault(path, []).append(named)
        targets: list[FunctionRef] = []
        hooks: list[FunctionRef] = []
        for names in files.values():
            for name in names:
                symbol = self._symbols.resolve("", name)
                if isinstance(symbol, ClassRef):
                    made = self._symbols.method(symbol, "__init__")
                    targets.extend([made] if made is not None else [])
                    hooks.extend(self._hooks(symbol))
        if not targets and not hooks:
            return None
        return _Linked(call, group, None, tuple(targets), tuple(hooks), guessed=len(files) > 1, bound=True)

    @cached_property
    def _instantiated(self) -> list[tuple[str, str, str]]:
        """File, key and value of the settings that name a class for Hydra to make."""
        return [
            (path, setting.key, setting.value)
            for path, document in self._index.documents.items()
            for setting in document.settings
            if setting.key.endswith("_target_") and isinstance(setting.value, str)
        ]

    def _link_class(self, call: Call, owner: ClassRef, callbacks: tuple[FunctionRef, ...]) -> _Linked | None:
        targets = [
            method for name in ("__init__", "__post_init__", "setup") if (method := self._symbols.method(owner, name))
        ]
        for base in self._symbols.external_bases(owner):
            name = self._catalog.canonical(base)
            entry = self._catalog.entry(name)
            if entry is not None and not entry.roles.isdisjoint(self._roles) and not targets:
                return _Linked(call, name, entry, (), callbacks)
        if targets:
            return _Linked(call, owner.definition.name, None, tuple(targets), (), callbacks, bound=True)
        return _Linked(call, owner.definition.name, None, (), callbacks, bound=True) if callbacks else None

    def _link_unknown(self, path: str, call: Call, callbacks: tuple[FunctionRef, ...]) -> _Linked | None:
        name = call.callee.rpartition(".")[2]
        if "." in call.callee.lstrip("."):
            entry = self._catalog.entry(f"?.{name}")
            if entry is not None and not entry.roles.isdisjoint(self._roles):
                return _Linked(call, f"?.{name}", entry, (), callbacks, guessed=True)
            everywhere = self._symbols.methods_named(name)
            # Who calls a method on something unknown most likely means one that stands in the same file.
            namesakes = [method for method in everywhere if method.path == path] or everywhere
            if 0 < len(namesakes) <= _NAMESAKES and name not in _COMMON_METHODS:
                return _Linked(call, name, None, tuple(namesakes), callbacks, guessed=True, bound=True)
        return _Linked(call, name, None, (), callbacks) if callbacks else None

    def _own_method(self, path: str, function: Function, callee: str) -> Iterator[FunctionRef]:
        owner_name = function.name.rpartition(".")[0]
        owner = self._symbols.table(path).classes.get(owner_name)
        name = callee.rpartition(".")[2]
        if owner is None or not name:
            return
        if callee.startswith("builtins.super"):
            ancestors = list(self._symbols.ancestry(owner))[1:]
            for ancestor in ancestors:
                method = self._symbols.table(ancestor.path).functions.get(f"{ancestor.definition.name}.{name}")
                if method is not None:
                    yield method
                    return
            return
        method = self._symbols.method(owner, name)
        if method is not None:
            yield method
            return
        for subclass in self._symbols.subclasses(owner):
            overriding = self._symbols.method(subclass, name)
            if overriding is not None:
                yield overriding

    def _inherited(self, path: str, callee: str) -> str | None:
        """Name of a method that a class of the project has from an external base."""
        owner_name, _, method = callee.rpartition(".")
        if not owner_name.strip("."):
            return None
        owner = self._symbols.resolve(path, owner_name)
        if isinstance(owner, Instance):
            owner = owner.of
        if not isinstance(owner, ClassRef):
            return None
        bases = sorted(self._symbols.external_bases(owner))
        return f"{bases[0]}.{method}" if bases else None

    def _instance_call(self, owner: ClassRef) -> Iterator[FunctionRef]:
        for name in ("forward", "call", "__call__"):
            method = self._symbols.method(owner, name)
            if method is not None:
                yield method
                return

    def _handed_over(self, path: str, call: Call) -> Iterator[FunctionRef]:
        """Functions of the project, and methods of its objects, that a call is given."""
        for argument in call.arguments:
            value = argument.value
            if value is None or value.kind is not ValueKind.NAME:
                continue
            name = str(value.value)
            if not name.startswith("builtins."):
                yield from self.callable_as(self._symbols.resolve(path, name))

    def _carried(self, path: str, call: Call) -> Iterator[FunctionRef]:
        """What a function of the project can call because a call hands it over, constructors of classes included."""
        yield from self._handed_over(path, call)
        for argument in call.arguments:
            value = argument.value
            if value is not None and value.kind is ValueKind.NAME:
                symbol = self._symbols.resolve(path, str(value.value))
                if isinstance(symbol, ClassRef):
                    made = self._symbols.method(symbol, "__init__")
                    yield from (made,) if made is not None else ()

    def callable_as(self, symbol: Symbol) -> Iterator[FunctionRef]:
        """What code that gets hold of something can call."""
        if isinstance(symbol, FunctionRef):
            yield symbol
        elif isinstance(symbol, Instance):
            yield from self._hooks(symbol.of)

    def bound_to(self, name: str, frame: Frame) -> tuple[Symbol, str]:
        """What a parameter stands for in a call, and the name under which it was given."""
        for _ in range(_HANDED_ON):
            bound = frame.arguments.get(name)
            if bound is None or bound.value is None or bound.value.path:
                break
            if bound.value.kind is ValueKind.NAME:
                given = str(bound.value.value)
                return self._symbols.resolve(bound.path, given), given
            if bound.value.kind is not ValueKind.PARAMETER or bound.frame is None:
                break
            name, frame = str(bound.value.value), bound.frame
        return None, ""

    def link_parameter(self, call: Call, frame: Frame) -> _Linked | None:
        """The call of a parameter, by what the parameter stands for."""
        symbol, given = self.bound_to(call.callee[1:], frame)
        match symbol:
            case External():
                name = self._catalog.canonical(symbol.name)
                entry = self._catalog.entry(name)
                return _Linked(call, name, entry) if entry is not None and self._roles & entry.roles else None
            case FunctionRef():
                return _Linked(call, given, None, (symbol,), bound=symbol.function.method and "()" in given)
            case ClassRef():
                return self._link_class(call, symbol, ())
            case Instance():
                return _Linked(call, given, None, tuple(self._instance_call(symbol.of)), bound=True)
        return None

    def _hooks(self, owner: ClassRef) -> Iterator[FunctionRef]:
        for ancestor in self._symbols.ancestry(owner):
            for method in self._symbols.own_methods(ancestor):
                if not method.function.name.endswith("__init__"):
                    yield method

    # For followers

    @property
    def index(self) -> ProjectIndex:
        """The project."""
        return self._index


class _Follower:
    """One run."""

    def __init__(self, execution: Execution, entry: Entry, limit: int) -> None:
        self._execution = execution
        self._limit = limit
        self.steps = 0
        self._evaluator = execution.index.evaluator
        self._visits: dict[tuple[str, int], int] = {}
        self._seen: set[tuple[tuple[str, int], tuple[tuple[str, Result], ...], bool]] = set()
        self._ran: set[tuple[str, int]] = set()
        """Functions and modules that ran under the defaults; a second import of a module does nothing."""
        self.run = Run(entry)

    def follow(self) -> None:
        entry = self.run.entry
        table = self._execution.index.symbols.table(entry.path)
        body = table.functions[""]
        frame = Frame(entry.path, {}, _config_stem(body.function))
        self._visit(body, frame, (), _Condition(), is_main=True)
        if entry.function:
            function = table.facts.functions[entry.function]
            self._visit(FunctionRef(entry.path, entry.function, function), frame, (), _Condition(), is_main=True)

    def _visit(
        self, target: FunctionRef, frame: Frame, hops: tuple[Hop, ...], condition: _Condition, *, is_main: bool
    ) -> None:
        key = target.key
        if not self._worth_visiting(key) or len(hops) > _CALL_DEPTH:
            return
        state = (key, self._bound_constants(frame), condition.active)
        if state in self._seen:
            return
        self._seen.add(state)
        self._visits[key] = self._visits.get(key, 0) + 1
        if condition.active:
            self._ran.add(key)
        visit = _Visit(frame, is_main, {})
        for linked in self._execution.relevant(key):
            if isinstance(linked.event, Import) and all(reached.key in self._ran for reached in linked.targets):
                continue
            if not self._can_add(linked):
                continue
            self.steps += 1
            if self.steps > self._limit:
                self.run.complete = False
                return
            around = self._around(target, linked.event, visit)
            if not around.reached:
                continue
            here = condition.inside(around, target.path)
            if isinstance(linked.event, Exit):
                if not around.decided:
                    continue
                if linked.event.raises and here.active and here.certain:
                    condition = condition._replace(refused=True)
                elif here.active and here.certain and condition.active and condition.certain:
                    # What follows never runs under the defaults; an option may still bring it to life.
                    condition = condition._replace(
                        active=False, guard=_guard_span(target, linked.event), path=target.path
                    )
                continue
            self._happen(target, linked, frame, hops, here)

    def _can_add(self, linked: _Linked) -> bool:
        """Whether an event is more than calls to what was followed often enough: most are, and stop here."""
        if linked.entry is not None or isinstance(linked.event, Exit) or linked.name.startswith("@"):
            return True
        return any(self._worth_visiting(reached.key) for reached in (*linked.targets, *linked.callbacks))

    def _worth_visiting(self, key: tuple[str, int]) -> bool:
        return self._execution.matters(key) and self._visits.get(key, 0) < _FUNCTION_LIMIT

    def _bound_constants(self, frame: Frame) -> tuple[tuple[str, Result], ...]:
        known = []
        for name, bound in frame.arguments.items():
            value = self._evaluator.value(bound.value, bound.frame or Frame(bound.path))
            if value is not UNKNOWN:
                known.append((name, value))
        return tuple(known)

    def _around(self, target: FunctionRef, event: Call | Import | Exit, visit: _Visit) -> _Around:
        """What the conditions around an event come to; each is told once in a visit, however many events it is around.

        Branches of a generated dispatcher are thousands deep, since an `elif` lies in the `if` before it.
        """
        guards = target.function.guards
        position = (event.guard, event.side)
        inner: list[tuple[int, bool]] = []
        while position[0] >= 0 and position not in visit.around:
            inner.append(position)
            guard = guards[position[0]]
            position = (guard.parent, guard.parent_side)
        around = visit.around[position] if position[0] >= 0 else _Around()
        for index, side in reversed(inner):
            guard = guards[index]
            is_if = guard.kind is GuardKind.IF
            around = around._replace(decided=around.decided and is_if)
            if is_if and guard.test is not None:
                outcome = self._evaluator.test(guard.test, visit.frame, is_main=visit.is_main)
                if outcome is None:
                    around = around._replace(untold=guard.span)
                elif outcome is not side:
                    is_main_guard = guard.test.kind is TestKind.MAIN
                    around = around._replace(
                        reached=around.reached and not is_main_guard, untrue=around.untrue or guard.span
                    )
            visit.around[index, side] = around
        return around

    def _happen(
        self, target: FunctionRef, linked: _Linked, frame: Frame, hops: tuple[Hop, ...], condition: _Condition
    ) -> None:
        event = linked.event
        if isinstance(event, Exit):
            return
        if linked.name.startswith("@") and isinstance(event, Call):
            called = self._execution.link_parameter(event, frame)
            linked = called if called is not None else linked
        if linked.guessed:
            condition = condition._replace(certain=False)
        if linked.entry is not None and isinstance(event, Call):
            self.run.happenings.append(
                Happening(
                    name=linked.name,
                    entry=linked.entry,
                    path=target.path,
                    call=event,
                    hops=hops,
                    frame=frame,
                    active=condition.active,
                    certain=condition.certain,
                    guard=condition.guard,
                    guard_path=condition.path,
                    callback=condition.callback,
                    refused=condition.refused,
                )
            )
        hop = Hop(target.path, event.span, linked.name)
        for reached in linked.targets:
            if not self._worth_visiting(reached.key):
                continue
            if isinstance(event, Import):
                self._visit(reached, Frame(reached.path), (*hops, hop), condition, is_main=False)
            else:
                inner = self._bind(reached, event, frame, bound=linked.bound)
                self._visit(reached, inner, (*hops, hop), condition, is_main=False)
        if linked.entry is not None and _CALLS_NOTHING in linked.entry.roles:
            return
        calls_back = linked.entry is not None and RUNS_CALLBACKS in linked.entry.roles
        for callback in (*linked.callbacks, *self._handed_on(linked, frame)):
            if self._worth_visiting(callback.key):
                handed = condition if calls_back else condition._replace(callback=True)
                self._visit(callback, Frame(callback.path, {}, frame.config_stem), (*hops, hop), handed, is_main=False)

    def _handed_on(self, linked: _Linked, frame: Frame) -> Iterator[FunctionRef]:
        """What a parameter of the function around is, when known code gets it."""
        if linked.entry is None or not isinstance(linked.event, Call):
            return
        for argument in linked.event.arguments:
            value = argument.value
            if value is not None and value.kind is ValueKind.PARAMETER and not value.path:
                symbol, _ = self._execution.bound_to(str(value.value), frame)
                yield from self._execution.callable_as(symbol)

    def _bind(self, target: FunctionRef, call: Call, frame: Frame, *, bound: bool) -> Frame:
        parameters = list(target.function.parameters)
        if target.function.method and parameters:
            first = parameters[0].name
            if first == "cls" or (first == "self" and bound):
                parameters = parameters[1:]
        arguments: dict[str, Known] = {}
        open_ended = False
        position = 0
        for argument in call.arguments:
            if argument.name in {"*", "**"}:
                open_ended = True
            elif argument.name:
                arguments[argument.name] = Known(argument.value, frame.path, frame)
            elif position < len(parameters):
                arguments[parameters[position].name] = Known(argument.value, frame.path, frame)
                position += 1
        if not open_ended:
            for parameter in parameters:
                if parameter.name not in arguments and not parameter.required:
                    arguments[parameter.name] = Known(parameter.default, target.path, Frame(target.path))
        return Frame(target.path, arguments, frame.config_stem)


class _Condition(NamedTuple):
    """Whether control gets to a place."""

    active: bool = True
    certain: bool = True
    guard: Span | None = None
    path: str = ""
    callback: bool = False
    refused: bool = False

    def inside(self, around: _Around, path: str) -> _Condition:
        """The state inside the conditions around an event of the file at `path`."""
        condition = self
        if around.untold is not None:
            condition = condition._replace(
                certain=False, guard=condition.guard or around.untold, path=condition.path or path
            )
        if around.untrue is not None:
            condition = condition._replace(active=False, guard=around.untrue, path=path)
        return condition


class _Around(NamedTuple):
    """What the conditions around an event of a function come to."""

    reached: bool = True
    """False where control never gets there, whatever the options."""
    untrue: Span | None = None
    """The outermost condition that keeps it from running under the defaults."""
    untold: Span | None = None
    """The innermost condition that can't be told."""
    decided: bool = True
    """Whether conditions alone decide: what stands in a loop or an exception's handler may never come."""


class _Visit(NamedTuple):
    """One function as it is followed with some arguments."""

    frame: Frame
    is_main: bool
    around: dict[tuple[int, bool], _Around]
    """By guard and side."""


def _guard_span(target: FunctionRef, event: Exit) -> Span:
    return target.function.guards[event.guard].span


def argument_of(call: Call, entry: CatalogEntry, name: str) -> Argument | None:
    """The argument of a call that the catalog's order of arguments or a keyword names."""
    for argument in call.arguments:
        if argument.name == name:
            return argument
    if name in entry.arguments:
        position = entry.arguments.index(name)
        positional = [argument for argument in call.arguments if not argument.name]
        if position < len(positional):
            return positional[position]
    return None


def _config_stem(body: Function) -> str:
    """Name of the configuration that a Hydra program composes."""
    for event in body.events:
        if isinstance(event, Call) and event.callee in {"hydra.main", "hydra.compose"}:
            for argument in event.arguments:
                value = argument.value
                if argument.name == "config_name" and value is not None and isinstance(value.value, str):
                    return value.value.removesuffix(".yaml")
    return ""


__all__ = ["Execution", "Happening", "Hop", "ModuleRef", "Run", "Symbol", "Value", "argument_of"]
