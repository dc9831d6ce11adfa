"""`reprocheck show`: the record of one run."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.stores import open_store
from reprocheck.model.record import Record


def show_run(word: str, asked: Path | None, start: Path) -> Record:
    """The record of the run that `word` means; raises StoreError."""
    return open_store(asked, start).resolve(word).record()
