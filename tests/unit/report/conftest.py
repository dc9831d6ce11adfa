"""Builders of results: every reporter test says only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from reprocheck.model.finding import Confidence, Finding, Severity, Step, Suppression
from reprocheck.model.place import Cell, Excerpt, Place, Span
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts, ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterable


class Build:
    """Makes values with plain defaults."""

    @staticmethod
    def excerpt(*lines: str, mark: str, first_line: int = 1, dropped: int = 0) -> Excerpt:
        """An excerpt whose mark is the first place where `mark` stands."""
        index = next(number for number, line in enumerate(lines) if mark in line)
        column = lines[index].index(mark) + 1
        return Excerpt(first_line, lines, first_line + index, column, column + len(mark), dropped)

    @staticmethod
    def place(
        path: str = "train.py",
        line: int = 12,
        column: int = 5,
        *,
        end_line: int | None = None,
        end_column: int | None = None,
        cell: tuple[int, int] | None = None,
        excerpt: Excerpt | None = None,
    ) -> Place:
        """A place that is ten characters wide unless told otherwise."""
        span = Span(line, column, end_line or line, end_column or column + 10)
        return Place(path, span, None if cell is None else Cell(*cell), excerpt)

    def step(self, message: str, path: str = "train.py", line: int = 3, code: str = "") -> Step:
        """One step of a trail, with its line of code if there is one."""
        excerpt = Excerpt(line, (code,), line, 1, 2) if code else None
        return Step(self.place(path, line, 8, excerpt=excerpt), message)

    def finding(self, code: str = "RNG004", place: Place | None = None, **changes: object) -> Finding:
        """A finding of a rule that `rules` knows."""
        rule = {"RNG004": "seed-from-clock", "DAT001": "split-leak", "NTB002": "out-of-order"}.get(code, "some-rule")
        finding = Finding(
            code=code,
            rule=rule,
            severity=Severity.WARNING,
            confidence=Confidence.HIGH,
            message="the seed comes from the clock",
            place=place or self.place(),
            fingerprint="c0ffee",
        )
        return msgspec.structs.replace(finding, **changes)

    @staticmethod
    def rules() -> dict[str, RuleInfo]:
        """Two rules with explanations."""
        clock = RuleInfo(
            code="RNG004",
            name="seed-from-clock",
            severity=Severity.WARNING,
            confidence=Confidence.HIGH,
            summary="A seed is taken from the clock.",
            why="Nobody can set a seed again that nobody wrote down. The run is lost.",
            fix="Use a constant, or log the value that was drawn.",
        )
        leak = RuleInfo(
            code="DAT001",
            name="split-leak",
            severity=Severity.ERROR,
            confidence=Confidence.MEDIUM,
            summary="A transform is fitted before the split.",
            why="The test set shapes the model.",
            fix="Split first.",
            notes="Pipelines are exempt.",
        )
        return {"RNG004": clock, "DAT001": leak}

    def result(self, findings: Iterable[Finding] = (), **changes: object) -> ScanResult:
        """A result over three Python files with `rules`, dependencies audited."""
        result = ScanResult(
            findings=tuple(findings),
            rules=self.rules(),
            files=FileCounts(python=3, lines=120),
            not_audited=False,
            tool_version="1.2.3",
        )
        return msgspec.structs.replace(result, **changes)

    @staticmethod
    def suppressed(reason: str = "", kind: str = "inline", place: Place | None = None) -> Suppression:
        """A suppression by a comment unless told otherwise."""
        return Suppression(kind, reason, place)


HOSTILE = "a\x1b]0;title\x07b\u202ec\u2066d\x9be\x7f\u200bf\ud800"
"""Escape sequences, BEL, bidi overrides, C1, DEL, an invisible space and a lone surrogate."""


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture
def hostile(build: Build) -> ScanResult:
    """A result in which every text that can come from scanned code or users' rules is hostile."""
    excerpt = Excerpt(12, (f"x = '{HOSTILE}'", "y"), 12, 5, 20)
    place = build.place(f"dir/{HOSTILE}.py", excerpt=excerpt)
    finding = build.finding(
        f"ZZZ{HOSTILE}001",
        place,
        rule=HOSTILE,
        message=HOSTILE,
        symbol=HOSTILE,
        evidence=HOSTILE,
        trail=(Step(place, HOSTILE),),
    )
    aside = build.finding("RNG004", place, suppression=build.suppressed(HOSTILE, place=place))
    rule = RuleInfo(
        code=finding.code,
        name=HOSTILE,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        summary=HOSTILE,
        why=HOSTILE,
        fix=HOSTILE,
        notes=HOSTILE,
        origin=HOSTILE,
    )
    return build.result([finding, aside], rules={finding.code: rule}, incomplete=(HOSTILE,))
