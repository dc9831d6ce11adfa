"""`reprocheck skew`: two callables, the same samples, one verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

TRAIN = """
import numpy as np

STEPS = [0.5, 0.25]


def preprocess(image):
    return (image.astype("float32") / 255 - STEPS[0]) / STEPS[1]


def augment(image):
    return image + np.random.rand()


def forever(image):
    while True:
        pass


class Pipeline:
    def __init__(self, scale=1):
        self.scale = scale

    def run(self, row):
        return {"rows": row["age"] * self.scale, "name": row["name"]}


def make():
    return lambda image: image * 2
"""
SERVE = """
import numpy as np


def prepare(image):
    return (image.astype("float32") / 255 - 0.45) / 0.25


def same(image):
    return ((np.float32(1) * image / np.float32(255)).astype("float32") - np.float32(0.5)) * np.float32(4)


def nudged(image):
    return same(image) + np.float32(1e-6)


def broken(image):
    return image["pixels"]


def odd(image):
    return object()


def shouting(row):
    return {"rows": row["age"], "name": row["name"].upper()}
"""


@pytest.fixture
def sample(project: Path) -> Path:
    (project / "train.py").write_text(TRAIN)
    (project / "serve").mkdir()
    (project / "serve" / "app.py").write_text(SERVE)
    np.save(project / "image.npy", np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3))
    (project / "rows.jsonl").write_text('{"age": 3, "name": "ann"}\n{"age": 4, "name": "bo"}\n')
    return project / "image.npy"


def skew(
    run: Run, train: str, serve: str, *options: str, data: str = "image.npy"
) -> tuple[int, dict[str, object], str]:
    words = ["skew", train, serve, "--data", data, "--python", sys.executable, "-o", "json", *options]
    done = run(*words)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def outcome(found: dict[str, object]) -> str:
    return str(found["comparison"]["verdict"]["outcome"])  # type: ignore[index]


@pytest.mark.usefixtures("sample")
def test_other_constants_diverge_with_place_and_size(run: Run) -> None:
    code, found, _ = skew(run, "train.py:preprocess", "serve/app.py:prepare", "--no-scan")
    assert (code, outcome(found)) == (1, "divergent")
    (difference,) = found["comparison"]["differences"]  # type: ignore[index]
    assert difference["name"] == "image.npy"
    assert difference["distance"]["differing"] == 48
    assert difference["distance"]["max_absolute"] == pytest.approx(0.2, rel=1e-5)


@pytest.mark.usefixtures("sample")
def test_another_spelling_is_identical_and_a_tolerance_covers_rounding(run: Run) -> None:
    assert skew(run, "train:preprocess", "serve/app.py:same", "--no-scan")[0] == 0
    assert skew(run, "train:preprocess", "serve/app.py:nudged", "--no-scan")[0] == 1
    code, found, _ = skew(run, "train:preprocess", "serve/app.py:nudged", "--no-scan", "--tolerance", "*=abs:1e-5")
    assert (code, outcome(found)) == (0, "equivalent")


@pytest.mark.usefixtures("sample")
def test_an_exception_is_shown_with_its_place(run: Run) -> None:
    code, found, _ = skew(run, "train:preprocess", "serve/app.py:broken", "--no-scan")
    trouble = found["serve"]["trouble"]  # type: ignore[index]
    assert (code, outcome(found), trouble["stage"], trouble["error"]) == (4, "inconclusive", "call", "IndexError")
    last = trouble["frames"][-1]
    assert (last["path"], last["function"], last["code"]) == ("serve/app.py", "broken", 'return image["pixels"]')
    code, found, _ = skew(run, "train:preprocess", "serve/app.py:odd", "--no-scan")
    assert (code, found["serve"]["trouble"]["stage"]) == (4, "keep")  # type: ignore[index]


@pytest.mark.usefixtures("sample")
def test_what_draws_is_inconclusive_until_it_is_seeded(run: Run) -> None:
    code, found, _ = skew(run, "train:augment", "train:augment", "--no-scan")
    assert (code, outcome(found), found["train"]["steady"]) == (4, "inconclusive", False)  # type: ignore[index]
    assert skew(run, "train:augment", "train:augment", "--no-scan", "--seed", "7")[0] == 0


@pytest.mark.usefixtures("sample")
def test_a_name_that_is_not_there_is_refused_with_the_nearest(run: Run) -> None:
    code, _, error = skew(run, "train.py:preproces", "serve/app.py:prepare")
    assert (code, "`preprocess`" in error) == (2, True)
    code, _, error = skew(run, "train.py:preprocess", "app.py:prepare")
    assert (code, "serve/app.py" in error) == (2, True)
    assert skew(run, "train.py:preprocess", "prepare")[0] == 2


@pytest.mark.usefixtures("sample")
def test_methods_get_samples_one_by_one_with_their_arguments(run: Run) -> None:
    words = ("train.py:Pipeline.run", "serve/app.py:shouting", "--no-scan")
    code, found, _ = skew(run, *words, data="rows.jsonl")
    differing = [d["name"] for d in found["comparison"]["differences"] if d["outcome"] != "identical"]  # type: ignore[index]
    assert (code, differing) == (1, ["rows.jsonl[0]", "rows.jsonl[1]"])
    code, found, _ = skew(run, "train.py:Pipeline.run", "train.py:Pipeline.run", "--no-scan", data="rows.jsonl")
    assert (code, found["train"]["samples"]) == (0, 2)  # type: ignore[index]
    assert skew(run, "train.py:make()", "train.py:make()", "--no-scan")[0] == 0


@pytest.mark.usefixtures("sample")
def test_a_side_that_does_not_end_is_stopped(run: Run) -> None:
    code, found, _ = skew(run, "train:forever", "train:preprocess", "--no-scan", "--timeout", "1.5")
    assert (code, found["train"]["trouble"]["stage"]) == (4, "time")  # type: ignore[index]
