"""Parameter files are read as pipelines read them: YAML 1.2, and constants in Python."""

from __future__ import annotations

import math

import pytest

from reprocheck.project.pipelines.values import VALUES_LIMIT, read_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), (".5", 0.5), ("0o14", 12), ("014", 14), ("1_000", 1000), ("0x1F", 31), ("-3", -3),
        ("yes", "yes"), ("on", "on"), ("True", True), ("~", None), ("", None), ("'1'", "1"), ('"on"', "on"),
        ("1:30", "1:30"), ("2024-01-31", "2024-01-31"), ("!!str 5", "5"), ("&name 0.1", 0.1), ("-.inf", -math.inf),
        ("[1, on, 'x']", [1, "on", "x"]), ("{a: 1e3}", {"a": 1000.0}),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert read_values("params.yaml", f"key: {text}\n".encode()) == {"key": value}


def test_not_a_number_is_read() -> None:
    values = read_values("params.yaml", b"key: .nan\n")
    assert isinstance(values, dict)
    assert isinstance(values["key"], float)
    assert math.isnan(values["key"])


def test_merge_keys_and_aliases_are_followed_and_own_keys_win() -> None:
    text = b"base: &base {lr: 0.1, size: 2}\ntrain:\n  <<: *base\n  size: 3\n"
    assert read_values("params.yaml", text) == {"base": {"lr": 0.1, "size": 2}, "train": {"lr": 0.1, "size": 3}}


def test_keys_become_text() -> None:
    assert read_values("params.yaml", b"1: a\ntrue: b\n") == {"1": "a", "true": "b"}


def test_other_formats_keep_their_own_rules() -> None:
    assert read_values("params.toml", b"[train]\nlr = 1e-3\n") == {"train": {"lr": 1e-3}}
    assert read_values("params.json", b'{"lr": 1, "on": "yes"}') == {"lr": 1, "on": "yes"}
    assert read_values("params.yaml", b"") == {}


def test_constants_of_a_python_file_are_read_and_nothing_runs() -> None:
    text = b"""
SEED: int = 7
SIZES = (1, 2)
MADE = __import__("os").getcwd()
class Train:
    epochs = 3
    def __init__(self):
        self.lr = 0.1
        local = 2
"""
    values = read_values("params.py", text)
    assert values == {"SEED": 7, "SIZES": [1, 2], "Train": {"epochs": 3, "lr": 0.1}}


@pytest.mark.parametrize(("path", "data"), [("params.py", b"def ("), ("params.yaml", b"a: [1"), ("p.json", b"{")])
def test_what_cannot_be_read_is_said(path: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_values(path, data)


def test_a_file_whose_aliases_multiply_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert VALUES_LIMIT < 10**11
    with pytest.raises(ValueError, match="too many values"):
        read_values("params.yaml", "\n".join(lines).encode())
