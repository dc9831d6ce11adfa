"""What a rule sees of the project as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.fix import Fix
from reprocheck.model.place import Span
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.execution import Execution, Happening, Run, argument_of
from reprocheck.rulekit.match import Match, Note
from reprocheck.rulekit.module import ABSENT, UNKNOWN

Answer = TypeVar("Answer")
RUN_ROLES = frozenset(
    {
        "seeder",
        "unseeds",
        "draw",
        "draw-implicit",
        "estimator",
        "splitter",
        "sampler",
        "optimizer",
        "trains",
        "runs-callbacks",
        "runs-unknown-code",
        "restores",
        "determinism-flag",
        "uses-cuda",
        "tracker",
        "logs-parameters",
        "logs-metrics",
        "writes-configuration",
        "launches",
        "nondeterministic-cuda",
        "reads-code-version",
        "saves-checkpoint",
        "hides-gpu",
        "makes-environment",
    }
)
"""Roles of calls that runs are followed for."""


class Project:
    """The joined facts of all files, with the catalog applied."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, versions: DeclaredVersions = NOTHING_DECLARED) -> None:
        """`index` has the facts of every readable file, `versions` is what the project declares of libraries."""
        self.versions = versions
        self.index = index
        self.catalog = catalog
        self._told: dict[object, object] = {}

    def once(self, question: Callable[[Project], Answer]) -> Answer:
        """What a function of the project says, asked the first time and then remembered."""
        if question not in self._told:
            self._told[question] = question(self)
        return self._told[question]  # type: ignore[return-value]

    @cached_property
    def _execution(self) -> Execution:
        return Execution(self.index, self.catalog, RUN_ROLES)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """What each entry point does when it runs with its defaults."""
        return tuple(self._execution.run(entry) for entry in self.index.entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Where execution begins."""
        return self.index.entries

    def value(self, happening: Happening, name: str) -> object:
        """Value of an argument under the defaults: ABSENT when it is not given, UNKNOWN when it can't be told."""
        argument = argument_of(happening.call, happening.entry, name)
        if argument is None:
            unpacked = any(given.name in {"*", "**"} for given in happening.call.arguments)
            return UNKNOWN if unpacked else ABSENT
        value = self.index.evaluator.value(argument.value, happening.frame)
        return value if value is None or isinstance(value, str | int | float) else UNKNOWN

    def holds(self, happening: Happening, role: str) -> bool | None:
        """Whether a happening has a role with the arguments that it gets; None when that can't be told."""
        if role not in happening.entry.roles:
            return False
        conditions = happening.entry.when.get(role)
        if conditions is None:
            return True
        outcome: bool | None = False
        for name, wanted in conditions.items():
            value = self.value(happening, name)
            if value is UNKNOWN:
                outcome = None
            elif value is not ABSENT and value in (wanted if isinstance(wanted, list) else [wanted]):
                return True
        return outcome

    def note(self, path: str, span: Span, message: str) -> Note:
        """A step of a trail."""
        return Note(span, message, path)

    def match(
        self,
        path: str,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        trail: Iterable[Note] = (),
        fix: Fix | None = None,
    ) -> Match:
        """A match in one file of the project."""
        return Match(
            span=span,
            message=message,
            severity=severity,
            confidence=confidence,
            trail=tuple(trail),
            fix=fix,
            path=path,
        )
