"""Runs the engine over one module, and over modules whose functions take data from each other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from reprocheck.model.finding import Confidence
from reprocheck.model.fix import Fix, ReplaceExpression, Safety
from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call
from reprocheck.project.index.answers import Traced
from reprocheck.project.index.symbols import FunctionRef
from reprocheck.rulekit.flow.calls import call_value
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.observed import Observed
from reprocheck.rulekit.flow.program import Program, Unit
from reprocheck.rulekit.flow.rebuilt import rebuilt
from reprocheck.rulekit.flow.tokens import Where
from reprocheck.rulekit.match import Match
from reprocheck.rulekit.module import Module
from reprocheck.rulekit.outlined import outlined
from reprocheck.rulekit.project import Project

_REACH = 16
"""Modules that one program is followed into."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One expression that another one should stand for; numbers change with it."""

    title: str
    where: Where
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a rule says of something that the engine saw."""

    where: Where
    message: str
    confidence: Confidence
    notes: tuple[tuple[Where, str], ...] = ()
    repair: Repair | None = None


Teller = Callable[[Observed, Mapping[str, Module]], Iterable[Told]]
"""What a rule makes of what was seen in some modules, by path."""


def observed(module: Module) -> Observed:
    """What one module does to data, as far as it shows itself."""
    return module.once(_observe)


def _observe(module: Module) -> Observed:
    unit = Unit(module)
    return Following(Program({module.path: unit}), unit, call_value).run()


def in_module(module: Module, teller: Teller) -> Iterator[Match]:
    """Matches of a rule in one module."""
    for told in teller(observed(module), {module.path: module}):
        trail = [module.note(where.node, text) for where, text in told.notes]
        fix = _fix(told.repair, module.span(told.repair.where.node)) if told.repair is not None else None
        yield module.match(told.where.node, told.message, confidence=told.confidence, trail=trail, fix=fix)


def _fix(repair: Repair, span: Span, path: str = "") -> Fix:
    return Fix(repair.title, Safety.UNSAFE, (ReplaceExpression(span, repair.text, path),))


def in_project(project: Project, of_program: Callable[[Project, str], Iterator[Match]]) -> Iterator[Match]:
    """Matches of a rule that several modules together show; the rule asks `in_program` about each program."""
    for path in project.once(_Reaches).programs:
        yield from project.of_file(of_program, path)


def in_program(project: Project, path: str, teller: Teller) -> Iterator[Match]:
    """Matches of a rule in the program that begins at a path and that no module of it shows alone."""
    program = project.once(_Programs).followed(path)
    together = list(teller(program.together, program.modules))
    if not together:
        return
    alone = {_key(program, told) for seen in program.alone() for told in teller(seen, program.modules)}
    for told in together:
        key = _key(program, told)
        if key is None or key in alone or program.modules[told.where.path].is_test:
            continue
        trail = [
            project.note(where.path, program.spans[where.node], text)
            for where, text in told.notes
            if where.node in program.spans
        ]
        fix = None
        if told.repair is not None and told.repair.where.node in program.spans:
            fix = _fix(told.repair, program.spans[told.repair.where.node], told.repair.where.path)
        yield project.match(told.where.path, key[1], told.message, confidence=told.confidence, trail=trail, fix=fix)


def _key(program: _Followed, told: Told) -> tuple[str, Span] | None:
    span = program.spans.get(told.where.node)
    return None if span is None else (told.where.path, span)


class _Reaches:
    """Which modules give data to functions of others; put together from what is kept of each module."""

    def __init__(self, project: Project) -> None:
        """Without anything that learns or splits there are no programs to follow."""
        known = outlined(project)
        self._splits = frozenset(path for path, module in known.items() if module.splits)
        self._learns = frozenset(path for path, module in known.items() if module.learns)
        self._outlined = tuple(known) if self._splits and self._learns else ()
        self._calls: dict[str, tuple[str, ...]] = {}
        """What goes through modules that neither learn nor split is what is given to them."""
        for calls in project.of_files(_calls_of) if self._outlined else ():
            followed = tuple(each for each in calls.modules if each in self._splits or each in self._learns)
            if followed and calls.path in known:
                self._calls[calls.path] = followed

    @cached_property
    def programs(self) -> tuple[str, ...]:
        """Modules from which others are reached, among all of which something learns and something splits."""
        return tuple(path for path in self._outlined if path in self._calls and self._is_program(self.of(path)))

    def _is_program(self, reached: tuple[str, ...]) -> bool:
        return not self._splits.isdisjoint(reached) and not self._learns.isdisjoint(reached)

    def of(self, path: str) -> tuple[str, ...]:
        """The module itself and those that its calls lead into."""
        reached = [path]
        for current in reached:
            for other in self._calls.get(current, ()):
                if other not in reached and len(reached) < _REACH:
                    reached.append(other)
        return tuple(reached)


class _Calls(NamedTuple):
    """Other modules whose functions a module calls with arguments."""

    path: str
    modules: tuple[str, ...]
    """In order."""


def _calls_of(project: Project, path: str) -> Iterator[_Calls]:
    facts, symbols, found = project.index.files[path], project.index.symbols, set()
    for function in facts.functions if facts.outline else ():
        for event in function.events:
            if isinstance(event, Call) and event.arguments and event.callee[0] not in "?@":
                symbol = symbols.resolve(path, event.callee)
                if isinstance(symbol, FunctionRef) and symbol.path != path:
                    found.add(symbol.path)
    if found:
        yield _Calls(path, tuple(sorted(found)))


def modules_reached(project: Project, path: str) -> tuple[str, ...]:
    """The modules of the program that begins at a path."""
    return project.once(_Reaches).of(path)


@dataclass(frozen=True, slots=True)
class _Followed:
    """One program over several modules."""

    together: Observed
    alone: Callable[[], tuple[Observed, ...]]
    """What each of its modules shows by itself; followed when asked for."""
    modules: Mapping[str, Module]
    spans: Mapping[ast.AST, Span]


class _Programs:
    """Follows programs, each once for all rules."""

    def __init__(self, project: Project) -> None:
        """Nothing is rebuilt yet."""
        self._project = project
        self._units: dict[str, Unit] = {}
        self._spans: dict[ast.AST, Span] = {}
        self._alone: dict[str, Observed] = {}
        self._known: dict[str, Traced[_Followed]] = {}

    def followed(self, path: str) -> _Followed:
        """The program that begins at a path."""
        return self._project.index.answers.remembered(self._known, path, lambda: self._follow(path))

    def _unit(self, path: str) -> Unit:
        outline = self._project.index.files[path].outline
        if path not in self._units:
            file, spans = rebuilt(path, outline)
            self._spans.update(spans)
            self._units[path] = Unit(Module(file, self._project.catalog, versions=self._project.versions))
        return self._units[path]

    def _follow(self, path: str) -> _Followed:
        reached = self._project.value_of(modules_reached, path)
        units = {each: self._unit(each) for each in reached}
        together = Following(Program(units, self._elsewhere), units[path], call_value).run()
        modules = {each: unit.module for each, unit in units.items()}
        return _Followed(together, partial(self._apart, reached), modules, self._spans)

    def _apart(self, reached: tuple[str, ...]) -> tuple[Observed, ...]:
        for each in reached:
            if each not in self._alone:
                unit = self._units[each]
                self._alone[each] = Following(Program({each: unit}), unit, call_value).run()
        return tuple(self._alone[each] for each in reached)

    def _elsewhere(self, path: str, name: str) -> tuple[str, str] | None:
        symbol = self._project.index.symbols.resolve(path, name)
        return (symbol.path, symbol.function.name) if isinstance(symbol, FunctionRef) else None
