"""Folders and files as a whole: verdicts, missing sides, links, unreadable things."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.compare.alignment import Artifact
from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.tolerances import parse_tolerances
from reprocheck.compare.trees import compare_artifacts, compare_trees
from reprocheck.compare.verdicts import judge_all
from reprocheck.model.comparison import Because, Difference, Outcome


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text("the same\n")
    return tmp_path / "left", tmp_path / "right"


def test_the_same_bytes_are_identical(sides: tuple[Path, Path]) -> None:
    found = compare_trees(*sides)
    assert (found.verdict.outcome, found.verdict.reason) == (Outcome.IDENTICAL, "1 artifact: the same bytes")


def test_no_artifact_is_inconclusive(tmp_path: Path) -> None:
    assert compare_trees(tmp_path, tmp_path).verdict.outcome is Outcome.INCONCLUSIVE


def test_the_worst_artifact_decides(sides: tuple[Path, Path]) -> None:
    for side, speed, loss in zip(sides, (1, 2), (0.5, 0.25), strict=True):
        (side / "log.txt").write_text(f"{speed} it/s\n")
        assert loss
    found = compare_trees(*sides)
    assert found.verdict.label == "equivalent (metadata)"
    assert found.verdict.reason == "1 of 2 artifacts differs only in metadata"
    (sides[0] / "extra.txt").write_text("x")
    found = compare_trees(*sides)
    assert (found.verdict.outcome, found.verdict.because) == (Outcome.DIVERGENT, ())
    assert found.verdict.reason == "1 of 3 artifacts diverges, the first is extra.txt"


def test_a_tolerance_says_which_and_by_how_much(sides: tuple[Path, Path]) -> None:
    for side, loss in zip(sides, (0.5, 0.5000001), strict=True):
        (side / "m.json").write_text(f'{{"loss": {loss}}}')
    found = compare_trees(*sides, tolerances=parse_tolerances(["*.json:loss=abs:1e-6"]))
    assert found.verdict.label == "equivalent (tolerance)"
    assert "inside the tolerance *.json:loss=abs:1e-6, at most" in found.verdict.reason
    assert "1e-07 absolute" in found.verdict.reason
    other = compare_trees(*sides, tolerances=parse_tolerances(["*.json:other=abs:1"]))
    assert other.verdict.outcome is Outcome.DIVERGENT
    assert "m.json > loss" in other.verdict.reason


def test_the_folders_of_the_runs_stand_for_each_other(sides: tuple[Path, Path]) -> None:
    for side in sides:
        (side / "m.json").write_text(f'{{"output": "{side}"}}')
        (side / "log.txt").write_text(f"saved to {side} and {side}/sub\n")
    found = compare_trees(*sides)
    assert found.verdict.label == "equivalent (metadata)", found
    (sides[1] / "m.json").write_text(f'{{"output": "{sides[1]}-other"}}')
    assert compare_trees(*sides).verdict.outcome is Outcome.DIVERGENT


def test_equal_digests_save_the_reading(tmp_path: Path) -> None:
    gone = [Artifact(path="a", file=tmp_path / name, digest="d") for name in ("x", "y")]
    assert compare_artifacts(gone[:1], gone[1:]).verdict.outcome is Outcome.IDENTICAL


def test_a_file_that_cannot_be_read_is_inconclusive(sides: tuple[Path, Path]) -> None:
    found = compare_files(sides[0] / "gone", sides[1] / "same.txt", name="gone")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "No such file" in found.message


def test_pipes_do_not_block_and_are_no_content(sides: tuple[Path, Path]) -> None:
    os.mkfifo(sides[0] / "pipe")
    assert compare_trees(*sides).verdict.outcome is Outcome.IDENTICAL
    assert compare_files(sides[0] / "pipe", sides[1] / "same.txt", name="pipe").outcome is Outcome.INCONCLUSIVE


def test_links_to_the_same_name_are_the_same(sides: tuple[Path, Path]) -> None:
    for side in sides:
        (side / "latest").symlink_to("same.txt")
        (side / "dangling").symlink_to("nowhere")
    assert compare_trees(*sides).verdict.outcome is Outcome.IDENTICAL
    (sides[1] / "dangling").unlink()
    (sides[1] / "dangling").symlink_to("elsewhere")
    assert compare_trees(*sides).verdict.outcome is Outcome.DIVERGENT


def test_runs_bound_the_probability_of_a_divergence() -> None:
    same = Difference(name="a", outcome=Outcome.IDENTICAL)
    verdict = judge_all([same], runs=10)
    assert verdict.bound == pytest.approx(0.3)
    assert verdict.reason.endswith("10 runs agree, so that fewer than 0.3 of all runs diverge (3/N, 95%)")
    assert judge_all([same], runs=2).bound is None
    assert judge_all([Difference(name="a", outcome=Outcome.DIVERGENT)], runs=10).bound is None


def test_inconclusive_is_worse_than_equivalent_and_better_than_divergent() -> None:
    parts = [
        Difference(name="a", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,)),
        Difference(name="b", outcome=Outcome.INCONCLUSIVE, message="could not be read"),
    ]
    assert judge_all(parts).reason == "b: could not be read"
    assert judge_all([*parts, Difference(name="c", outcome=Outcome.DIVERGENT)]).outcome is Outcome.DIVERGENT
