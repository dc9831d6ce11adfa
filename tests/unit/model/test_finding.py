"""Order of findings and levels."""

from __future__ import annotations

from reprocheck.model.finding import Confidence, Finding, Severity, Suppression
from reprocheck.model.place import Place, Span
from reprocheck.model.rule_info import FAMILIES, RuleInfo
from reprocheck.model.scan_result import FileCounts, ScanResult


def finding(path: str = "a.py", line: int = 1, code: str = "ART003", **fields: object) -> Finding:
    return Finding(
        code=code,
        rule="r",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="m",
        place=Place(path, Span(line, 1, line, 2)),
        **fields,  # type: ignore[arg-type]
    )


def test_worst_and_surest_come_first() -> None:
    assert sorted(Severity, key=lambda level: level.rank) == [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    assert sorted(Confidence, key=lambda level: level.rank) == [Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW]


def test_findings_are_ordered_by_path_place_and_code() -> None:
    ordered = [finding("a.py", 2), finding("a.py", 10), finding("a.py", 10, "DET001"), finding("b.py", 1)]
    shuffled = [ordered[2], ordered[0], ordered[3], ordered[1]]
    assert sorted(shuffled, key=lambda found: found.sort_key) == ordered


def test_suppressed_and_known_findings_do_not_count() -> None:
    counted = finding(known=False)
    result = ScanResult(
        findings=(counted, finding(known=True), finding(suppression=Suppression("inline"))),
        rules={},
        files=FileCounts(),
    )
    assert result.active == (counted,)


def test_family_is_the_code_without_digits() -> None:
    info = RuleInfo(code="RNG004", name="n", severity=Severity.NOTE, confidence=Confidence.LOW, summary="s.")
    assert info.family == "RNG"
    assert info.family in FAMILIES
