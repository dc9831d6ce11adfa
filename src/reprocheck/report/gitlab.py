"""The `gitlab` format: a Code Quality report, as GitLab shows it in merge requests.

Fields and levels: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.report.json_value import json_text
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import counts, in_order

if TYPE_CHECKING:
    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult

_LEVELS = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write one object per finding that counts; twins are numbered, since GitLab drops fingerprints that repeat."""
    seen: Counter[str] = Counter()
    issues = []
    for finding in in_order(result):
        # Suppressed ones take part in the numbering, so that suppressing one renames no other.
        seen[finding.fingerprint] += 1
        if counts(finding):
            issues.append(_issue(finding, seen[finding.fingerprint]))
    return json_text(issues, indent=True) + "\n"


GITLAB = Reporter("gitlab", "a Code Quality report for GitLab", render)


def _issue(finding: Finding, ordinal: int) -> dict[str, object]:
    span, cell = finding.place.span, finding.place.cell
    message = finding.message if cell is None else f"cell {cell.number}, line {cell.line}: {finding.message}"
    identity = f"{finding.code}\0{finding.fingerprint}\0{ordinal}"
    return {
        "description": f"{finding.code} {finding.rule}: {message}",
        "check_name": finding.rule,
        "fingerprint": hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        "severity": _LEVELS[finding.severity],
        "location": {"path": finding.place.path, "lines": {"begin": span.line, "end": span.end_line}},
    }
