"""Which functions of a project can lead to something that matters."""

from __future__ import annotations

from dataclasses import replace

from reprocheck.project.facts.model import Exit
from reprocheck.project.index.entries import Entry
from reprocheck.rulekit.execution.happenings import RUNS_CALLBACKS
from reprocheck.rulekit.execution.linking import Linked, Linker

_HANDS_ON = frozenset({RUNS_CALLBACKS})
"""Roles that matter only through what is handed over."""


class CallGraph:
    """The part of a project's call graph that its entry points reach, walked once for all of them."""

    def __init__(self, linker: Linker) -> None:
        """`linker` says what each function reaches."""
        self.linker = linker
        self._matters: dict[tuple[str, int], bool] = {}
        self._relevant: dict[tuple[str, int], tuple[Linked, ...]] = {}

    def explore(self, entry: Entry) -> None:
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
            for linked in self.linker.links(key):
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

    def relevant(self, key: tuple[str, int]) -> tuple[Linked, ...]:
        """Events of a function that matter, each with the targets that do, and the exits among them."""
        found = self._relevant.get(key)
        if found is None:
            found = tuple(
                replace(linked, targets=tuple(target for target in linked.targets if self.matters(target.key)))
                for linked in self.linker.links(key)
                if linked.entry is not None
                or isinstance(linked.event, Exit)
                or linked.name.startswith("@")
                or any(self.matters(t.key) for t in (*linked.targets, *linked.callbacks, *linked.carried))
            )
            self._relevant[key] = found
        return found

    def _is_event(self, linked: Linked) -> bool:
        """Whether a call may matter by itself; that of a parameter does by what the parameter is."""
        if linked.entry is not None:
            return not linked.entry.roles <= _HANDS_ON
        return linked.name.startswith("@")

    def matters(self, key: tuple[str, int]) -> bool:
        """Whether a function can lead to something that matters."""
        return self._matters.get(key, False)
