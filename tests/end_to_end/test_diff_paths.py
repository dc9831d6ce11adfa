"""`reprocheck diff` on two paths: exit codes, formats, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reprocheck.cli.diff import command


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)], standalone_mode=False)


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    for name, speed in (("left", 1), ("right", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.txt").write_text(f"loss 0.5, {speed} it/s\n")
    return tmp_path / "left", tmp_path / "right"


def test_metadata_alone_is_clean(sides: tuple[Path, Path]) -> None:
    result = diff(*sides)
    assert result.return_value == 0, result.output
    assert result.output.startswith("equivalent (metadata)  1 artifact differs only in metadata\n")


def test_content_is_found_and_a_tolerance_covers_it(sides: tuple[Path, Path]) -> None:
    (sides[1] / "log.txt").write_text("loss 0.5000001, 2 it/s\n")
    assert diff(*sides).return_value == 1
    result = diff(*sides, "--tolerance", "*.txt=abs:1e-6", "-o", "json")
    assert result.return_value == 0, result.output
    assert json.loads(result.output)["verdict"]["label"] == "equivalent (tolerance)"
    assert diff(*sides, "-o", "markdown").output.startswith("**divergent**")


def test_two_files_are_compared_whatever_they_are_called(sides: tuple[Path, Path]) -> None:
    (sides[0] / "log.txt").rename(sides[0] / "old.txt")
    assert diff(sides[0] / "old.txt", sides[1] / "log.txt").return_value == 0


def test_nothing_to_compare_is_incomplete(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert diff(tmp_path / "a", tmp_path / "b").return_value == 4


def test_what_cannot_be_asked_is_refused(sides: tuple[Path, Path]) -> None:
    assert "is no limit" in str(diff(*sides, "--tolerance", "*=x").exception)
    assert "name two of a kind" in str(diff(sides[0], sides[1] / "log.txt").exception)
    assert "one of these is not there" in str(diff(sides[0], "gone", "-o", "markdown").exception)
