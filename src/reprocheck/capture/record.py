"""Composes the record of a run from everything that was observed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import (
    Code,
    CodeFile,
    Environment,
    Execution,
    FileUses,
    Gap,
    Observations,
    Record,
    Start,
    Status,
)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the channels delivered."""

    execution: Execution
    ended: str
    """Wall clock at the end: RFC 3339, UTC, microseconds."""
    files: FileUses = FileUses()
    observations: Observations = Observations()
    environment: Environment = Environment()
    code: Code = Code()
    configuration: tuple[CodeFile, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Gaps of the parts that carry none themselves."""


def compose(start: Start, parts: Parts, secrets: Secrets) -> Record:
    """The record: all gaps gathered, credentials taken out, text that has no UTF-8 form spelled out."""
    record = Record(
        id=start.id,
        sequence=start.sequence,
        name=start.name,
        tags=start.tags,
        tool_version=start.tool_version,
        started=start.started,
        ended=parts.ended,
        command=start.command,
        execution=parts.execution,
        files=parts.files,
        observations=parts.observations,
        environment=parts.environment,
        code=parts.code,
        configuration=parts.configuration,
        gaps=_gathered(
            parts.gaps, parts.execution.gaps, parts.files.gaps, parts.observations.gaps, _about_clock(start, parts)
        ),
    )
    value = msgspec.to_builtins(record)
    secrets.look_through(value)
    return msgspec.convert(secrets.clean_value(value), Record)


def _gathered(*groups: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple(sorted({gap for group in groups for gap in group}))


_WANDER = 2.0
"""Seconds by which wall clock and monotonic clock may go apart (leap seconds, slewing)."""


def _about_clock(start: Start, parts: Parts) -> tuple[Gap, ...]:
    """A wall clock that was set while the run went on makes times of files and logs disagree with its order."""
    from datetime import datetime

    if parts.execution.status in {Status.ABANDONED, Status.NOT_STARTED}:
        return ()
    passed = (datetime.fromisoformat(parts.ended) - datetime.fromisoformat(start.started)).total_seconds()
    # The record is finished a while after the command, so only too little time is strange, or very much too much.
    if passed < parts.execution.duration / 1e9 - _WANDER:
        way = "back"
    elif passed > (parts.execution.duration / 1e9 + _WANDER) * 10 + 3600:
        way = "forward"
    else:
        return ()
    return (
        Gap(
            "clock",
            f"the wall clock was set {way} while the run went on",
            "Times of day in record and files can't be compared; the duration and the order of runs are right",
        ),
    )


def without_contents(record: Record, reason: str) -> Record:
    """The record as it can be kept in a store that has none of the contents, with a gap that says why."""
    repository, code = record.code.repository, record.code
    if repository is not None:
        repository = msgspec.structs.replace(repository, diff="", diff_size=0)
    files = msgspec.structs.replace(
        record.files,
        uses=tuple(msgspec.structs.replace(use, stored=()) for use in record.files.uses),
        trees=tuple(msgspec.structs.replace(tree, manifest="", stored=0) for tree in record.files.trees),
    )
    gap = Gap("store", reason, "Contents of files, the difference to the commit and traces are not with this record")
    return msgspec.structs.replace(
        record,
        files=files,
        code=Code(repository=repository, files=_unstored(code.files)),
        configuration=_unstored(record.configuration),
        environment=msgspec.structs.replace(record.environment, lock=None),
        observations=msgspec.structs.replace(
            record.observations, trace=msgspec.structs.replace(record.observations.trace, file="", digest="", others={})
        ),
        gaps=tuple(sorted({*record.gaps, gap})),
    )


def _unstored(files: Iterable[CodeFile]) -> tuple[CodeFile, ...]:
    return tuple(msgspec.structs.replace(file, stored=False) for file in files)
