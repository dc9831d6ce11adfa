"""What the files of a record must be for the run to happen again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.model.plan import Need, Purpose
from reprocheck.model.record import FileRole, FileUse, Record

TEMPORARY_FOLDERS = frozenset({"/tmp", "/var/tmp", "/dev/shm"})  # noqa: S108 — compared with, never written to
"""What stands there is nobody's property."""


def needs_of(record: Record) -> tuple[Need, ...]:
    """Every file whose content decides about the run, sorted by path; each once."""
    found = {need.path: need for need in _of_uses(record.files.uses)}
    for file in record.code.files:
        known = found.get(file.path)
        writable = known is not None and known.writable
        found[file.path] = Need(
            path=file.path, digest=file.digest, size=file.size, purpose=Purpose.CODE, writable=writable
        )
    return tuple(sorted(found.values()))


def _of_uses(uses: Iterable[FileUse]) -> Iterator[Need]:
    for use in uses:
        if use.before is None or use.role in {FileRole.ENVIRONMENT, FileRole.DEVICE, FileRole.TEMPORARY}:
            continue
        match use.role:
            case FileRole.CODE:
                purpose, writable = Purpose.CODE, False
            case FileRole.INPUT:
                purpose, writable = Purpose.INPUT, False
            case FileRole.OUTPUT | FileRole.RENAMED | FileRole.LOG:
                purpose, writable = Purpose.FORMER, True
            case _:
                purpose, writable = Purpose.INPUT, True
        size = -1 if use.size_before is None else use.size_before
        yield Need(path=use.path, digest=use.before, size=size, purpose=purpose, writable=writable)
