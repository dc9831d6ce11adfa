"""Follows one run through the call graph, under the defaults of all options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call, Exit, Function, GuardKind, Import, Test, TestKind, Value, ValueKind
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.evaluate import UNKNOWN, Frame, Known, Result
from reprocheck.project.index.symbols import FunctionRef
from reprocheck.rulekit.execution.call_graph import CallGraph
from reprocheck.rulekit.execution.happenings import (
    CALLS_NOTHING,
    RUNS_CALLBACKS,
    Branch,
    Happening,
    Hop,
    Repetition,
    Run,
)
from reprocheck.rulekit.execution.linking import Linked

_FUNCTION_LIMIT = 3
"""Times that one function is followed with different arguments in one run."""
_CALL_DEPTH = 60
_UNPACKED = ("*", "**")
_State = tuple[tuple[str, int], tuple[tuple[str, Result], ...], bool]
"""A function, the constants that it is given, and whether it runs under the defaults."""


class Follower:
    """One run."""

    def __init__(self, graph: CallGraph, entry: Entry, limit: int) -> None:
        """`limit` bounds the events that are looked at."""
        self._graph = graph
        self._limit = limit
        self.steps = 0
        self._evaluator = graph.linker.index.evaluator
        self._visits: dict[tuple[str, int], int] = {}
        self._stretches: dict[_State, tuple[int, int, tuple[Branch, ...] | None]] = {}
        """Where in the run each function was followed, and under which conditions."""
        self._ran: set[tuple[str, int]] = set()
        """Functions and modules that ran under the defaults."""
        self._idle: set[tuple[str, int]] = set()
        """Those that were followed where no default leads."""
        self.run = Run(entry)

    def follow(self) -> None:
        """Fill the run: the module's body first, then the function that the entry names."""
        entry = self.run.entry
        table = self._graph.linker.index.symbols.table(entry.path)
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
        if not self._worth_visiting(key):
            return
        if len(hops) > _CALL_DEPTH:
            self.run.complete = False
            return
        state = (key, self._bound_constants(frame), condition.active)
        stretch = self._stretches.get(state)
        if stretch is not None:
            self._repeat(stretch, condition)
            return
        first = len(self.run.happenings)
        self._stretches[state] = (first, first, condition.branches)
        self._visits[key] = self._visits.get(key, 0) + 1
        (self._ran if condition.active else self._idle).add(key)
        self._walk(target, frame, hops, condition, is_main=is_main)
        self._stretches[state] = (first, len(self.run.happenings), condition.branches)

    def _repeat(self, stretch: tuple[int, int, tuple[Branch, ...] | None], condition: _Condition) -> None:
        """Note that what was followed before happens in another branch too."""
        first, behind, before = stretch
        now = condition.branches
        if behind > first and before is not None and now is not None and now != before:
            position = len(self.run.happenings)
            self.run.repetitions.append(Repetition(position, now, first, behind, len(before)))

    def _walk(
        self, target: FunctionRef, frame: Frame, hops: tuple[Hop, ...], condition: _Condition, *, is_main: bool
    ) -> None:
        """Go through the events of a function."""
        visit = _Visit(frame, is_main, {})
        for step in self._graph.steps(target.key):
            imports = step.imports
            # A second import of a module does nothing; nor does a further look at one that no default imports.
            if imports is not None and (imports <= self._ran or (not condition.active and imports <= self._idle)):
                continue
            if step.leads_to is not None and not self._can_add(step.leads_to):
                continue
            linked = step.linked
            event = linked.event
            self.steps += 1
            if self.steps > self._limit:
                self.run.complete = False
                return
            around = _REACHED if event.guard < 0 else self._around(target, event, visit)
            if not around.reached:
                continue
            here = condition.inside(around, target.path)
            if isinstance(event, Exit):
                if not around.decided:
                    continue
                if event.raises and here.branches and here.active:
                    self.run.refusals.append(here.branches)
                if event.raises and here.active and here.certain:
                    condition = condition._replace(refused=True)
                elif here.active and here.certain and condition.active and condition.certain:
                    # What follows never runs under the defaults; an option may still bring it to life.
                    condition = condition._replace(active=False, guard=_guard_span(target, event), path=target.path)
                continue
            self._happen(target, linked, frame, hops, here)

    def _can_add(self, leads_to: tuple[tuple[str, int], ...]) -> bool:
        """Whether an event is more than calls to what was followed often enough: most are, and stop here."""
        visits = self._visits
        return any(visits.get(key, 0) < _FUNCTION_LIMIT for key in leads_to)

    def _worth_visiting(self, key: tuple[str, int]) -> bool:
        return self._graph.matters(key) and self._visits.get(key, 0) < _FUNCTION_LIMIT

    def _bound_constants(self, frame: Frame) -> tuple[tuple[str, Result], ...]:
        if not frame.arguments:
            return ()
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
        around = visit.around[position] if position[0] >= 0 else _REACHED
        for index, side in reversed(inner):
            guard = guards[index]
            is_if = guard.kind in {GuardKind.IF, GuardKind.ENTRY}
            around = around._replace(decided=around.decided and is_if)
            test = _lasting(guard.test, side=side) if is_if and guard.test is not None else None
            if test is not guard.test:
                around = around._replace(decided=False)
            if is_if and test is not None:
                outcome = self._evaluator.test(test, visit.frame, is_main=visit.is_main)
                if outcome is None:
                    branches = (*around.branches, (visit.frame.path, guard.span, side))
                    around = around._replace(untold=guard.span, branches=branches)
                elif outcome is not side:
                    is_main_guard = test.kind is TestKind.MAIN
                    around = around._replace(
                        reached=around.reached and not is_main_guard, untrue=around.untrue or guard.span
                    )
            visit.around[index, side] = around
        return around

    def _happen(
        self, target: FunctionRef, linked: Linked, frame: Frame, hops: tuple[Hop, ...], condition: _Condition
    ) -> None:
        event = linked.event
        if isinstance(event, Exit):
            return
        if linked.name.startswith("@") and isinstance(event, Call):
            called = self._graph.linker.link_parameter(event, frame)
            linked = called if called is not None else linked
        if linked.guessed:
            condition = condition._replace(certain=False, branches=None)
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
                    branches=condition.branches,
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
        if linked.entry is not None and not linked.entry.roles.isdisjoint(CALLS_NOTHING):
            return
        calls_back = linked.entry is not None and RUNS_CALLBACKS in linked.entry.roles
        for callback in (*linked.callbacks, *self._handed_on(linked, frame)):
            if self._worth_visiting(callback.key):
                handed = condition if calls_back else condition._replace(callback=True)
                self._visit(callback, Frame(callback.path, {}, frame.config_stem), (*hops, hop), handed, is_main=False)

    def _handed_on(self, linked: Linked, frame: Frame) -> Iterator[FunctionRef]:
        """What a parameter of the function around is, when known code gets it."""
        if linked.entry is None or not isinstance(linked.event, Call):
            return
        for argument in linked.event.arguments:
            value = argument.value
            if value is not None and value.kind is ValueKind.PARAMETER and not value.path:
                symbol, _ = self._graph.linker.bound_to(str(value.value), frame)
                yield from self._graph.linker.callable_as(symbol)

    def _bind(self, target: FunctionRef, call: Call, frame: Frame, *, bound: bool) -> Frame:
        names, defaults = self._graph.parameters(target, bound=bound)
        arguments: dict[str, Known] = {}
        open_ended = False
        position = 0
        for argument in call.arguments:
            if argument.name in _UNPACKED:
                open_ended = True
            elif argument.name:
                arguments[argument.name] = Known(argument.value, frame.path, frame)
            elif position < len(names):
                arguments[names[position]] = Known(argument.value, frame.path, frame)
                position += 1
        if not open_ended:
            for name, default in defaults.items():
                arguments.setdefault(name, default)
        owner = self._graph.linker.class_of(frame.path, call, target)
        if owner is not None:
            # A class method that calls another one of its class hands on what it was called on itself.
            named = Known(Value(ValueKind.NAME, call.callee.rpartition(".")[0]), frame.path, frame)
            arguments["cls"] = frame.arguments["cls"] if self._graph.linker.inherits(frame, owner) else named
        return Frame(target.path, arguments, frame.config_stem)


