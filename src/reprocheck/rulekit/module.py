"""What a rule sees of a Python module: names in the catalog's spelling, calls with their arguments, known values."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.fix import Fix
from reprocheck.model.place import Span
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.scopes import Binding, CallSite, Scope
from reprocheck.project.python.values import UNKNOWN, Unknown, literal, text, touched_tables, unpacked
from reprocheck.project.source import SourceText
from reprocheck.project.tests_by_name import is_named_as_test, is_surely_test
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.rulekit.catalog import Catalog, CatalogEntry
from reprocheck.rulekit.match import Match, Note

_LATEST = 1 << 60
_TEST_CODE = re.compile(r"^\s*(async )?def test|^class Test|\b(pytest|unittest)\b", re.MULTILINE)

Made = TypeVar("Made")


class Absent:
    """The value of an argument that is certainly not given; there is one, `ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()

Marked = ast.AST | Span
"""What a match can point at."""


class Module:
    """One Python file or the code cells of one notebook, with the catalog applied."""

    def __init__(
        self,
        file: PythonFile,
        catalog: Catalog,
        *,
        notebook: bool = False,
        versions: DeclaredVersions = NOTHING_DECLARED,
    ) -> None:
        """`notebook` tells that the module consists of cells; `versions` is what the project declares of libraries."""
        self.versions = versions
        self.file = file
        self.catalog = catalog
        self.notebook = notebook
        self._calls: list[Call] | None = None
        self._calls_by_node: dict[ast.Call, Call] | None = None
        self._calls_by_role: dict[str, list[Call]] | None = None
        self._packages: frozenset[str] | None = None
        self._words: frozenset[str] | None = None
        self._made: dict[Callable[[Module], object], object] = {}

    @property
    def path(self) -> str:
        """POSIX path relative to the root."""
        return self.file.source.path

    @property
    def source(self) -> SourceText:
        """Text and lines."""
        return self.file.source

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return self.file.tree

    @property
    def is_test(self) -> bool:
        """Whether this is test code: by its folder, or by its name where the code agrees.

        `test_model.py` beside `train_model.py` is more often an evaluation than a test.
        """
        if is_surely_test(self.path):
            return True
        return is_named_as_test(self.path) and _TEST_CODE.search(self.source.text) is not None

    @property
    def calls(self) -> list[Call]:
        """Every call whose callee is known, in evaluation order."""
        if self._calls is None:
            found = []
            for site in self.file.calls:
                name = self.file.callee(site)
                if name is not None:
                    found.append(Call(self, site, self.catalog.canonical(name)))
            self._calls = found
        return self._calls

    def calls_with_role(self, *roles: str) -> Iterator[Call]:
        """Calls of names that the catalog gives one of these roles, in evaluation order."""
        if self._calls_by_role is None:
            by_role: dict[str, list[Call]] = {}
            for call in self.calls:
                entry = call.entry
                for role in entry.roles if entry is not None else ():
                    by_role.setdefault(role, []).append(call)
            self._calls_by_role = by_role
        found = [self._calls_by_role[role] for role in roles if role in self._calls_by_role]
        if len(found) <= 1:
            return iter(found[0] if found else ())
        unique = dict.fromkeys(call for calls in found for call in calls)
        return iter(sorted(unique, key=lambda call: call.site.order))

    def call(self, node: ast.Call) -> Call | None:
        """The call that a node is, when its callee is known."""
        if self._calls_by_node is None:
            self._calls_by_node = {call.node: call for call in self.calls}
        return self._calls_by_node.get(node)

    def name(self, node: ast.expr, scope: Scope | None = None, order: int = _LATEST) -> str | None:
        """Canonical qualified name of an expression; for a call the type of its result."""
        resolved = self.file.resolve(node, scope or self.file.scope_of(node), order)
        return None if resolved is None else self.catalog.instance(resolved)

    def literal(self, node: ast.expr, scope: Scope | None = None, order: int = _LATEST) -> object:
        """Value of an expression, or UNKNOWN."""
        return literal(self.file, node, scope or self.file.scope_of(node), order)

    def text(self, node: ast.expr, scope: Scope | None = None, order: int = _LATEST) -> str | None:
        """Text of a string or path expression with `{}` for unknown parts; None when nothing is known."""
        return text(self.file, node, scope or self.file.scope_of(node), order)

    def imports(self, *packages: str) -> bool:
        """Whether the module imports one of these top-level packages anywhere."""
        if self._packages is None:
            self._packages = frozenset(self._imported())
        return not self._packages.isdisjoint(packages)

    def _imported(self) -> Iterator[str]:
        for scope in self.file.scopes:
            for bindings in scope.bindings.values():
                for binding in bindings:
                    if binding.target:
                        yield self.catalog.canonical(binding.target).partition(".")[0]
            for star in scope.stars:
                yield star.partition(".")[0]

    @property
    def words(self) -> frozenset[str]:
        """Identifiers that are read, called or imported."""
        if self._words is None:
            words = set(self.file.attributes)
            for scope in self.file.scopes:
                words |= scope.uses
                for bindings in scope.bindings.values():
                    words.update(binding.target.rpartition(".")[2] for binding in bindings if binding.target)
            self._words = frozenset(words)
        return self._words

    def once(self, make: Callable[[Module], Made]) -> Made:
        """What `make` makes of this module, made at the first call: for indexes that several checks share."""
        made = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self)
        return made  # type: ignore[return-value]

    def release(self) -> None:
        """Break the circles of objects that hold the tree; for the engine, when all rules have run."""
        self._calls = self._calls_by_node = self._calls_by_role = None
        self._made.clear()
        self.file.release()

    def span(self, marked: Marked) -> Span:
        """Span of a node or the span itself."""
        return marked if isinstance(marked, Span) else self.source.span(marked)

    def note(self, marked: Marked, message: str) -> Note:
        """A step of a trail."""
        return Note(self.span(marked), message)

    def match(
        self,
        marked: Marked,
        message: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        trail: Iterable[Note] = (),
        fix: Fix | None = None,
    ) -> Match:
        """A match at a node or span; severity and confidence default to the rule's own."""
        return Match(
            span=self.span(marked),
            message=message,
            severity=severity,
            confidence=confidence,
            trail=tuple(trail),
            fix=fix,
        )


def _touched(module: Module) -> frozenset[Binding]:
    return touched_tables(module.file)


class Call:
    """One call, seen with the catalog's knowledge of its callee."""

    __slots__ = ("module", "name", "site")

    def __init__(self, module: Module, site: CallSite, name: str) -> None:
        """`name` is the callee's canonical name."""
        self.module = module
        self.site = site
        self.name = name

    @property
    def node(self) -> ast.Call:
        """The expression."""
        return self.site.node

    @property
    def scope(self) -> Scope:
        """Where it is evaluated."""
        return self.site.scope

    @property
    def entry(self) -> CatalogEntry | None:
        """What the catalog knows of the callee."""
        return self.module.catalog.entry(self.name)

    @property
    def receiver(self) -> ast.expr | None:
        """Expression before the last dot of the callee."""
        function = self.node.func
        return function.value if isinstance(function, ast.Attribute) else None

    @property
    def open_ended(self) -> bool:
        """Whether `*args` or `**kwargs` may give arguments that can't be seen."""
        return any(isinstance(argument, ast.Starred) for argument in self.node.args) or any(
            ways is None for ways in self._unpacked()
        )

    def _unpacked(self) -> Iterator[list[dict[str, ast.expr]] | None]:
        """For each `**table` what it gives, one way or another; None when that can't be seen."""
        for keyword in self.node.keywords:
            if keyword.arg is None:
                yield unpacked(keyword.value, self.scope, self.module.once(_touched))

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """Expression given for an argument, by keyword or by position (the catalog's, unless one is stated)."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value
        for ways in self._unpacked():
            if ways is not None and len(ways) == 1 and name in ways[0]:
                return ways[0][name]
        if position is None:
            entry = self.entry
            if entry is None or name not in entry.arguments:
                return None
            position = entry.arguments.index(name)
        arguments = self.node.args
        if position < len(arguments) and not any(isinstance(a, ast.Starred) for a in arguments[: position + 1]):
            return arguments[position]
        return None

    def value(self, name: str, position: int | None = None) -> object:
        """Literal value of an argument: ABSENT when certainly not given, UNKNOWN when it can't be told."""
        node = self.argument(name, position)
        if node is None:
            uncertain = self.open_ended or any(name in way for ways in self._unpacked() for way in ways or ())
            return UNKNOWN if uncertain else ABSENT
        return literal(self.module.file, node, self.scope, self.site.order)

    @property
    def draws(self) -> bool | None:
        """Whether it is random at all with these arguments, by the catalog; None when that can't be told."""
        entry = self.entry
        if entry is None:
            return None
        values = [(self.value(name), wanted) for name, wanted in entry.random_when.items()]
        given = [(value, wanted) for value, wanted in values if value is not ABSENT]
        if not given:
            return entry.random_default
        if any(value in wanted if isinstance(wanted, list) else value == wanted for value, wanted in given):
            return True
        return None if any(value is UNKNOWN for value, _ in given) else False

    def text(self, node: ast.expr) -> str | None:
        """Text of an argument as known at the call."""
        return text(self.module.file, node, self.scope, self.site.order)

    def type_of(self, node: ast.expr) -> str | None:
        """Canonical name or type of an expression as known at the call."""
        resolved = self.module.file.resolve(node, self.scope, self.site.order)
        return None if resolved is None else self.module.catalog.instance(resolved)

    def match(
        self,
        message: str,
        *,
        at: Marked | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        trail: Iterable[Note] = (),
        fix: Fix | None = None,
    ) -> Match:
        """A match at the call, or at a part of it."""
        return self.module.match(
            self.node if at is None else at, message, severity=severity, confidence=confidence, trail=trail, fix=fix
        )


__all__ = ["ABSENT", "UNKNOWN", "Absent", "Call", "Marked", "Module", "Unknown"]
