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
NOT_AUDITED = RuleInfo(
    code="RPC004",
    name="not-audited",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="A declared package could not be looked up in advisories, so that nothing is known of it.",
    why="An audit that passes over what it can't look up calls unsafe packages clean.",
    fix=(
        "Commit a lock file with exact versions; for packages from version control or private indexes, look at their "
        "authors' own advisories."
    ),
    notes="Only with `--audit`. It makes the scan incomplete (exit code 4), not failed.",
)
VULNERABLE_DEPENDENCY = RuleInfo(
    code="ENV011",
    name="vulnerable-dependency",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="A declared version of a package has known vulnerabilities.",
    why=(
        "Who reproduces a result installs what the lock says, also years later and often on machines with data and "
        "credentials that matter. A model file or an archive that is opened by a vulnerable library is a way in."
    ),
    fix=(
        "Raise the version to the one that the message names, lock again, and replay a run to see that the numbers "
        "stay. Where that is not possible, say so beside the line: `# reprocheck: ignore[ENV011] -- reason (until "
        "2027-01-31)`."
    ),
    notes=(
        "Only with `--audit`, which asks PyPI's advisories through pip-audit, or a local database made by "
        "`reprocheck db update`. One finding for each package and place; the report's section on the audit has every "
        "advisory with its aliases and fixed versions. Conda packages and what comes from version control or a URL are "
        "reported as not audited (RPC004), never as clean."
    ),
)
AUDIT_RULES = frozenset({NOT_AUDITED.code, VULNERABLE_DEPENDENCY.code})
"""What only an audit says."""
OWN_RULES = {
    rule.code: rule
    for rule in (UNREADABLE, UNUSED_SUPPRESSION, EXPIRED_SUPPRESSION, NOT_AUDITED, VULNERABLE_DEPENDENCY)
}
