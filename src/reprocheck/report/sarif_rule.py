"""Rules as SARIF reporting descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.rule_info import FAMILIES
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from reprocheck.model.rule_info import RuleInfo

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEM_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
"""GitHub's words for `problem.severity`."""


def rule_value(rule: RuleInfo) -> dict[str, object]:
    """A `reportingDescriptor` with everything a viewer can show offline; there is no page to point to."""
    sections = [(title, visible_lines(text)) for title, text in (("Why", rule.why), ("Fix", rule.fix)) if text]
    notes = [visible_lines(rule.notes)] if rule.notes else []
    summary = visible(rule.summary)
    markdown = [f"**{title}.** {text}" for title, text in sections]
    plain = [f"{title}: {text}" for title, text in sections]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": visible_lines(rule.why) or summary},
        "help": {
            "text": "\n\n".join([*plain, *notes]) or summary,
            "markdown": "\n\n".join([*markdown, *notes]) or summary,
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["reproducibility", FAMILIES.get(rule.family, rule.family)],
            "precision": rule.confidence.value,
            "confidence": rule.confidence.value,
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
        },
    }


def visible_lines(text: str) -> str:
    """`text` with unsafe characters spelled out, its lines kept."""
    return "\n".join(visible(line.expandtabs(4)) for line in text.strip().splitlines())
