"""The tool's own diagnostics: what it says about files and comments rather than about code."""

from __future__ import annotations

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.rule_info import RuleInfo

UNREADABLE = RuleInfo(
    code="RPC001",
    name="unreadable-source",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="A file could not be read, or not as it was meant.",
    why="What can't be read can't be checked: silence about this file means nothing.",
    fix="Repair the file, or leave it out with `exclude` in the configuration.",
)
UNUSED_SUPPRESSION = RuleInfo(
    code="RPC002",
    name="unused-suppression",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    summary="A suppression comment suppresses nothing.",
    why="A comment that outlives its finding hides the next one of the same kind on that line.",
    fix="Remove the comment, or the code in its brackets that no longer applies.",
)
EXPIRED_SUPPRESSION = RuleInfo(
    code="RPC003",
    name="expired-suppression",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="The date of a suppression has passed, so that it no longer applies.",
    why="Its author wanted the question to come up again at this date.",
    fix="Repair the finding, or decide again and give a later date.",
)
OWN_RULES = {rule.code: rule for rule in (UNREADABLE, UNUSED_SUPPRESSION, EXPIRED_SUPPRESSION)}
