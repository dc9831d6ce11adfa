"""What a page about a project says of its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.report_runs import reported_runs
from reprocheck.app.stores import STORE_FOLDER
from reprocheck.model.comparison import Comparison, Outcome, Verdict
from reprocheck.model.replay import Repetition, Replay, encode
from reprocheck.model.run_report import ReportedRuns
from reprocheck.store.store import prepare
from traced_runs import run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def test_the_last_ones_come_first_with_their_numbers(root: Path) -> None:
    store = prepare(root / STORE_FOLDER)
    names = [run(store, [float(step) for step in range(number * 300)]) for number in range(12)]
    found = reported_runs(root)
    assert [one.run.id for one in found.runs] == names[:1:-1]
    assert found.earlier == 2
    curve = found.runs[0].series[0]
    assert curve.name == "loss"
    assert len(curve.left) <= 401
    assert (curve.left[0], curve.left[-1]) == ((0, 0.0), (3299, 3299.0))


def test_a_replay_that_was_cancelled_takes_no_verdict_back(root: Path) -> None:
    store = prepare(root / STORE_FOLDER)
    folder = store.resolve(run(store, [])).path / "replays"
    folder.mkdir()
    for name, outcome, repeated in (("a", Outcome.DIVERGENT, True), ("b", Outcome.INCONCLUSIVE, False)):
        verdict = Verdict(outcome=outcome, reason="x")
        comparison = Comparison(left="a", right="b", differences=(), verdict=verdict)
        repetitions = (Repetition(exit_code=0, duration=1, comparison=comparison),) * repeated
        replay = Replay(
            id=name, run="r", executor="same", tool_version="0", started="", command=(), verdict=verdict,
            repetitions=repetitions,
        )  # fmt: skip
        (folder / f"{name}.json").write_bytes(encode(replay))
        (shown,) = reported_runs(root).runs
        assert shown.replay is not None
        assert shown.replay.id == "a"


@pytest.mark.parametrize("text", ["reprocheck store 999\n", ""])
def test_a_store_that_cannot_be_read_is_as_none(root: Path, text: str) -> None:
    folder = root / STORE_FOLDER
    assert reported_runs(root) == ReportedRuns()
    folder.mkdir(parents=True)
    (folder / "format").write_text(text)
    assert reported_runs(root) == ReportedRuns()
