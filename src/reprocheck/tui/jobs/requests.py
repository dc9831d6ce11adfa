"""What a working process is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.scan_project import ScanRequest


@dataclass(frozen=True, slots=True)
class ScanJob:
    """Scan, and with `watch` again whenever a file changes."""

    request: ScanRequest
    watch: bool = False


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Replay a run."""

    request: ReplayRequest


Job = ScanJob | ReplayJob
