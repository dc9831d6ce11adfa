"""What a scan returns: everything a reporter needs."""

from __future__ import annotations

import msgspec

from reprocheck.model.audit import Audit
from reprocheck.model.finding import Finding
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.run_report import ReportedRuns
from reprocheck.model.scorecard import Scorecard


class FileCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How much was looked at."""

    python: int = 0
    notebooks: int = 0
    documents: int = 0
    """YAML, TOML, JSON, Dockerfiles, requirements, shell files."""
    lines: int = 0
    """Lines of Python, notebook cells included."""


class RuleTiming(msgspec.Struct, frozen=True):
    """Processor time of one rule or phase, over all processes."""

    name: str
    seconds: float


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one scan, sorted and free of timestamps."""

    findings: tuple[Finding, ...]
    """Everything found at or above the asked-for confidence, suppressed and known ones included (marked)."""
    rules: dict[str, RuleInfo]
    """Rules that ran, by code."""
    files: FileCounts
    incomplete: tuple[str, ...] = ()
    """Why the scan could not see everything (paths of unreadable files, audits asked for and not done)."""
    not_audited: bool = True
    """True when dependencies were not looked up in advisory databases."""
    audit: Audit | None = None
    """What advisories say of the declared packages, where that was asked for and could be had."""
    scorecard: Scorecard | None = None
    """How the project stands; only when asked for."""
    ran: ReportedRuns = ReportedRuns()
    """What has been run there and what replays said of it; read for the page only."""
    timings: tuple[RuleTiming, ...] = ()
    """Only when asked for; never part of the default report."""
    tool_version: str = "0"

    @property
    def active(self) -> tuple[Finding, ...]:
        """Findings that count: neither suppressed nor in the baseline."""
        return tuple(f for f in self.findings if f.suppression is None and not f.known)
