"""What an entry point executes, in order: which random families are drawn from, what seeds them before.

Execution is followed through calls, methods, constructors, callbacks and imports, under the defaults of all options. A
function that can't matter is not entered: what matters is found first, backwards over the call graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reprocheck.project.index.answers import Traced
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.execution.call_graph import CallGraph
from reprocheck.rulekit.execution.following import Follower
from reprocheck.rulekit.execution.happenings import Happening, Hop, Run, argument_of
from reprocheck.rulekit.execution.linking import Linker

_MOST_STEPS = 6_000
"""Events looked at in one run. Programs of public repositories need 1,100 at most; more are a library at work."""
_LEAST_STEPS = 500
"""Events that every run may look at, when the runs before it have used up what the project allows."""
_STEPS = 100_000
"""Events looked at in all runs together: some two seconds."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many events are looked at."""

    run: int = _MOST_STEPS
    least: int = _LEAST_STEPS
    """In one run, when the runs before it have used up what the project allows."""
    every: int = _STEPS
    """In all runs together."""


WHOLE = Budget()


class Execution:
    """Follows the runs of one project; what is linked once serves all of them."""

    def __init__(
        self, name: str, index: ProjectIndex, catalog: Catalog, roles: frozenset[str], budget: Budget = WHOLE
    ) -> None:
        """`roles` are those of catalog names that matter; `name` tells executions of one project apart."""
        self._name = name
        self._index = index
        self._graph = CallGraph(name, Linker(index, catalog, roles))
        self._budget = budget
        self._runs: dict[str, Traced[Run]] = {}
        self._steps: dict[str, int] = {}
        index.answers.values("entry", lambda subject: self._entries.get(subject))  # noqa: PLW0108 — asked for late

    @cached_property
    def planned(self) -> tuple[Planned, ...]:
        """All runs in order of their entries, each within what those before it leave of the budget."""
        return self._index.answers.apart(lambda: tuple(self._plan()))

    def _plan(self) -> Iterator[Planned]:
        left = self._budget.every
        for entry in self._index.entries:
            limit = max(self._budget.least, min(self._budget.run, left))
            planned = Planned(self, entry, limit)
            yield planned
            left -= self._index.answers.answer(f"steps of {self._name}", planned.subject, int, planned.steps)

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return {_subject(entry): entry for entry in self._index.entries}

    def run(self, planned: Planned) -> Run:
        """Follow one entry point, once."""
        self._index.answers.note_value("entry", _subject(planned.entry))
        return self._index.answers.remembered(self._runs, planned.subject, lambda: self._follow(planned))

    def steps(self, planned: Planned) -> int:
        """Events that were looked at in a run."""
        self.run(planned)
        return self._steps[planned.subject]

    def _follow(self, planned: Planned) -> Run:
        self._graph.explore(planned.entry)
        follower = Follower(self._graph, planned.entry, planned.limit)
        follower.follow()
        self._steps[planned.subject] = follower.steps
        return follower.run


def _subject(entry: Entry) -> str:
    return f"{entry.kind} {entry.function} {entry.path}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A run that is followed when somebody asks for it."""

    execution: Execution
    entry: Entry
    limit: int
    """Events that are looked at."""

    @property
    def subject(self) -> str:
        """What tells it apart from other runs, and from itself within another limit."""
        return f"{self.limit} {_subject(self.entry)}"

    def run(self) -> Run:
        """What happens."""
        return self.execution.run(self)

    def steps(self) -> int:
        """Events that were looked at."""
        return self.execution.steps(self)


__all__ = ["WHOLE", "Budget", "Entry", "Execution", "Happening", "Hop", "Planned", "Run", "argument_of"]
