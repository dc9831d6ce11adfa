"""Curves of runs."""

from __future__ import annotations

import json
from pathlib import Path

from reprocheck.app.show_trace import curves_between, series_of
from reprocheck.model.record import Command, Start
from reprocheck.store.store import Store, prepare


def run(store: Store, losses: list[object], *, processes: int = 1) -> str:
    def build(name: str, sequence: int) -> Start:
        command = Command(arguments=("x",), cwd=".", root="/x")
        return Start(id=name, sequence=sequence, tool_version="0", started="", monotonic=0, launcher=1, command=command)

    opened = store.begin(0, build)
    for process in range(processes):
        first, second = ([[name, 1.0, 0, 0], ["gradient", norm, 0, 0]] for name, norm in (("a", 3.0), ("b", 4.0)))
        lines = [{"event": "step", "loss": x, "rates": [0.1], "tensors": [first, second]} for x in losses]
        text = "\n".join([json.dumps({"event": "optimizer"}), *map(json.dumps, lines), '{"torn'])
        (opened.folder.journal / f"trace-{process + 7}-{process + 1}.jsonl").write_text(text)
    opened.close()
    return opened.folder.id


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
