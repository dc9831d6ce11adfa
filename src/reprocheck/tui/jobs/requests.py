"""What a working process is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.scan_project import ScanRequest
from reprocheck.model.finding import Finding
from reprocheck.model.place import Span


@dataclass(frozen=True, slots=True)
class ScanJob:
    """Scan, and with `watch` again whenever a file changes."""

    request: ScanRequest
    watch: bool = False


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Replay a run."""

    request: ReplayRequest


Spot = tuple[str, str, Span, str]
"""Rule, path, span and message of a finding: what it is found again by in a scan of the same files."""


def spot_of(finding: Finding) -> Spot:
    """Where a finding stands and what it says."""
    return (finding.code, finding.place.path, finding.place.span, finding.message)


@dataclass(frozen=True, slots=True)
class RepairJob:
    """Carry out the fixes of some findings."""

    request: ScanRequest
    spots: frozenset[Spot]


Job = ScanJob | ReplayJob | RepairJob
