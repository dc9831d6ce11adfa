"""A replay as JUnit's XML: the verdict is a test, and so is every result of every repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.comparison_words import headline
from reprocheck.report.run_words import command_text
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.comparison import Difference
    from reprocheck.model.replay import Repetition, Replay

_NANOSECONDS = 1e9
_Case = tuple[str, str, str]
"""Name; `failure`, `error` or nothing; what is said."""


def replay_junit(replay: Replay, *, required: Outcome) -> str:
    """What diverges fails, what could not be seen is an error; `required` is the least that passes."""
    suites = [("replay", [_verdict(replay, required)], 0)]
    for index, repetition in enumerate(replay.repetitions, 1):
        suites.append((f"repetition {index}", list(_cases(repetition, required)), repetition.duration))
    cases = [case for _, listed, _ in suites for case in listed]
    counts = f'tests="{len(cases)}" failures="{_count(cases, "failure")}" errors="{_count(cases, "error")}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="reprocheck replay" {counts}>']
    for name, listed, duration in suites:
        lines += _suite(f"{replay.run} {name}", listed, duration)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _verdict(replay: Replay, required: Outcome) -> _Case:
    said = ". ".join(filter(None, (replay.verdict.reason, replay.remedy)))
    name = f"{command_text(replay.command)} in {replay.executor}"
    return name, _state(replay.verdict.outcome, required), f"{replay.verdict.label}: {said}"


def _cases(repetition: Repetition, required: Outcome) -> Iterator[_Case]:
    """A divergence that proves nothing, as the verdict about the repetition says, is an error."""
    proves = repetition.comparison.verdict.outcome is not Outcome.INCONCLUSIVE
    for difference in repetition.comparison.differences:
        state = _state(difference.outcome, required)
        yield difference.name, state if proves or not state else "error", said_of(difference)


def said_of(difference: Difference) -> str:
    """The outcome and the first thing that is said of it, in one line."""
    inner, names = difference, []
    while not headline(inner) and inner.children:
        inner = inner.children[0]
        names.append(inner.name)
    return ": ".join(filter(None, (str(difference.outcome), " > ".join(names), headline(inner))))


def _state(outcome: Outcome, required: Outcome) -> str:
    if outcome is Outcome.INCONCLUSIVE:
        return "error"
    return "failure" if outcome.rank > required.rank else ""


def _count(cases: list[_Case], state: str) -> int:
    return sum(found == state for _, found, _ in cases)


def _suite(name: str, cases: list[_Case], duration: int) -> Iterator[str]:
    numbers = (
        f'tests="{len(cases)}" failures="{_count(cases, "failure")}" errors="{_count(cases, "error")}" skipped="0"'
    )
    yield f'  <testsuite name="{marked_up(name)}" {numbers} time="{duration / _NANOSECONDS:.3f}">'
    for case, state, said in cases:
        yield f'    <testcase classname="{marked_up(name)}" name="{marked_up(case)}">'
        text = marked_up(said)
        if state:
            yield f'      <{state} type="{"divergent" if state == "failure" else "inconclusive"}" message="{text}"/>'
        else:
            yield f"      <system-out>{text}</system-out>"
        yield "    </testcase>"
    yield "  </testsuite>"
