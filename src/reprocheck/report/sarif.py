"""The `sarif` format: SARIF 2.1.0 for code-scanning services and editors.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 plus Errata 01.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reprocheck.report.audit_value import source_words
from reprocheck.report.json_value import json_text
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.sarif_result import artifact_location, mentioned_paths, message, result_value
from reprocheck.report.sarif_rule import rule_value
from reprocheck.report.summary import counts, file_total, in_order, plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RESULTS_LIMIT = 25_000
"""Results that GitHub takes for one run."""


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write one run: results that count before those set aside, the worst and surest first."""
    ranked = sorted(_with_ordinals(in_order(result)), key=lambda pair: _badness(pair[0]))
    kept = ranked[:RESULTS_LIMIT]
    rules = _rules(result, (finding for finding, _ in kept))
    paths = sorted({path for finding, _ in kept for path in mentioned_paths(finding)})
    rule_index = {code: index for index, code in enumerate(rules)}
    path_index = {path: index for index, path in enumerate(paths)}
    driver = {"name": "reprocheck", "version": result.tool_version, "rules": list(rules.values())}
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(result, left_out=len(ranked) - len(kept))],
        "originalUriBaseIds": {"%SRCROOT%": _root(options.root_uri)},
        "artifacts": [{"location": artifact_location(path)} for path in paths],
        "columnKind": "unicodeCodePoints",
        "results": [result_value(finding, ordinal, rule_index, path_index) for finding, ordinal in kept],
        "properties": _properties(result),
    }
    return json_text({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}, indent=True) + "\n"


SARIF = Reporter("sarif", "SARIF 2.1.0 for code scanning and editors", render)


def _with_ordinals(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Each finding with its number among its twins, from 1; all findings take part, so that suppressing shifts none."""
    seen: Counter[str] = Counter()
    numbered = []
    for finding in findings:
        seen[finding.fingerprint] += 1
        numbered.append((finding, seen[finding.fingerprint]))
    return numbered


def _badness(finding: Finding) -> tuple[bool, int, int]:
    return (not counts(finding), finding.severity.rank, finding.confidence.rank)


def _rules(result: ScanResult, findings: Iterable[Finding]) -> dict[str, dict[str, object]]:
    """Rules by code: those that ran, and bare ones for findings whose rule isn't among them."""
    rules = {code: rule_value(rule) for code, rule in result.rules.items()}
    for finding in findings:
        rules.setdefault(finding.code, {"id": finding.code, "name": finding.rule})
    return dict(sorted(rules.items()))


def _invocation(result: ScanResult, *, left_out: int) -> dict[str, object]:
    """An incomplete scan still ran to its end: it is successful and carries notifications."""
    reasons = list(result.incomplete)
    if left_out:
        reasons.append(f"{plural(left_out, 'result')} left out: GitHub takes {RESULTS_LIMIT:,}, the worst were kept")
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": "warning", "message": message(reason)} for reason in reasons],
    }


def _properties(result: ScanResult) -> dict[str, object]:
    value: dict[str, object] = {
        "filesScanned": file_total(result.files),
        "dependenciesAudited": not result.not_audited,
    }
    if result.audit is not None:
        value["advisories"] = visible(source_words(result.audit.source))
    return value


def _root(uri: str | None) -> dict[str, object]:
    if uri is None:
        return {"description": {"text": "The scanned root"}}
    return {"uri": uri if uri.endswith("/") else f"{uri}/"}
