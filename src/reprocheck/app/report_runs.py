"""The last runs of a project and what replays said of them, for the page about the project."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reprocheck.app.stores import open_store, store_folder
from reprocheck.model.comparison import Curve
from reprocheck.model.record import RunState, RunSummary
from reprocheck.model.run_report import ReportedRun, ReportedRuns
from reprocheck.model.scan_result import ScanResult
from reprocheck.store.errors import StoreError

_RUNS = 10
"""Runs that are shown."""
_POINTS = 400
"""Points of a curve that are drawn."""


def reported_runs(root: Path) -> ReportedRuns:
    """What the project's store holds; nothing where there is none, or where it can't be read."""
    if not store_folder(None, root).is_dir():
        return ReportedRuns()
    try:
        runs = open_store(None, root).summaries()
    except StoreError:
        return ReportedRuns()
    shown = [_reported(run, root) for run in reversed(runs[-_RUNS:])]
    return ReportedRuns(runs=tuple(shown), earlier=max(0, len(runs) - _RUNS))


def with_runs(result: ScanResult, root: Path) -> ScanResult:
    """The result with what has been run there."""
    return msgspec.structs.replace(result, ran=reported_runs(root))


def _reported(run: RunSummary, root: Path) -> ReportedRun:
    from reprocheck.app.show_replays import replays_of  # most projects that are scanned have no runs
    from reprocheck.app.show_trace import series_of

    if run.state is RunState.DAMAGED:
        return ReportedRun(run=run)
    try:
        replays = replays_of(run.id, None, root)[::-1]
        # One that was cancelled before anything ran says nothing, and takes nothing back.
        replay = next((one for one in replays if one.repetitions), next(iter(replays), None))
        drawn = replay is not None and any(repetition.curves for repetition in replay.repetitions)
        series = {} if drawn else series_of(run.id, None, root)
    except StoreError:
        return ReportedRun(run=run)
    curves = (Curve(name=name, left=_fewer(points), right=()) for name, points in series.items())
    return ReportedRun(run=run, replay=replay, series=tuple(curves))


def _fewer(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Evenly chosen, the last one included."""
    step = max(1, -(-len(points) // _POINTS))
    return tuple(points[::step]) + ((points[-1],) if points and (len(points) - 1) % step else ())
