"""Conditions that always come out the same because of fixed values, and what never runs behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Project, Span, is_test_path
from reprocheck.rulekit.facts import Exit, FileFacts, Function, GuardKind, Scalar, Test, TestKind, compare
from reprocheck_rules.debt.fixed_values import FixedValues, Origin

_ORDERING = frozenset({"<", "<=", ">", ">="})


class Outcome(NamedTuple):
    """What a condition always is, and the flags that make it so."""

    value: bool
    origins: tuple[Origin, ...]
    ordering: bool
    """Whether numbers are compared by size: a limit rather than a switch."""


class DeadSide(NamedTuple):
    """A condition with a fixed outcome, in one place."""

    path: str
    test: Span
    """Of the condition's statement or expression."""
    outcome: Outcome
    first: int
    """First line that never runs; 0 where no such side exists."""
    last: int
    expression: bool

    @property
    def lines(self) -> int:
        """How many lines never run; an expression counts none of its own."""
        return 0 if self.expression or not self.first else self.last - self.first + 1

    @property
    def span(self) -> Span:
        """What never runs, as whole lines."""
        return Span(self.first, 1, self.last, 1)


def dead_sides(project: Project) -> Iterator[DeadSide]:
    """Every condition outside of tests that fixed values decide, by file, outer ones first."""
    return project.of_files(_of_file)


def _of_file(project: Project, path: str) -> Iterator[DeadSide]:
    if is_test_path(path):
        return
    values = project.once(FixedValues)
    facts = project.index.files[path]
    for position, function in enumerate(facts.functions):
        yield from _of_function(values, path, position, function)
    yield from _of_expressions(values, facts)


def _of_function(values: FixedValues, path: str, position: int, function: Function) -> Iterator[DeadSide]:
    dead: list[tuple[int, int]] = []
    exits = {(event.guard, event.side) for event in function.events if isinstance(event, Exit)}
    order = sorted(range(len(function.guards)), key=lambda index: function.guards[index].span.line)
    for index in order:
        guard = function.guards[index]
        if (
            guard.test is None
            or guard.kind is GuardKind.ENTRY
            or any(first <= guard.span.line <= last for first, last in dead)
        ):
            continue
        outcome = decide(values, guard.test, path, position)
        if outcome is None or not outcome.origins:
            continue
        if guard.kind is GuardKind.LOOP and outcome.value:
            continue
        first, last = guard.other if outcome.value else guard.body
        if not first and outcome.value and (index, True) in exits and guard.parent == -1:
            end = function.span.end_line
            first, last = (guard.span.end_line + 1, end) if guard.span.end_line < end and function.name else (0, 0)
        if first:
            dead.append((first, last))
        yield DeadSide(path, guard.span, outcome, first, last, expression=False)


def _of_expressions(values: FixedValues, facts: FileFacts) -> Iterator[DeadSide]:
    for choice in facts.choices:
        outcome = decide(values, choice.test, facts.path, choice.function)
        if outcome is not None and outcome.origins:
            side = choice.other if outcome.value else choice.body
            yield DeadSide(facts.path, choice.span, outcome, side.line, side.end_line, expression=True)


def decide(values: FixedValues, test: Test, path: str, function: int) -> Outcome | None:
    """What a condition always is; None when something can change it."""
    match test.kind:
        case TestKind.NOT:
            inner = decide(values, test.parts[0], path, function)
            return None if inner is None else inner._replace(value=not inner.value)
        case TestKind.AND | TestKind.OR:
            return _combined(values, test, path, function)
        case TestKind.TRUTH:
            fixed = values.value(test.left, path, function)
            return None if fixed is None else Outcome(bool(fixed.value), fixed.origins, ordering=False)
        case TestKind.COMPARE:
            return _compared(values, test, path, function)
    return None


def _combined(values: FixedValues, test: Test, path: str, function: int) -> Outcome | None:
    stops = test.kind is TestKind.OR
    known = [decide(values, part, path, function) for part in test.parts]
    for outcome in known:
        if outcome is not None and outcome.value is stops and outcome.origins:
            return outcome
    if any(outcome is None for outcome in known):
        return None
    origins = tuple(dict.fromkeys(origin for outcome in known if outcome is not None for origin in outcome.origins))
    return Outcome(not stops, origins, any(outcome is not None and outcome.ordering for outcome in known))


def _compared(values: FixedValues, test: Test, path: str, function: int) -> Outcome | None:
    left = values.value(test.left, path, function)
    right = values.value(test.right, path, function) if left is not None else None
    if left is None or right is None:
        return None
    result = compare(test.operator, left.value, right.value)
    if result is None:
        return None
    numbers = any(_is_number(side.value) for side in (left, right))
    return Outcome(result, (*left.origins, *right.origins), test.operator in _ORDERING or numbers)


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
