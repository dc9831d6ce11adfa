"""The runs of a project, as the interface asks for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from reprocheck.app.diff_runs import diff_runs
from reprocheck.app.list_runs import list_runs
from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.show_replays import replays_of
from reprocheck.app.show_run import show_run
from reprocheck.app.show_trace import curves_between, series_of
from reprocheck.config import Config
from reprocheck.model.comparison import Curve
from reprocheck.model.plan import Executor
from reprocheck.model.record import Record, RunSummary
from reprocheck.model.replay import Replay
from reprocheck.model.run_report import RunDifferences


@dataclass(frozen=True, slots=True)
class Runs:
    """All of it raises StoreError."""

    start: Path
    """The project's store is found from here."""
    config: Config
    """What the project says of replays; its findings may explain them."""
    store: Path | None = None

    def all(self) -> list[RunSummary]:
        """In the order of their start."""
        return list_runs(self.store, self.start)

    def record(self, run: str) -> Record:
        """What ran."""
        return show_run(run, self.store, self.start)

    def replays(self, run: str) -> Sequence[Replay]:
        """What replays have said, oldest first."""
        return replays_of(run, self.store, self.start)

    def series(self, run: str) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Numbers by step."""
        return series_of(run, self.store, self.start)

    def differences(self, first: str, second: str) -> RunDifferences:
        """In what two records differ."""
        return diff_runs(first, second, self.store, self.start)

    def curves(self, first: str, second: str) -> Sequence[Curve]:
        """Numbers by step that part."""
        return curves_between(first, second, self.store, self.start)

    def request(self, run: str, executor: str, times: int) -> ReplayRequest:
        """A replay of a run, judged as `reprocheck replay` does."""
        return ReplayRequest(
            run=run,
            start=self.start,
            environment=dict(os.environ),
            store=self.store,
            executor=Executor(executor),
            times=times,
            tolerances=self.config.replay_tolerance,
            tolerances_from=str(self.config.origin("replay.tolerance")),
            usual_outputs=self.config.replay_output,
            findings=self.config,
            tool_version=version("reprocheck"),
        )
