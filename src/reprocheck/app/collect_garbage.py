"""`reprocheck gc`: make a store smaller without losing what is wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from reprocheck.app.stores import open_store
from reprocheck.model.record import RunState, RunSummary
from reprocheck.model.run_report import Collection
from reprocheck.store.collecting import collect
from reprocheck.store.errors import StoreError


class CollectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs may go; runs with a name or a tag never do, and neither does one that is running."""

    keep_last: int | None = None
    """Runs beyond the last so many."""
    older_than: int | None = None
    """Runs that started more than so many days ago."""
    abandoned: bool = False
    """Runs whose launcher was killed."""
    dry: bool = False


def collect_garbage(
    request: CollectRequest, asked: Path | None, start: Path, now: datetime | None = None
) -> Collection:
    """Remove what nothing stands on, and the runs that were asked for; raises StoreError."""
    store = open_store(asked, start)
    lock = store.exclusive()
    if lock is None:
        raise StoreError(f"{store.folder} is in use: a run is being captured; try again when it has ended")
    with lock:
        summaries = store.summaries()
        return collect(store, _unwanted(summaries, request, now or datetime.now(UTC)), dry=request.dry)


def _unwanted(summaries: list[RunSummary], request: CollectRequest, now: datetime) -> list[RunSummary]:
    last = {s.id for s in summaries[-request.keep_last :]} if request.keep_last else set[str]()
    return [
        summary
        for summary in summaries
        if not summary.name
        and not summary.tags
        and (
            (request.keep_last is not None and summary.id not in last)
            or (request.older_than is not None and _is_older(summary, request.older_than, now))
            or (request.abandoned and RunState.ABANDONED.value in {summary.state.value, summary.status})
        )
    ]


def _is_older(summary: RunSummary, days: int, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(summary.started) > timedelta(days=days)
    except ValueError:
        return False
