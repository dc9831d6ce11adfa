"""What each program reads and writes: calls followed from its start, paths put together with their arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from reprocheck.model.artifact_graph import Use
from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call, ColumnUse, Function, Value, ValueKind
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.evaluate import Frame
from reprocheck.project.index.texts import Scene
from reprocheck.rulekit.artifacts.naming import HOLE, Locator
from reprocheck.rulekit.artifacts.queries import query_argument, tables_of
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.execution import Budget, Execution, Planned, Run, argument_of
from reprocheck.rulekit.opened_files import path_uses
from reprocheck.rulekit.project import Project

ROLES = frozenset({"reads", "writes", "lists-directory", "walks-directory", "queries", "reads-table", "writes-table"})
"""Roles of calls that runs are followed for."""
_LONGEST = 300
"""Characters of a path."""
_DATABASE = re.compile(
    r"^(sqlite|postgres(ql)?|mysql|mssql|oracle|mongodb|redis|models|runs|mlflow-artifacts)(\+\w+)?:"
)
"""Addresses of databases and registries, which are no files."""
_BUILT = re.compile(r"(^|/)(build/lib|dist|site-packages|node_modules|\.venv|venv)/")
"""Copies that a build made."""
_LISTS = frozenset({"lists-directory", "walks-directory"})


@dataclass(frozen=True, slots=True)
class Found:
    """One use of an artifact by a program."""

    artifact: str
    """Id of the artifact; that of an unknown one names the program too."""
    name: str
    writes: bool
    certain: bool
    use: Use
    table: bool = False


@dataclass(frozen=True, slots=True)
class _Site:
    """A call, and what its arguments mean there."""

    entry: Entry
    path: str
    call: Call
    known: CatalogEntry
    scene: Scene
    certain: bool


@dataclass(slots=True)
class Programs:
    """Follows all programs of a project."""

    project: Project
    locator: Locator
    budget: Budget
    _order: int = 0
    _owners: dict[str, list[tuple[Span, int, str]]] = field(default_factory=dict)

    def uses(self) -> Iterator[tuple[Entry, Found]]:
        """Every use of an artifact, with the program."""
        name = f"uses within {self.budget.every}"
        execution = Execution(name, self.project.index, self.project.catalog, ROLES, self.budget)
        answers = self.project.index.answers
        for planned in execution.planned:
            for found in answers.answer(name, planned.subject, tuple[Found, ...], partial(self._uses_of, planned)):
                yield planned.entry, found

    def _uses_of(self, planned: Planned) -> tuple[Found, ...]:
        if _BUILT.search(planned.entry.path):
            return ()
        seen: dict[tuple[object, ...], Found] = {}
        self._order = 0
        for site in self._sites(planned.entry, planned.run()):
            for found in self._found(site):
                seen.setdefault((found.artifact, found.writes, found.use.path, found.use.span), found)
        return tuple(seen.values())

    def _sites(self, entry: Entry, run: Run) -> Iterator[_Site]:
        given = _given(entry)
        met: set[tuple[str, Span]] = set()
        for happening in run.happenings:
            met.add((happening.path, happening.call.span))
            _, owner = self._function(happening.path, happening.call.span)
            scene = Scene(happening.frame, owner, given)
            certain = happening.active and not happening.refused
            yield _Site(entry, happening.path, happening.call, happening.entry, scene, certain)
        # What a framework calls (routes, hooks, callbacks) is not followed; of the program's own file it counts too.
        for function in self.project.index.files[entry.path].functions:
            for event in function.events:
                if isinstance(event, Call) and (entry.path, event.span) not in met:
                    known = self._known(event)
                    if known is not None and not known.roles.isdisjoint(ROLES):
                        scene = Scene(Frame(entry.path), _owner(function), given)
                        yield _Site(entry, entry.path, event, known, scene, False)

    def _known(self, call: Call) -> CatalogEntry | None:
        name = self.project.catalog.canonical(call.callee)
        found = self.project.catalog.entry(name)
        if found is None and "()" in name:
            found = self.project.catalog.entry("?." + name.rpartition(".")[2])
        return found

    def _found(self, site: _Site) -> Iterator[Found]:
        roles = site.known.roles
        if not roles.isdisjoint({"queries", "reads-table", "writes-table"}):
            yield from self._tables(site)
        if not roles.isdisjoint({"reads", "writes"}):
            for use in path_uses(self.project, site.path, site.call):
                found = self._artifact(site, use.value, writes=use.writes, appends=use.appends)
                if found is not None:
                    yield found
        elif not roles.isdisjoint(_LISTS):
            for name in site.known.path_arguments:
                given = argument_of(site.call, site.known, name)
                found = self._artifact(site, given.value, writes=False) if given is not None else None
                if found is not None:
                    yield found

    def _artifact(self, site: _Site, value: Value | None, *, writes: bool, appends: bool = False) -> Found | None:
        texts = self.project.index.texts
        met = texts.options_met
        text = texts.text(value, site.scene)
        if self._is_opened(value):
            return None
        if (
            not text
            or _DATABASE.match(text)
            or "\n" in text
            or len(text) > _LONGEST
            or text in {".", "-"}
            or text.isdecimal()
        ):
            return None
        bases = self.locator.bases(site.entry)
        fixed = HOLE.sub("", text)
        if not any(character.isalnum() for character in fixed):
            artifact, name = f"?{site.entry.path}:{text}", text
            certain = False
        else:
            artifact = name = self.locator.locate(text, bases)
            certain = site.certain and fixed == text
        if artifact in self.project.index.files:
            return None  # code is read by many things; it isn't passed on
        if not site.known.roles.isdisjoint({"hub", "download"}) and not self.locator.exists(artifact):
            return None  # a name of somebody else's
        columns = self._columns(site, writes=writes)
        shown = posixpath.normpath(text)[2:] if text.startswith("//") else text
        by_option = texts.options_met > met
        self._order += 1
        use = Use(
            path=site.path,
            span=site.call.span,
            expression=shown,
            columns=columns,
            via=self.project.catalog.canonical(site.call.callee),
            order=0 if site.entry.kind in {"command", "step"} else self._order,  # who starts them chooses
            appends=appends,
            by_option=by_option,
        )
        return Found(artifact, name, writes, certain, use)

    def _is_opened(self, value: Value | None) -> bool:
        """Whether a value is what some call opened: that call has the name."""
        if value is None or value.kind is not ValueKind.NAME or value.parts:
            return False
        callee, called, rest = str(value.value).rpartition("()")
        entry = self.project.catalog.entry(self.project.catalog.canonical(callee)) if called and not rest else None
        return entry is not None and not entry.roles.isdisjoint({"reads", "writes"})

    def _tables(self, site: _Site) -> Iterator[Found]:
        texts = self.project.index.texts
        if "queries" in site.known.roles:
            argument = query_argument(site.call, site.known)
            given = argument_of(site.call, site.known, argument) if argument else None
            text = texts.text(given.value, site.scene) if given is not None else ""
            found = list(tables_of(text))
        else:
            given = argument_of(site.call, site.known, site.known.arguments[0])
            name = texts.text(given.value, site.scene) if given is not None else "{}"
            found = [] if name.startswith("{}") or " " in name else [(name.lower(), "writes-table" in site.known.roles)]
            text = name
        for name, writes in found:
            columns = self._columns(site, writes=writes)
            use = Use(path=site.path, span=site.call.span, expression=" ".join(text.split())[:120], columns=columns)
            certain = site.certain and "{" not in name
            yield Found(f"table {name}", name, writes, certain, use, table=True)

    # Columns

    def _columns(self, site: _Site, *, writes: bool) -> tuple[str, ...]:
        """Columns that the code around takes from what is read here, or gives to what is written here."""
        variable = site.call.owner if writes else site.call.result
        facts = self.project.index.files[site.path]
        if not variable or not facts.columns:
            return ()
        function, _ = self._function(site.path, site.call.span)
        if not writes and _times_read(facts.functions[function], variable) > 1:
            return ()
        taken, given = (
            {c for use in facts.columns if _is_of(use, function, variable, writes=side) for c in use.columns}
            for side in (False, True)
        )
        return tuple(sorted(given if writes else taken - given))

    def _function(self, path: str, span: Span) -> tuple[int, str]:
        """Index of the innermost function around a place, and the class that it is a method of."""
        known = self._owners.get(path)
        if known is None:
            facts = self.project.index.files[path]
            known = self._owners[path] = [
                (function.span, index, _owner(function)) for index, function in enumerate(facts.functions) if index
            ]
        inside = [item for item in known if item[0].line <= span.line <= item[0].end_line]
        if not inside:
            return 0, ""
        innermost = max(inside, key=lambda item: item[0].line)
        return innermost[1], innermost[2]


def _is_of(use: ColumnUse, function: int, variable: str, *, writes: bool) -> bool:
    return use.function == function and use.variable == variable and use.writes is writes


def _times_read(function: Function, variable: str) -> int:
    return sum(isinstance(event, Call) and event.result == variable for event in function.events)


def _owner(function: Function) -> str:
    return function.name.rpartition(".")[0] if function.method else ""


def _given(entry: Entry) -> Mapping[str, str]:
    """Values of options that the commands give; those that commands differ in are left out."""
    if not entry.invocations:
        return {}
    every = [_options(invocation.arguments) for invocation in entry.invocations]
    first = every[0]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in every)}


def _options(words: tuple[str, ...]) -> dict[str, str]:
    found = {
        f"sys.argv[{position}]": word
        for position, word in enumerate(words, start=1)
        if not word.startswith("-") and "$" not in word and "{" not in word
    }
    for position, word in enumerate(words):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = words[position + 1] if position + 1 < len(words) else ""
        if value and not value.startswith("-") and "$" not in value and "{" not in value:
            found[name.replace("-", "_")] = value
    return found
