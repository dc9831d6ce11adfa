"""Counts over a scan's findings, shared by all formats."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.finding import Severity
from reprocheck.model.rule_info import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import FileCounts, ScanResult


class Tally(msgspec.Struct, frozen=True):
    """Findings of one kind, by severity."""

    error: int = 0
    warning: int = 0
    note: int = 0

    @property
    def total(self) -> int:
        """Findings of any severity."""
        return self.error + self.warning + self.note


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a result comes to; only findings that count are in the tallies."""

    tally: Tally
    families: dict[str, Tally]
    """By family code, in the order of the catalogue; families of users' rules last."""
    suppressed: int
    """Findings that a comment in the source waves away."""
    known: int
    """Findings that the baseline has."""
    decided: int
    """Findings that somebody has decided about in the ledger."""


def family_of(code: str) -> str:
    """Code without its digits."""
    return code.rstrip("0123456789")


def is_known(finding: Finding) -> bool:
    """Whether the baseline has the finding."""
    if finding.suppression is not None:
        return finding.suppression.kind == "baseline"
    return bool(finding.known)


def is_decided(finding: Finding) -> bool:
    """Whether a decision in the ledger sets the finding aside."""
    return finding.suppression is not None and finding.suppression.kind == "ledger"


def counts(finding: Finding) -> bool:
    """Whether the finding is neither suppressed nor decided nor in the baseline."""
    return finding.suppression is None and not finding.known


def set_aside(finding: Finding) -> str:
    """Why a finding doesn't count, in a few words."""
    if finding.suppression is not None and is_decided(finding):
        return f"{finding.suppression.state} in the ledger"
    return "in the baseline" if is_known(finding) else "suppressed"


def in_order(result: ScanResult) -> list[Finding]:
    """All findings by path, place, code and message."""
    return sorted(result.findings, key=lambda finding: finding.sort_key)


def summarize(result: ScanResult) -> Summary:
    """Count the findings of a result."""
    active = result.active
    present = {family_of(finding.code) for finding in active}
    ordered = [family for family in FAMILIES if family in present] + sorted(present - FAMILIES.keys())
    known, decided = (sum(map(kind, result.findings)) for kind in (is_known, is_decided))
    return Summary(
        tally=_tally(active),
        families={family: _tally(f for f in active if family_of(f.code) == family) for family in ordered},
        suppressed=len(result.findings) - len(active) - known - decided,
        known=known,
        decided=decided,
    )


def file_total(files: FileCounts) -> int:
    """Files looked at, of any kind."""
    return files.python + files.notebooks + files.documents


def plural(number: int, noun: str) -> str:
    """A number and its noun, such as `1,204 findings`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def by_severity(tally: Tally) -> str:
    """Non-zero counts, such as `2 errors, 1 note`."""
    numbers = ((tally.error, "error"), (tally.warning, "warning"), (tally.note, "note"))
    return ", ".join(plural(number, noun) for number, noun in numbers if number)


def _tally(findings: Iterable[Finding]) -> Tally:
    numbers = Counter(finding.severity for finding in findings)
    return Tally(numbers[Severity.ERROR], numbers[Severity.WARNING], numbers[Severity.NOTE])
