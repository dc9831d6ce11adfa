"""Metrics by step that two runs do not agree about."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.compare.curves import differing_curves, series


def written(folder: Path, text: str) -> Path:
    file = folder / f"{len(list(folder.iterdir()))}"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("log.jsonl", '{"step": 5, "loss": 0.5}\n{"step": 10, "loss": 0.25}\n', {"loss": [(5, 0.5), (10, 0.25)]}),
        ("log.jsonl", '{"a": {"b": 1}}\n{"a": {"b": 2}}\n', {"a.b": [(0, 1), (1, 2)]}),
        ("log.csv", "epoch,loss,time_elapsed\n1,0.5,3\n2,,4\n3,0.1,5\n", {"loss": [(1, 0.5), (3, 0.1)]}),
        ("log.csv", "0.5;3\n0.25;4\n", {"column 1": [(0, 0.5), (1, 0.25)], "column 2": [(0, 3), (1, 4)]}),
        ("h.json", '{"history": {"loss": [3, 2, 1]}, "lr": 0.1}', {"history.loss": [(0, 3), (1, 2), (2, 1)]}),
        ("h.json", '[{"epoch": 7, "loss": 1}, {"epoch": 8, "loss": 2}]', {"loss": [(7, 1), (8, 2)]}),
        ("loss", "1600000000000 0.5 0\n1600000000001 0.25 3\n", {"value": [(0, 0.5), (3, 0.25)]}),
        ("log.jsonl", '{"loss": NaN}\n{"loss": 1e999}\n{"loss": 2}\n', {"loss": [(2, 2)]}),
        ("notes.txt", "loss 0.5\n", {}),
        ("broken.jsonl", '{"loss": 1}\n{"loss"\n', {}),
    ],
)
def test_numbers_are_found_by_step(tmp_path: Path, name: str, text: str, found: dict[str, list[object]]) -> None:
    assert series(written(tmp_path, text), name) == found


def test_curves_that_part_first_come_first_and_equal_ones_are_left_out(tmp_path: Path) -> None:
    rows = ["step,late,never,early", "0,1,1,1", "1,1,1,1", "2,1,1,1"]
    left = written(tmp_path, "\n".join(rows))
    right = written(tmp_path, "\n".join([rows[0], rows[1], "1,1,1,9", "2,9,1,9"]))
    curves = differing_curves(left, right, "log.csv")
    assert [(curve.name, curve.first) for curve in curves] == [("log.csv:early", 1), ("log.csv:late", 2)]
    assert curves[0].right == ((0, 1), (1, 9), (2, 9))


def test_long_curves_are_thinned_and_keep_their_ends_and_the_point_at_which_they_part(tmp_path: Path) -> None:
    values = [float(number % 7) for number in range(10_000)]
    left = written(tmp_path, "v\n" + "\n".join(map(str, values)))
    values[5_003] = 99.0
    (curve,) = differing_curves(left, written(tmp_path, "v\n" + "\n".join(map(str, values))), "log.csv")
    steps = [step for step, _ in curve.right]
    assert (steps[0], steps[-1], curve.first) == (0, 9_999, 5_003)
    assert (5_003, 99.0) in curve.right
    assert len(steps) < 250
