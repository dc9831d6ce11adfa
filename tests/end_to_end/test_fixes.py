"""Repairs on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("reprocheck")
Run = Callable[..., "subprocess.CompletedProcess[str]"]

FILES = {
    "größe/train.py": (
        b"import os\r\n\r\ndef index(root):\r\n    found = {}\r\n    for name in os.listdir(root):\r\n"
        b"        found[name] = len(found)\r\n    return found\r\n"
    ),
    "no end.py": b"import os\n\ndef first(root):\n    return list(os.listdir(root))[0]",
    "draws.py": b"import random\n\nrows = [1, 2, 3]\nrandom.shuffle(rows)\nprint(rows)\n",
    "explore.ipynb": json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": ["import os\n", "first = os.listdir('data')[0]"],
                }
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
    ).encode(),
}


@pytest.fixture
def work(project: Path, environment: dict[str, str]) -> Path:
    """A repository with something to repair."""
    (project / "reprocheck.toml").write_text('select = ["DET008", "RNG001"]\nmin-confidence = "low"\n', "utf-8")
    for name, data in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(data)
    git(project, environment, "init", "-q")
    git(project, environment, "add", "-A")
    return project


def git(root: Path, environment: dict[str, str], *arguments: str, stdin: str = "") -> None:
    command = ["git", *arguments]
    subprocess.run(command, cwd=root, env=environment, input=stdin.encode(), check=True, capture_output=True)


def contents(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if path.is_file() and not {".git", ".reprocheck_cache"} & {*path.parts}]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(paths)}


def diff(root: Path, environment: dict[str, str], *options: str) -> bytes:
    """What `--diff` writes, to the byte."""
    command = [str(COMMAND), "scan", "--diff", *options]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, check=False).stdout


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes",)])
def test_git_applies_what_diff_shows_and_it_is_what_fix_does(
    work: Path, run: Run, environment: dict[str, str], options: tuple[str, ...]
) -> None:
    before = contents(work)
    patch = diff(work, environment, *options)
    assert contents(work) == before
    subprocess.run(["git", "apply", "-"], cwd=work, env=environment, input=patch, check=True)  # noqa: S607
    applied = contents(work)
    for name in applied.keys() - before.keys():
        (work / name).unlink()
    for name, data in before.items():
        (work / name).write_bytes(data)
    run("scan", "--fix", *options, "-q")
    assert contents(work) == applied
    assert applied["größe/train.py"] == FILES["größe/train.py"].replace(
        b"os.listdir(root)", b"sorted(os.listdir(root))"
    )
    assert applied["no end.py"] == FILES["no end.py"].replace(b"list(os", b"sorted(os")
    assert (b"random.seed(0)\nrandom.shuffle" in applied["draws.py"]) is bool(options)


def test_a_second_run_changes_nothing(work: Path, run: Run) -> None:
    first = run("scan", "--fix", "--unsafe-fixes")
    assert first.stderr.startswith("4 fixed in 4 files\n")
    assert first.returncode == 0
    after = contents(work)
    second = run("scan", "--fix", "--unsafe-fixes")
    assert second.stderr.startswith("0 fixed\n")
    assert contents(work) == after


def test_the_report_says_what_can_be_repaired(work: Path, run: Run) -> None:
    done = run("scan")
    assert "3 can be repaired with --fix (1 more with --fix --unsafe-fixes)" in done.stdout
    assert done.stdout.count("[fixable]") == 3
    assert done.stdout.count("[fixable, unsafe]") == 1
    assert contents(work)["no end.py"] == FILES["no end.py"]


@pytest.mark.usefixtures("work")
def test_sarif_has_the_replacements(run: Run) -> None:
    results = json.loads(run("scan", "-o", "sarif", "--select", "DET008").stdout)["runs"][0]["results"]
    by_path = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: r["fixes"] for r in results}
    ((fix,), notebook) = by_path["no%20end.py"], by_path["explore.ipynb"]
    (change,) = fix["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 4, "startColumn": 12, "endLine": 4, "endColumn": 16},
            "insertedContent": {"text": "sorted"},
        }
    ]
    assert notebook[0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startLine"] == 10


def test_explain_says_whether_there_is_a_fix(run: Run) -> None:
    assert "scan --fix" in run("explain", "DET008").stdout
    assert "--unsafe-fixes" in run("explain", "RNG001").stdout
    assert "scan --fix" not in run("explain", "ART005").stdout


@pytest.mark.parametrize(
    "options",
    [("--unsafe-fixes",), ("--fix", "--diff"), ("--fix", "--watch"), ("--fix", "-", "--stdin-filename", "a.py")],
)
def test_options_that_make_no_sense_together_are_refused(work: Path, run: Run, options: tuple[str, ...]) -> None:
    done = run("scan", *options)
    assert done.returncode == 2
    assert contents(work).keys() >= FILES.keys()
