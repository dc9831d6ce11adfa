"""What repeated runs say of the noise, and where another run lies in it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reprocheck.compare.noise import NoiseError, learn, place, student_quantile
from reprocheck.compare.quantities import quantities

RUNS = [{"loss": loss, "seed": 1.0} for loss in (0.50, 0.51, 0.52, 0.515, 0.505)]


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    # Abramowitz and Stegun, table 26.10
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.95, 5, 2.015), (0.995, 10, 3.169), (0.975, 30, 2.042)],
)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: int, value: float) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(value, abs=6e-4)


def test_a_run_inside_the_noise_is_said_to_be() -> None:
    loss, seed = place(learn(RUNS), {"loss": 0.5102, "seed": 1.0})
    assert loss.inside
    assert loss.sentence.startswith("loss is 0.025 sigma of your seed noise from the mean of 5 runs")
    assert (seed.inside, seed.sigmas) == (True, 0.0)


def test_a_run_outside_is_said_to_be() -> None:
    loss, seed = place(learn(RUNS), {"loss": 0.6, "seed": 2.0})
    assert not loss.inside
    assert "outside the 95% band" in loss.sentence
    assert (seed.inside, seed.sigmas) == (False, math.inf)
    assert seed.sentence == "seed is 2, where 5 runs all gave 1"
    assert not place(learn(RUNS), {"loss": 0.51})[1].inside


def test_more_quantities_widen_the_band() -> None:
    many = [{f"q{index}": run["loss"] for index in range(50)} for run in RUNS]
    edge = {f"q{index}": 0.51 + 4 * 0.0079 for index in range(50)}
    assert all(found.inside for found in place(learn(many), edge))
    assert not place(learn(RUNS), {"loss": 0.51 + 4 * 0.0079, "seed": 1.0})[0].inside


def test_numbers_are_told_with_digits_that_tell_them_apart() -> None:
    still = place(learn([{"loss": 0.902166}] * 3), {"loss": 0.902166012})[0]
    assert "is 0.902166012, where 3 runs all gave 0.902166" in still.sentence
    near = [{"loss": 0.902166 + 1e-9 * index} for index in range(3)]
    assert "0.902166012" in place(learn(near), {"loss": 0.902166012})[0].sentence


def test_two_runs_are_too_few_and_numbers_that_some_lack_are_left_out() -> None:
    with pytest.raises(NoiseError, match="at least 3"):
        learn(RUNS[:2])
    band = learn([*RUNS[:3], {"loss": 0.5, "seed": math.nan, "extra": 1.0}])
    assert band.left_out == ("extra", "seed")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("m.json", '{"loss": 0.5, "time_elapsed": 3, "list": [1, 2]}', {"loss": 0.5, "list[0]": 1.0, "list[1]": 2.0}),
        ("m.csv", "step,loss\n1,0.5\n2,0.25\n", {"loss": 0.25}),
        ("m.jsonl", '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n', {"loss": 0.25}),
        ("m.yaml", "a:\n  b: 1.5\n", {"a.b": 1.5}),
        ("metrics/loss", "1700000000000 0.5 1\n1700000000000 0.25 2\n", {"value": 0.25}),
        ("m.bin", "\0\1\2", {}),
        ("broken.json", "{", {}),
    ],
)
def test_numbers_are_found_by_name(tmp_path: Path, name: str, text: str, found: dict[str, float]) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    assert quantities(file, name) == found
