"""Which functions of a project can lead to something that matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import msgspec

from reprocheck.project.facts.model import Exit, Import
from reprocheck.project.index.answers import Traced
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


class _Reach(msgspec.Struct, array_like=True, frozen=True):
    """What one function reaches by one step."""

    event: bool
    """Whether something that it calls may matter by itself."""
    targets: tuple[tuple[str, int], ...]
    """Functions of the project that it may call, by file and index."""


class CallGraph:
    """The part of a project's call graph that its entry points reach, walked once for all of them.

    Whether a function can lead to something that matters is read as a value of its own: who follows a program past a
    function that leads nowhere has not read what that function calls.
    """

    def __init__(self, name: str, linker: Linker) -> None:
        """`linker` says what each function reaches; `name` tells graphs of one project apart."""
        self.linker = linker
        self._answers = linker.index.answers
        self._reaches = f"reach of {name}"
        self._relevance = f"matters to {name}"
        self._matters: dict[tuple[str, int], bool] = {}
        self._steps: dict[tuple[str, int], Traced[tuple[Step, ...]]] = {}
        self._parameters: dict[tuple[tuple[str, int], bool], tuple[list[str], dict[str, Known]]] = {}
        self._answers.values(self._relevance, self._matters_by_name, lambda _: self._reaches_are_as_before)

    def explore(self, entry: Entry) -> None:
        """Find all functions that the entry can reach, then backwards which of them matter.

        What an earlier entry reached is known already: the graph of a project is walked once, however many entries
        share it.
        """
        start = [(entry.path, 0)] if entry.function == 0 else [(entry.path, 0), (entry.path, entry.function)]
        self._answers.apart(lambda: self._explore(start))

    def _explore(self, start: list[tuple[str, int]]) -> None:
        callers: dict[tuple[str, int], list[tuple[str, int]]] = {}
        stack = [key for key in start if key not in self._matters]
        new: set[tuple[str, int]] = set(stack)
        front: set[tuple[str, int]] = set()
        while stack:
            key = stack.pop()
            reach = self._answers.answer(self._reaches, _named(key), _Reach, partial(self._reach, key))
            if reach.event:
                front.add(key)
            for target in reach.targets:
                if target in self._matters:
                    if self._matters[target]:
                        front.add(key)
                    continue
                callers.setdefault(target, []).append(key)
                if target not in new:
                    new.add(target)
                    stack.append(target)
        matters = set(front)
        waiting = list(front)
        while waiting:
            for caller in callers.get(waiting.pop(), ()):
                if caller not in matters:
                    matters.add(caller)
                    waiting.append(caller)
        self._matters.update({key: key in matters for key in new})

    def _reach(self, key: tuple[str, int]) -> _Reach:
        links = self.linker.links(key)
        targets = (t.key for linked in links for t in (*linked.targets, *linked.callbacks, *linked.carried))
        return _Reach(any(self._is_event(linked) for linked in links), tuple(dict.fromkeys(targets)))

    def steps(self, key: tuple[str, int]) -> tuple[Step, ...]:
        """Events of a function that matter, each with the targets that do, and the exits among them."""
        return self._answers.remembered(self._steps, key, lambda: tuple(self._find_steps(key)))

    def _find_steps(self, key: tuple[str, int]) -> Iterator[Step]:
        for linked in self.linker.links(key):
            if (
                linked.entry is not None
                or isinstance(linked.event, Exit)
                or linked.name.startswith("@")
                or any(self.matters(t.key) for t in (*linked.targets, *linked.callbacks, *linked.carried))
            ):
                yield self._step(replace(linked, targets=tuple(t for t in linked.targets if self.matters(t.key))))

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
        self._answers.note_value(self._relevance, _named(key))
        if key not in self._matters:
            self._answers.apart(lambda: self._explore([key]))
        return self._matters[key]

    @cached_property
    def _reaches_are_as_before(self) -> bool:
        """Whether every function reaches what it reached in the earlier scan: those matter then that mattered."""
        ask = partial(self._answers.all_same, self._reaches, _Reach, lambda name: self._reach(_key(name)))
        return self._answers.apart(ask)

    def _matters_by_name(self, name: str) -> bool:
        key = _key(name)
        return key[0] in self.linker.index.files and self.matters(key)


def _named(key: tuple[str, int]) -> str:
    return f"{key[1]} {key[0]}"


def _key(name: str) -> tuple[str, int]:
    index, _, path = name.partition(" ")
    return path, int(index)
