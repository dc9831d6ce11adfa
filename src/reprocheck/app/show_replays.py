"""What replays have said of a run."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.replay_run import earlier_replays
from reprocheck.app.stores import open_store
from reprocheck.model.replay import Replay


def replays_of(word: str, asked: Path | None, start: Path) -> tuple[Replay, ...]:
    """Verdicts that are kept of a run, oldest first; raises StoreError."""
    return earlier_replays(open_store(asked, start).resolve(word))
