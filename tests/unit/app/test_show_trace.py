"""Curves of runs."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.show_trace import curves_between, series_of
from reprocheck.store.store import prepare
from traced_runs import run


def test_steps_become_curves(tmp_path: Path) -> None:
    name = run(prepare(tmp_path), [2.5, "nan", None, "1.5"])
    series = series_of(name, tmp_path, tmp_path)
    assert series["loss"] == [(0, 2.5), (3, 1.5)]
    assert series["gradient norm"] == [(step, 5.0) for step in range(4)]
    assert series["learning rate"] == [(step, 0.1) for step in range(4)]


def test_processes_are_told_apart(tmp_path: Path) -> None:
    name = run(prepare(tmp_path), [1.0], processes=2)
    assert "process 2: loss" in series_of(name, tmp_path, tmp_path)


def test_two_runs_part_where_their_numbers_do(tmp_path: Path) -> None:
    store = prepare(tmp_path)
    first, second = run(store, [3.0, 2.0, 1.0]), run(store, [3.0, 2.0, 1.5])
    (curve,) = curves_between(first, second, tmp_path, tmp_path)
    assert (curve.name, curve.first) == ("loss", 2)
