"""Keeps a record in a substitute of its store when that took no more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from reprocheck.app.stores import substitutes
from reprocheck.capture.record import without_contents
from reprocheck.model.record import Record, Start
from reprocheck.store.errors import StoreError
from reprocheck.store.index import summarize
from reprocheck.store.store import prepare


def keep_elsewhere(
    record: Record, reason: str, environment: Mapping[str, str], full: Path
) -> tuple[Record, Path] | None:
    """The record as it was kept, without contents, and the folder of the store that has it; None where none takes it.

    `full` is the store that could not be written.
    """
    kept = without_contents(record, reason)
    for folder in substitutes(environment):
        if folder.absolute() != full:
            try:
                return _keep(kept, folder), folder
            except (OSError, StoreError):
                continue
    return None


def _keep(record: Record, folder: Path) -> Record:
    def start(name: str, sequence: int) -> Start:
        return Start(
            id=name,
            sequence=sequence,
            name=record.name,
            tags=record.tags,
            tool_version=record.tool_version,
            started=record.started,
            monotonic=record.execution.started,
            launcher=os.getpid(),
            command=record.command,
        )

    store = prepare(folder)
    opened = store.begin(int(datetime.fromisoformat(record.started).timestamp() * 1000), start)
    with closing(opened):
        kept = msgspec.structs.replace(record, id=opened.start.id, sequence=opened.start.sequence)
        store.finished(summarize(kept, opened.folder.finish(kept)))
    return kept
