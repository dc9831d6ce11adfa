"""`reprocheck ls`: the runs of a store."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.stores import open_store, store_folder
from reprocheck.model.record import RunSummary


def list_runs(asked: Path | None, start: Path, *, tags: tuple[str, ...] = (), name: str = "") -> list[RunSummary]:
    """Runs in the order of their start that have all the tags and, when one is given, the name; raises StoreError.

    A project without a store has no runs, which is no error; a folder that was asked for must be a store.
    """
    if asked is None and not store_folder(None, start).exists():
        return []
    return [
        summary
        for summary in open_store(asked, start).summaries()
        if set(tags) <= set(summary.tags) and (not name or summary.name == name)
    ]
