"""`reprocheck show`: the record of one run."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.recover_run import recover_run
from reprocheck.app.stores import open_store
from reprocheck.model.record import Record, RunState
from reprocheck.store.errors import StoreError


def show_run(word: str, asked: Path | None, start: Path) -> Record:
    """The record of the run that `word` means; raises StoreError.

    A run whose launcher was killed gets its record now, from its journal.
    """
    store = open_store(asked, start)
    folder = store.resolve(word)
    match folder.state():
        case RunState.RUNNING:
            raise StoreError(f"run {folder.id} is still going on: it has no record yet")
        case RunState.ABANDONED if not recover_run(store, folder):
            raise StoreError(f"the launcher of run {folder.id} was killed, but its command goes on: try later")
    return folder.record()
