"""The findings that may explain why a replay diverged: where the two halves of the tool meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from reprocheck.app.code_slice import Read, slice_of
from reprocheck.app.evidence import reader
from reprocheck.app.explain_divergence import Lead, Seen, explaining, inside, leads, may_have_run, nearest
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence, Finding
from reprocheck.model.plan import Purpose
from reprocheck.model.record import Record
from reprocheck.model.replay import ExplainingFinding, Replay
from reprocheck.replay.needs import needs_of
from reprocheck.replay.sources import digest_of

_LISTED = 5
"""Findings that are named; those further down explain less."""


def with_explanations(replay: Replay, record: Record, config: Config) -> Replay:
    """The replay with findings of the project as it is now, the nearest first; of a run outside of it with none.

    Where none of those that count says anything, rules of the families in question speak that are off by themselves.
    """
    followed, prefix = leads(replay, record), root_in(record, config)
    if not followed or prefix is None:
        return replay
    read = reader(config)
    findings, near = _near(config, followed, prefix, record)
    present = tuple(sorted(finding.fingerprint for finding in findings)) if near and _is_the_code(record) else ()
    if not near:
        families = frozenset().union(*(lead.families for lead in followed))
        findings, near = _near(with_families(config, families), followed, prefix, record)
    return msgspec.structs.replace(
        replay, explanations=tuple(_named(findings[index], what, read) for index, what in near), present=present
    )


def _near(
    config: Config, followed: Sequence[Lead], prefix: PurePosixPath, record: Record
) -> tuple[tuple[Finding, ...], list[tuple[int, tuple[str, ...]]]]:
    """Findings under a configuration, and places among them of the nearest with what each may explain."""
    findings = all_findings(config)
    seen = {index: _seen(finding, prefix) for index, finding in enumerate(findings)}
    may = [index for index, one in seen.items() if may_have_run(one.path, record)]
    near = nearest(explaining([seen[index] for index in may], followed))
    return findings, [(may[one.index], one.what) for one in near[:_LISTED]]


def with_families(config: Config, families: Iterable[str]) -> Config:
    """The configuration with all rules of some families, but for those that it ignores."""
    return msgspec.structs.replace(config, extend_select=(*config.extend_select, *sorted(families)))


def _is_the_code(record: Record) -> bool:
    """Whether the code of the project still is what ran."""
    root = Path(record.command.root)
    own = [need for need in needs_of(record) if need.purpose is Purpose.CODE and not need.outside]
    try:
        return all(digest_of(root / need.path) == need.digest for need in own)
    except OSError:
        return False


def all_findings(config: Config) -> tuple[Finding, ...]:
    """Findings of the project that count, down to the least certain.

    What a rule alone is not sure of may be just what a replay saw.
    """
    unsure = msgspec.structs.replace(config, min_confidence=Confidence.LOW)
    return scan_project(ScanRequest(config=unsure, targets=[config.root]), lambda _done, _all: None).result.active


def root_in(record: Record, config: Config) -> PurePosixPath | None:
    """The run's root, seen from the project's; None where it isn't in the project."""
    root, project = Path(record.command.root), config.root.resolve()
    return PurePosixPath(root.relative_to(project).as_posix()) if root.is_relative_to(project) else None


def _seen(finding: Finding, prefix: PurePosixPath) -> Seen:
    return Seen(finding.code, inside(finding.place.path, prefix), finding.place.span.line, finding.message)


def _named(finding: Finding, what: tuple[str, ...], read: Read) -> ExplainingFinding:
    return ExplainingFinding(
        code=finding.code,
        rule=finding.rule,
        path=finding.place.path,
        line=finding.place.span.line,
        cell=None if finding.place.cell is None else finding.place.cell.number,
        message=finding.message,
        fingerprint=finding.fingerprint,
        context=finding.context,
        slice=slice_of(finding, read),
        what=what,
    )
