"""What a page about a project says of its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.report_runs import reported_runs
from reprocheck.app.stores import STORE_FOLDER
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


@pytest.mark.parametrize("text", ["reprocheck store 999\n", ""])
def test_a_store_that_cannot_be_read_is_as_none(root: Path, text: str) -> None:
    folder = root / STORE_FOLDER
    assert reported_runs(root) == ReportedRuns()
    folder.mkdir(parents=True)
    (folder / "format").write_text(text)
    assert reported_runs(root) == ReportedRuns()
