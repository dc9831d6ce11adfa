"""Decisions find their findings again, and none is inherited by a finding that nobody decided about."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decided import DAY, decision, finding
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Decision, Fit, Standing, State
from reprocheck.triage.decisions import standings, surroundings


def stand(
    findings: list[Finding], decisions: list[Decision], *, whole: bool = True, there: tuple[str, ...] = ("a.py",)
) -> tuple[Standing, ...]:
    return standings(findings, decisions, whole=whole, exists=there.__contains__)[0]


def decided(findings: list[Finding], decisions: list[Decision], **how: object) -> list[bool]:
    return [s.decision is not None for s in stand(findings, decisions, **how)]  # type: ignore[arg-type]


OLD = finding(line=5)


def test_a_new_twin_in_front_takes_nothing() -> None:
    assert decided([finding(context="0b", line=1), OLD], [decision(OLD)]) == [False, True]


def test_a_finding_whose_neighbours_changed_keeps_its_decision() -> None:
    [standing] = stand([finding(context="0b")], [decision(OLD)])
    assert (standing.fit, standing.sets_aside(DAY)) == (Fit.MOVED, True)


@pytest.mark.parametrize("context", ["0a", "0c"])
def test_where_nothing_tells_twins_apart_none_inherits(context: str) -> None:
    both = [finding(context=context, line=1), finding(context=context, line=2)]
    kept = decision(OLD)
    for standing in stand(both, [kept]):
        assert (standing.decision, standing.unclear) == (None, (kept,))
    assert decided(both, [kept, kept]) == [True, True]


def test_twins_whose_neighbours_changed_inherit_nothing_when_they_were_decided_differently() -> None:
    both = [finding(context="0b", line=1), finding(context="0c", line=2)]
    apart = [decision(OLD), decision(finding(context="0d"), State.OPEN)]
    assert decided(both, apart) == [False, False]


def test_what_the_rule_says_tells_findings_of_one_line_apart() -> None:
    one, other = finding(message="x has no version"), finding(message="y has no version")
    assert decided([one, other], [decision(other)]) == [False, True]
    reworded = finding(message="y has no exact version")
    assert decided([one, reworded], [decision(one), decision(other)]) == [True, True]


def test_a_twin_that_was_left_open_never_inherits() -> None:
    open_twin = finding(context="0b")
    assert decided([open_twin], [decision(OLD, beside=(surroundings(open_twin),))]) == [False]
    elsewhere = finding("b.py")
    assert decided([elsewhere], [decision(OLD, elsewhere=("b.py",))], there=("b.py",)) == [False]


def test_a_renamed_file_keeps_its_decisions_weakly() -> None:
    [standing] = stand([finding("b.py")], [decision(OLD)], there=("b.py",))
    assert (standing.fit, standing.sets_aside(DAY)) == (Fit.RENAMED, True)


@pytest.mark.parametrize(
    ("found", "whole", "there"),
    [
        (finding("b.py"), True, ("a.py", "b.py")),  # the decided file is still there
        (finding("b.py"), False, ("b.py",)),  # other files may hold it
        (finding("b.py", "0b"), True, ("b.py",)),  # neighbours differ too
        (finding("b.py", fingerprint="e"), True, ("b.py",)),  # another statement
    ],
)
def test_a_finding_elsewhere_is_new_unless_only_the_name_of_its_file_is(
    found: Finding, whole: bool, there: tuple[str, ...]
) -> None:
    old = finding(context="0a")
    assert decided([found], [decision(old)], whole=whole, there=there) == [False]


def test_two_renamed_candidates_inherit_nothing() -> None:
    assert decided([finding("b.py"), finding("c.py")], [decision(OLD)], there=("b.py", "c.py")) == [False, False]


@pytest.mark.parametrize(
    ("state", "until", "counts"),
    [
        (State.ACCEPTED, None, False),
        (State.FALSE_POSITIVE, DAY, False),
        (State.ACCEPTED, DAY.replace(day=20), True),
        (State.OPEN, None, True),
        (State.FIXED, None, True),
    ],
)
def test_only_lasting_acceptance_sets_aside(state: State, until: object, *, counts: bool) -> None:
    [standing] = stand([OLD], [decision(OLD, state, until=until)])
    assert standing.decision is not None
    assert standing.sets_aside(DAY) is not counts


FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from(["a.py", "b.py", "c.py"]),
        st.sampled_from(["0a", "0b"]),
        fingerprint=st.sampled_from(["e", "f"]),
        message=st.sampled_from(["m", "n"]),
        line=st.integers(1, 9),
    ),
    max_size=9,
)


@given(FINDINGS, FINDINGS, st.booleans(), st.data())
def test_no_more_is_set_aside_than_was_decided_and_each_decision_is_used_once(
    before: list[Finding], after: list[Finding], whole: bool, data: st.DataObject
) -> None:
    decisions = [decision(found) for found in before]
    there = data.draw(st.lists(st.sampled_from(["a.py", "b.py", "c.py"])))
    stood, unused = standings(after, decisions, whole=whole, exists=there.__contains__)
    used = [id(standing.decision) for standing in stood if standing.decision is not None]
    assert len(used) == len(set(used))
    limit = Counter(found.fingerprint for found in before)
    taken = Counter(s.finding.fingerprint for s in stood if s.decision is not None)
    assert all(taken[fingerprint] <= limit[fingerprint] for fingerprint in taken)
    assert not {id(one) for one in unused} & set(used)


@given(FINDINGS, st.randoms())
def test_what_was_decided_stays_so_in_whatever_order(before: list[Finding], rng: object) -> None:
    after = list(before)
    rng.shuffle(after)  # type: ignore[attr-defined]
    assert all(decided(after, [decision(found) for found in before], there=("a.py", "b.py", "c.py")))


def test_a_copied_block_makes_the_question_new() -> None:
    old = finding(context="aaaabbbb", line=2)  # between A and B; then A and it were copied to stand in front of B
    before, copy = finding(context="aaaacccc", line=2), finding(context="aaaabbbb", line=4)
    assert [bool(s.unclear) for s in stand([before, copy], [decision(old)])] == [True, True]
    elsewhere = finding(context="eeeeffff", line=4)
    assert decided([elsewhere, old], [decision(old)]) == [False, True]
    left_open = decision(old, beside=(surroundings(before),))
    assert decided([before, copy], [left_open]) == [False, True]