class _Condition(NamedTuple):
    """Whether control gets to a place."""

    active: bool = True
    certain: bool = True
    guard: Span | None = None
    path: str = ""
    callback: bool = False
    refused: bool = False
    branches: tuple[Branch, ...] | None = ()

    def inside(self, around: _Around, path: str) -> _Condition:
        """The state inside the conditions around an event of the file at `path`."""
        condition = self
        if around.untold is not None:
            condition = condition._replace(
                certain=False,
                guard=condition.guard or around.untold,
                path=condition.path or path,
                branches=None if condition.branches is None else (*condition.branches, *around.branches),
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
    branches: tuple[Branch, ...] = ()
    """All conditions that can't be told, outermost first."""
    decided: bool = True
    """Whether conditions alone decide: what stands in a loop or an exception's handler may never come."""


_REACHED = _Around()
"""No condition at all."""


class _Visit(NamedTuple):
    """One function as it is followed with some arguments."""

    frame: Frame
    is_main: bool
    around: dict[tuple[int, bool], _Around]
    """By guard and side."""


def _lasting(test: Test, *, side: bool) -> Test | None:
    """What a condition asks beside the turn of a loop, which comes; None where it asks for nothing else."""
    if test.kind is TestKind.PERIODIC:
        return None
    if test.kind is not TestKind.AND or all(part.kind is not TestKind.PERIODIC for part in test.parts):
        return test
    others = tuple(part for part in test.parts if part.kind is not TestKind.PERIODIC)
    if not side or not others:
        return None  # of the turns that are left, some go the other way
    return Test(TestKind.AND, others)


def _guard_span(target: FunctionRef, event: Exit) -> Span:
    return target.function.guards[event.guard].span


def _config_stem(body: Function) -> str:
    """Name of the configuration that a Hydra program composes."""
    for event in body.events:
        if isinstance(event, Call) and event.callee in {"hydra.main", "hydra.compose"}:
            for argument in event.arguments:
                value = argument.value
                if argument.name == "config_name" and value is not None and isinstance(value.value, str):
                    return value.value.removesuffix(".yaml")
    return ""
