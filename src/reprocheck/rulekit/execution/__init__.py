"""What an entry point executes, in order: which random families are drawn from, what seeds them before.

Execution is followed through calls, methods, constructors, callbacks and imports, under the defaults of all options. A
function that can't matter is not entered: what matters is found first, backwards over the call graph.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """Follows runs of one project; what is linked once serves all runs."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, roles: frozenset[str], budget: Budget = WHOLE) -> None:
        """`roles` are those of catalog names that matter."""
        self._graph = CallGraph(Linker(index, catalog, roles))
        self._budget = budget
        self._steps_left = budget.every

    def run(self, entry: Entry) -> Run:
        """Follow one entry point."""
        self._graph.explore(entry)
        limit = max(self._budget.least, min(self._budget.run, self._steps_left))
        follower = Follower(self._graph, entry, limit)
        follower.follow()
        self._steps_left -= follower.steps
        return follower.run


__all__ = ["WHOLE", "Budget", "Entry", "Execution", "Happening", "Hop", "Run", "argument_of"]
