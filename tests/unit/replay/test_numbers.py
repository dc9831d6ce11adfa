"""The numbers that results end with."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.replay.numbers import differing, final_numbers
from reprocheck.replay.outputs import Output


def numbers(folder: Path, name: str, text: str) -> dict[str, float]:
    file = folder / name
    file.write_text(text, "utf-8")
    return final_numbers([Output(path=name, digest=None, content=str(file))])


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("m.json", '{"loss": 0.5, "deep": {"acc": [1, 2]}, "ok": true, "name": "x", "none": null}',
         {"m.json:loss": 0.5, "m.json:deep.acc[0]": 1.0, "m.json:deep.acc[1]": 2.0}),
        ("m.json", "3", {"m.json": 3.0}),
        ("m.json", '{"loss": ', {}),
        ("m.json", "[" * 5000, {}),
        ("log.jsonl", '{"n": 1, "loss": 2}\n{"n": 2, "loss": 1}\n\n', {"log.jsonl:n": 2.0, "log.jsonl:loss": 1.0}),
        ("log.jsonl", "", {}),
        ("log.csv", "step,loss,note\n1,2,a\n2,1,b\n", {"log.csv:step": 2.0, "log.csv:loss": 1.0}),
        ("log.csv", "step,loss\n", {}),
        ("log.csv", "step,loss\n1,nan\n", {"log.csv:step": 1.0}),
        ("model.bin", "1", {}),
    ],
)  # fmt: skip
def test_final_numbers(tmp_path: Path, name: str, text: str, found: dict[str, float]) -> None:
    assert numbers(tmp_path, name, text) == found


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    with file.open("wb") as content:
        content.truncate(1 << 30)
    assert final_numbers([Output(path="m.json", digest=None, content=str(file))]) == {}


def test_only_numbers_that_scatter_are_compared() -> None:
    assert differing([{"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}]) == {"a", "c"}
