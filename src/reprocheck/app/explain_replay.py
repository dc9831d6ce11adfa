"""The findings that may explain why a replay diverged: where the two halves of the tool meet."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from reprocheck.app.explain_divergence import Seen, explaining, leads
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence, Finding
from reprocheck.model.record import Record
from reprocheck.model.replay import ExplainingFinding, Replay

_LISTED = 5
"""Findings that are named; those further down explain less."""
_SURE = 2
"""Weight of a finding that stands where something went another way, or names it."""
_GUESSES = 2
"""Findings that are named where none is nearer than its family."""


def explaining_findings(replay: Replay, record: Record, config: Config) -> tuple[ExplainingFinding, ...]:
    """Findings of the project as it is now, the nearest first; none where the run's root isn't in the project."""
    followed = leads(replay, record)
    root, project = Path(record.command.root), config.root.resolve()
    if not followed or not root.is_relative_to(project):
        return ()
    prefix = PurePosixPath(root.relative_to(project).as_posix())
    # What a rule alone is not sure of may be just what the replay saw.
    unsure = msgspec.structs.replace(config, min_confidence=Confidence.LOW)
    findings = scan_project(ScanRequest(config=unsure, targets=[config.root]), lambda _done, _all: None).result.active
    found = explaining([_seen(finding, prefix) for finding in findings], followed)
    near = [one for one in found if one.weight > _SURE] or list(found[:_GUESSES])
    return tuple(_named(findings[one.index], one.what) for one in near[:_LISTED])


def _seen(finding: Finding, prefix: PurePosixPath) -> Seen:
    path = PurePosixPath(finding.place.path)
    inside = path.relative_to(prefix) if path.is_relative_to(prefix) else path
    return Seen(finding.code, str(inside), finding.place.span.line, finding.message)


def _named(finding: Finding, what: tuple[str, ...]) -> ExplainingFinding:
    return ExplainingFinding(
        code=finding.code,
        rule=finding.rule,
        path=finding.place.path,
        line=finding.place.span.line,
        cell=None if finding.place.cell is None else finding.place.cell.number,
        message=finding.message,
        fingerprint=finding.fingerprint,
        what=what,
    )
