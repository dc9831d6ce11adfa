"""Which functions of a project can lead to something that matters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reprocheck.project.facts.model import Exit, Import
from reprocheck.project.index.answers import NOTHING
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.evaluate import Frame, Known
from reprocheck.project.index.symbols import FunctionRef
from reprocheck.rulekit.execution.happenings import RUNS_CALLBACKS
from reprocheck.rulekit.execution.linking import Linked, Linker

_HANDS_ON = frozenset({RUNS_CALLBACKS})
"""Roles that matter only through what is handed over."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event of a function that matters, with what is asked of it whenever the function is followed."""

    linked: Linked
    imports: frozenset[tuple[str, int]] | None
    """Of an import the bodies of modules that it runs; None for other events."""
    leads_to: tuple[tuple[str, int], ...] | None
    """Functions that are all it can add; None where it says something by itself."""


class CallGraph:
    """The part of a project's call graph that its entry points reach, walked once for all of them."""

    def __init__(self, linker: Linker) -> None:
        """`linker` says what each function reaches."""
        self.linker = linker
        self._matters: dict[tuple[str, int], bool] = {}
        self._below: dict[str, dict[str, None]] = {}
        """Files whose functions those of a file reach by one step, as far as they were explored."""
        self._reads: dict[str, set[str]] = {}
        """What was read to link the functions of a file."""
        self._covered: set[str] = set()
        """Files of which that is noted for the run that is being followed."""
        self._steps: dict[tuple[str, int], tuple[Step, ...]] = {}
        self._parameters: dict[tuple[tuple[str, int], bool], tuple[list[str], dict[str, Known]]] = {}

    def explore(self, entry: Entry) -> None:
        """Link all functions that the entry can reach, then find backwards which of them matter.

        What an earlier entry reached is known already: the graph of a project is walked once, however many entries
        share it.
        """
        self._explore([(entry.path, 0)] if entry.function == 0 else [(entry.path, 0), (entry.path, entry.function)])
        self._covered = set()
        self._note_below(entry.path)

    def _explore(self, start: list[tuple[str, int]]) -> None:
        callers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        stack = [key for key in start if key not in self._matters]
        new: set[tuple[str, int]] = set(stack)
        front: set[tuple[str, int]] = set()
        while stack:
            key = stack.pop()
            links, reads = self.linker.traced_links(key)
            below = self._below.setdefault(key[0], {})
            self._reads.setdefault(key[0], set()).update(reads)
            for linked in links:
                if self._is_event(linked):
                    front.add(key)
                for target in (*linked.targets, *linked.callbacks, *linked.carried):
                    below[target.path] = None
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

    def _note_below(self, path: str) -> None:
        """Note what was read to link a file's functions and all that they reach, as far as they were explored."""
        noted = self.linker.index.answers.noted
        if noted is None:
            return
        stack = [path]
        while stack:
            current = stack.pop()
            if current not in self._covered:
                self._covered.add(current)
                noted |= self._reads.get(current, NOTHING)
                stack.extend(self._below.get(current, ()))

    def steps(self, key: tuple[str, int]) -> tuple[Step, ...]:
        """Events of a function that matter, each with the targets that do, and the exits among them."""
        found = self._steps.get(key)
        if found is None:
            found = tuple(
                self._step(replace(linked, targets=tuple(t for t in linked.targets if self.matters(t.key))))
                for linked in self.linker.links(key)
                if linked.entry is not None
                or isinstance(linked.event, Exit)
                or linked.name.startswith("@")
                or any(self.matters(t.key) for t in (*linked.targets, *linked.callbacks, *linked.carried))
            )
            self._steps[key] = found
        return found

    def _step(self, linked: Linked) -> Step:
        by_itself = linked.entry is not None or isinstance(linked.event, Exit) or linked.name.startswith("@")
        return Step(
            linked,
            frozenset(t.key for t in linked.targets) if isinstance(linked.event, Import) else None,
            None if by_itself else tuple(t.key for t in (*linked.targets, *linked.callbacks) if self.matters(t.key)),
        )

    def parameters(self, target: FunctionRef, *, bound: bool) -> tuple[list[str], dict[str, Known]]:
        """Names of the parameters that a call fills, in order, and what those with a default are without it.

        `bound` says whether the first one is the instance.
        """
        found = self._parameters.get((target.key, bound))
        if found is None:
            parameters = target.function.parameters
            if target.function.method and parameters:
                first = parameters[0].name
                if first == "cls" or (first == "self" and bound):
                    parameters = parameters[1:]
            module = Frame(target.path)
            defaults = {p.name: Known(p.default, target.path, module) for p in parameters if not p.required}
            found = self._parameters[target.key, bound] = [p.name for p in parameters], defaults
        return found

    def _is_event(self, linked: Linked) -> bool:
        """Whether a call may matter by itself; that of a parameter does by what the parameter is."""
        if linked.entry is not None:
            return not linked.entry.roles <= _HANDS_ON
        return linked.name.startswith("@")

    def matters(self, key: tuple[str, int]) -> bool:
        """Whether a function can lead to something that matters."""
        if key not in self._matters:
            self._explore([key])
        if key[0] not in self._covered:
            self._note_below(key[0])
        return self._matters[key]
