"""The first step at which two traces part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprocheck.replay.traces import first_difference

NAMES = ["weight", "bias"]


def step(index: int, **changes: object) -> dict[str, Any]:
    line: dict[str, Any] = {
        "event": "step",
        "optimizer": 0,
        "index": index,
        "rng": {"torch": "aa", "numpy": "bb"},
        "parameters": "p",
        "gradients": "g",
        "tensors": [[["w", 1.0, -1.0, 1.0], ["gw", 2.0, -1.0, 1.0]], [["b", 1.0, -1.0, 1.0], ["gb", 2.0, -1.0, 1.0]]],
    }
    return line | changes


def journal(folder: Path, *processes: list[dict[str, Any]], torn: bool = False) -> Path:
    folder.mkdir()
    for number, steps in enumerate(processes):
        lines = [{"event": "optimizer", "optimizer": 0, "names": NAMES}, *steps]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        # Numbers of processes say nothing about their order, times of their start do.
        (folder / f"trace-{900 - number}-{100 + number}.jsonl").write_text(text + ('{"event": "st' if torn else ""))
    return folder


def test_equal_traces_have_no_difference(tmp_path: Path) -> None:
    steps = [step(1), step(2)]
    assert first_difference(journal(tmp_path / "a", steps), journal(tmp_path / "b", steps, torn=True)) is None


def test_no_trace_on_one_side_says_nothing(tmp_path: Path) -> None:
    assert first_difference(journal(tmp_path / "a", [step(1)]), journal(tmp_path / "b")) is None


GRADIENT = [[["w", 1.0, -1.0, 1.0], ["gw", 2.0, -1.0, 1.0]], [["b", 1.0, -1.0, 1.0], ["xx", 3.0, -1.0, 1.0]]]
PARAMETER = [[["xx", 1.5, -1.0, 1.0], ["gw", 2.0, -1.0, 1.0]], [["b", 1.0, -1.0, 1.0], ["gb", 2.0, -1.0, 1.0]]]


@pytest.mark.parametrize(
    ("changes", "what", "recorded", "replayed"),
    [
        ({"rng": {"torch": "cc", "numpy": "bb"}, "tensors": GRADIENT}, "state of torch", "aa", "cc"),
        ({"tensors": GRADIENT, "parameters": "q"}, "gradient bias", "norm 2", "norm 3"),
        ({"tensors": PARAMETER}, "parameter weight", "norm 1", "norm 1.5"),
        ({"loss": 0.5}, "loss", "None", "0.5"),
        ({"parameters": "q"}, "parameters", "p", "q"),
    ],
)
def test_what_parts_first_is_named(
    tmp_path: Path, changes: dict[str, Any], what: str, recorded: str, replayed: str
) -> None:
    left = journal(tmp_path / "a", [step(1), step(2), step(3)])
    right = journal(tmp_path / "b", [step(1), step(2, **changes), step(3, parameters="z")])
    found = first_difference(left, right)
    assert found is not None
    assert (found.step, found.what, found.recorded, found.replayed, found.steps) == (1, what, recorded, replayed, 3)
    assert found.generator == what.partition("state of ")[2]


def test_the_earliest_step_of_all_processes_counts(tmp_path: Path) -> None:
    left = journal(tmp_path / "a", [step(1), step(2)], [step(1), step(2)])
    right = journal(tmp_path / "b", [step(1), step(2, parameters="x")], [step(1, gradients="x"), step(2)])
    found = first_difference(left, right)
    assert found is not None
    assert (found.step, found.what, found.steps) == (0, "gradients", 4)


def test_a_trace_that_ends_early_is_a_difference(tmp_path: Path) -> None:
    found = first_difference(journal(tmp_path / "a", [step(1), step(2)]), journal(tmp_path / "b", [step(1)]))
    assert found is not None
    assert (found.step, found.what, found.recorded, found.replayed) == (1, "number of steps", "2", "1")
