"""What fixing came to, for a person."""

from __future__ import annotations

from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.fix import Fix, Safety
from reprocheck.model.place import Place, Span
from reprocheck.report.fix_summary import summary_lines


def finding(line: int) -> Finding:
    return Finding(
        code="DET008",
        rule="unsorted-directory-listing",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="lists",
        place=Place("train.py", Span(line, 1, line, 5)),
        fix=Fix("sort the listing", Safety.SAFE, ()),
    )


def test_it_counts_and_says_why_something_is_left() -> None:
    lines = list(summary_lines([finding(1), finding(2)], [(finding(3), "another fix")], 1, would=False))
    assert lines == ["2 fixed in 1 file, 1 left", "  left: train.py:3:1 DET008: another fix"]


def test_a_patch_speaks_of_what_would_be() -> None:
    assert list(summary_lines([finding(1)], [], 1, would=True, verbose=True)) == [
        "1 would be fixed in 1 file",
        "  DET008: sort the listing (1)",
    ]


def test_many_that_are_left_are_counted() -> None:
    assert list(summary_lines([], [(finding(n), "no") for n in range(25)], 0, would=False))[-1] == "  left: 5 more"
