"""Runs the engine over one module, and over modules whose functions take data from each other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from reprocheck.model.finding import Confidence
from reprocheck.model.fix import Fix, ReplaceExpression, Safety
from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call, FileFacts
from reprocheck.project.index.symbols import FunctionRef
from reprocheck.rulekit.flow.calls import call_value
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.observed import Observed
from reprocheck.rulekit.flow.program import Program, Unit
from reprocheck.rulekit.flow.rebuilt import rebuilt
from reprocheck.rulekit.flow.tokens import Where
from reprocheck.rulekit.match import Match
from reprocheck.rulekit.module import Module
from reprocheck.rulekit.project import Project

_REACH = 16
"""Modules that one program is followed into."""
_SPLITS = frozenset({"splitter", "cross-validation"})
_LEARNS = frozenset(
    {"fit", "fit_transform", "fit_resample", "fit_sample", "fit_on_texts", "adapt", "mean", "transform"}
)


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


def in_project(project: Project, teller: Teller) -> Iterator[Match]:
    """Matches of a rule that several modules together show, and none of them alone."""
    for program in project.once(_programs):
        together = list(teller(program.together, program.modules))
        if not together:
            continue
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


@dataclass(frozen=True, slots=True)
class _Followed:
    """One program over several modules."""

    together: Observed
    alone: Callable[[], tuple[Observed, ...]]
    """What each of its modules shows by itself; followed when asked for."""
    modules: Mapping[str, Module]
    spans: Mapping[ast.AST, Span]


def _programs(project: Project) -> tuple[_Followed, ...]:
    return tuple(_Search(project).programs())


class _Search:
    """Finds the modules that give data to functions of others, and follows them."""

    def __init__(self, project: Project) -> None:
        """Nothing is rebuilt yet."""
        self._project = project
        self._units: dict[str, Unit] = {}
        self._spans: dict[ast.AST, Span] = {}
        self._alone: dict[str, Observed] = {}
        self._calls: dict[str, frozenset[str]] = {}
        self._followed: frozenset[str] = frozenset()
        """Modules that learn or split; what goes through others is what is given to them."""

    def programs(self) -> Iterator[_Followed]:
        files = self._project.index.files
        splits = {path for path, facts in files.items() if self._splits(facts)}
        learns = {path for path, facts in files.items() if not _LEARNS.isdisjoint(facts.attributes)}
        if not splits or not learns:
            return
        self._followed = frozenset(path for path in splits | learns if files[path].outline)
        for path, facts in files.items():
            reached = self._reached(path) if facts.outline else ()
            if len(reached) > 1 and not splits.isdisjoint(reached) and not learns.isdisjoint(reached):
                yield self._follow(path, reached)

    def _splits(self, facts: FileFacts) -> bool:
        catalog = self._project.catalog
        for function in facts.functions:
            for event in function.events:
                if isinstance(event, Call):
                    entry = catalog.entry(catalog.canonical(event.callee))
                    if entry is not None and not _SPLITS.isdisjoint(entry.roles):
                        return True
        return False

    def _called(self, path: str) -> frozenset[str]:
        """Other modules whose functions a module calls."""
        if path not in self._calls:
            symbols, found = self._project.index.symbols, set()
            for function in self._project.index.files[path].functions:
                for event in function.events:
                    if isinstance(event, Call) and event.arguments and event.callee[0] not in "?@":
                        symbol = symbols.resolve(path, event.callee)
                        if isinstance(symbol, FunctionRef) and symbol.path != path and symbol.path in self._followed:
                            found.add(symbol.path)
            self._calls[path] = frozenset(found)
        return self._calls[path]

    def _reached(self, path: str) -> tuple[str, ...]:
        reached = [path]
        for current in reached:
            for other in sorted(self._called(current)):
                if other not in reached and len(reached) < _REACH:
                    reached.append(other)
        return tuple(reached)

    def _unit(self, path: str) -> Unit:
        if path not in self._units:
            file, spans = rebuilt(path, self._project.index.files[path].outline)
            self._spans.update(spans)
            self._units[path] = Unit(Module(file, self._project.catalog, versions=self._project.versions))
        return self._units[path]

    def _follow(self, path: str, reached: tuple[str, ...]) -> _Followed:
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
