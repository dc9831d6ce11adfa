"""What a rule sees of the project as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.place import Span
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.execution import Execution, Run
from reprocheck.rulekit.match import Match, Note

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
        "restores",
        "determinism-flag",
        "uses-cuda",
        "tracker",
        "logs-parameters",
        "logs-metrics",
        "writes-configuration",
        "launches",
    }
)
"""Roles of calls that runs are followed for."""


class Project:
    """The joined facts of all files, with the catalog applied."""

    def __init__(self, index: ProjectIndex, catalog: Catalog) -> None:
        """`index` has the facts of every readable file."""
        self.index = index
        self.catalog = catalog

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
    ) -> Match:
        """A match in one file of the project."""
        return Match(
            span=span, message=message, severity=severity, confidence=confidence, trail=tuple(trail), path=path
        )
