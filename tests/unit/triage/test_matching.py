"""Known findings are found again, and no new one takes their place."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.finding import Confidence, Finding, Severity, Suppression
from reprocheck.model.place import Place, Span
from reprocheck.triage.baseline import Baseline, Entry, mark, record
from reprocheck.triage.matching import match_up


def finding(path: str = "a.py", context: str = "c", *, line: int = 1, fingerprint: str = "f") -> Finding:
    return Finding(
        code="ART003",
        rule="unsafe-deserialisation",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="m",
        place=Place(path, Span(line, 1, line, 2)),
        fingerprint=fingerprint,
        context=context,
    )


def entry(path: str = "a.py", context: str = "c", *, fingerprint: str = "f") -> Entry:
    return Entry(path, "ART003", "", fingerprint, context, "m")


def test_twin_with_the_same_neighbours_wins_over_its_ordinal() -> None:
    present = [finding(context="new", line=1), finding(context="old", line=5)]
    assert match_up(present, [entry(context="old")]) == {1: 0}


def test_path_wins_over_neighbours_when_they_disagree() -> None:
    present = [finding("b.py", "old"), finding("a.py", "new")]
    assert match_up(present, [entry("a.py", "old")]) == {1: 0}


def test_moved_file_keeps_its_decisions() -> None:
    assert match_up([finding("b.py", "other")], [entry("a.py", "c")]) == {0: 0}


def test_fingerprints_never_mix() -> None:
    assert match_up([finding(fingerprint="g")], [entry()]) == {}


def test_each_record_stands_for_one_finding() -> None:
    assert len(match_up([finding(), finding(), finding()], [entry(), entry()])) == 2


FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from(["a.py", "b.py"]),
        st.sampled_from(["c", "d", "e"]),
        fingerprint=st.sampled_from(["f", "g"]),
        line=st.integers(1, 9),
    ),
    max_size=12,
)


@given(FINDINGS)
def test_everything_recorded_is_known_in_whatever_order(findings: list[Finding]) -> None:
    shuffled = list(findings)
    random.Random(0).shuffle(shuffled)  # noqa: S311 — an order, no secret
    marked, gone = mark(shuffled, record(findings))
    assert all(found.known for found in marked)
    assert gone == ()


@given(FINDINGS, FINDINGS)
def test_numbers_add_up(before: list[Finding], after: list[Finding]) -> None:
    baseline = record(before)
    marked, gone = mark(after, baseline)
    known = sum(bool(found.known) for found in marked)
    assert known + len(gone) == len(baseline.findings)
    for fingerprint in ("f", "g"):
        recorded = sum(one.fingerprint == fingerprint for one in baseline.findings)
        present = sum(one.fingerprint == fingerprint for one in marked)
        matched = sum(bool(one.known) for one in marked if one.fingerprint == fingerprint)
        assert matched == min(recorded, present)


def test_suppressed_findings_are_not_recorded() -> None:
    suppressed = msgspec.structs.replace(finding("b.py"), suppression=Suppression("inline"))
    assert [entry.path for entry in record([finding("a.py"), suppressed]).findings] == ["a.py"]


def test_empty_baseline_knows_nothing() -> None:
    assert [found.known for found in mark([finding()], Baseline(1, ()))[0]] == [False]
