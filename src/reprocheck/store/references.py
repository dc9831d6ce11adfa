"""Which objects and files a record stands on."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.record import Record


def referenced(record: Record) -> dict[str, str]:
    """What each object is that must be in the store, by digest."""
    return dict(_objects(record))


def _objects(record: Record) -> Iterator[tuple[str, str]]:
    repository, lock = record.code.repository, record.environment.lock
    if repository is not None and repository.diff:
        yield repository.diff, "the difference to the commit"
    if lock is not None:
        yield lock.digest, "the lock of packages"
    for file in (*record.code.files, *record.configuration):
        if file.stored:
            yield file.digest, file.path
    for use in record.files.uses:
        for digest in use.stored:
            yield digest, use.path
    for tree in record.files.trees:
        if tree.manifest:
            yield tree.manifest, f"the list of files under {tree.path}"


def files_of(record: Record) -> dict[str, str]:
    """Digest by name of the files beside the record (traces) that it vouches for."""
    trace = record.observations.trace
    first = {trace.file: trace.digest} if trace.file and trace.digest else {}
    return first | trace.others
