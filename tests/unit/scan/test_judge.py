"""What counts of what was found."""

from __future__ import annotations

import datetime as dt

import pytest

from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.place import Place, Span
from reprocheck.model.rule_info import RuleInfo
from reprocheck.scan.file_result import Comment, FileResult
from reprocheck.scan.judge import Judgement, judge

TODAY = dt.date(2026, 6, 15)
RULES = {
    code: RuleInfo(code=code, name=name, severity=Severity.WARNING, confidence=Confidence.HIGH, summary=f"{name}.")
    for code, name in (("ART003", "unsafe-deserialisation"), ("DET001", "cudnn-benchmark"))
}


def finding(line: int, code: str = "ART003", *, confidence: Confidence = Confidence.HIGH) -> Finding:
    return Finding(
        code=code,
        rule=RULES[code].name,
        severity=Severity.WARNING,
        confidence=confidence,
        message="m",
        place=Place("a.py", Span(line, 1, line, 5)),
    )


def comment(*words: str, line: int = 1, until: str = "") -> Comment:
    place = Place("a.py", Span(line, 10, line, 40))
    return Comment(place=place, words=words, reason="why", until=until, first_line=line, last_line=line)


def judged(*parts: Finding | Comment, **settings: object) -> list[tuple[str, bool]]:
    result = FileResult(
        path="a.py",
        kind="python",
        digest=b"",
        findings=tuple(part for part in parts if isinstance(part, Finding)),
        comments=tuple(part for part in parts if isinstance(part, Comment)),
    )
    judgement = Judgement(**{"rules": RULES, "today": TODAY, **settings})  # type: ignore[arg-type]
    return [(f.code, f.suppression is not None) for f in judge([result], judgement)]


@pytest.mark.parametrize("word", ["ART003", "ART", "unsafe-deserialisation"])
def test_word_of_a_comment_is_code_family_or_name(word: str) -> None:
    assert judged(finding(1), comment(word)) == [("ART003", True)]


def test_comment_without_words_covers_all_and_one_on_another_line_nothing() -> None:
    assert judged(finding(1), finding(1, "DET001"), comment()) == [("ART003", True), ("DET001", True)]
    assert judged(finding(2), comment("ART003")) == [("RPC002", False), ("ART003", False)]


@pytest.mark.parametrize(
    ("until", "codes"),
    [
        ("2026-06-15", [("ART003", True)]),
        ("2026-06-14", [("ART003", False), ("RPC003", False)]),
        ("2026-02-31", [("ART003", False), ("RPC003", False)]),
    ],
)
def test_comment_applies_up_to_and_on_its_day(until: str, codes: list[tuple[str, bool]]) -> None:
    assert judged(finding(1), comment("ART003", until=until)) == codes


def test_one_word_of_several_can_be_unused() -> None:
    assert judged(finding(1), comment("ART003", "DET001")) == [("ART003", True), ("RPC002", False)]


def test_word_for_a_rule_that_did_not_run_is_not_called_unused() -> None:
    assert judged(finding(1), comment("ART003", "ENV007")) == [("ART003", True)]
    assert judged(comment("ENV007")) == []


def test_own_diagnostics_are_shown_when_chosen() -> None:
    assert judged(comment("DET001"), own_codes=frozenset({"RPC001"})) == []


def test_low_confidence_is_left_out_but_uses_its_comment() -> None:
    low = finding(1, confidence=Confidence.LOW)
    assert judged(low) == []
    assert judged(low, comment("ART003")) == []
    assert judged(low, min_confidence=Confidence.LOW) == [("ART003", False)]


@pytest.mark.parametrize(
    ("pattern", "codes", "left"),
    [
        ("*.py", ("ART",), 0),
        ("tests/**", ("ART",), 1),
        ("a.py", ("unsafe-deserialisation",), 0),
        ("/a.py", ("DET",), 1),
        ("*", ("ART", "DET"), 0),
    ],
)
def test_rules_are_left_out_by_path(pattern: str, codes: tuple[str, ...], left: int) -> None:
    assert len(judged(finding(1), per_file_ignores={pattern: codes})) == left


def test_severity_of_the_configuration_wins() -> None:
    result = FileResult(path="a.py", kind="python", digest=b"", findings=(finding(1),))
    judgement = Judgement(rules=RULES, today=TODAY, severity={"ART003": Severity.ERROR})
    assert [f.severity for f in judge([result], judgement)] == [Severity.ERROR]
