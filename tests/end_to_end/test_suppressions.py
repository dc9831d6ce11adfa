"""Suppression comments, in every kind of file that can carry one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def lines(done: subprocess.CompletedProcess[str], code: str) -> list[int]:
    """Lines of findings of a rule that count."""
    return [f["span"]["line"] for f in findings(done) if f["code"] == code and not f.get("suppression")]


PYTHON = """\
import pickle

pickle.load(a)
pickle.load(b)  # reprocheck: ignore[ART003] -- made by ourselves
# reprocheck: ignore[unsafe-deserialisation]: named instead of numbered
pickle.load(
    c
)
pickle.load(  # reprocheck: ignore[ART]
    d
)
pickle.load(e)  # reprocheck: ignore
pickle.load(f)  # reprocheck: ignore[DET001] -- another rule
pickle.load(g)  # reprocheck: ignore[ART003] -- for now (until 2999-01-01)
pickle.load(h)  # reprocheck: ignore[ART003] -- for now (until 2001-01-01)
text = "# reprocheck: ignore[ART003]"; pickle.load(i)
"""


def test_comments_in_python(run: Run, project: Path) -> None:
    (project / "a.py").write_text(PYTHON, "utf-8")
    done = run("scan", "-o", "json")
    assert lines(done, "ART003") == [3, 13, 15, 16]
    by_line = {f["span"]["line"]: f for f in findings(done) if f["code"] == "ART003"}
    assert by_line[4]["suppression"]["reason"] == "made by ourselves"
    assert by_line[6]["suppression"]["reason"] == "named instead of numbered"
    assert by_line[14]["suppression"]["reason"] == "for now"
    assert done.returncode == 1


def test_strict_reports_comments_that_suppress_nothing_or_have_expired(run: Run, project: Path) -> None:
    (project / "a.py").write_text(PYTHON, "utf-8")
    done = run("scan", "-o", "json", "--select", "ART003,DET001,RPC")
    assert lines(done, "RPC002") == [13]
    assert lines(done, "RPC003") == [15]


def test_pack_decides_over_unused_comments(run: Run, project: Path) -> None:
    (project / "reprocheck.toml").unlink()
    (project / "a.py").write_text("x = 1  # reprocheck: ignore[ART003]\n", "utf-8")
    assert run("scan", "-o", "concise").returncode == 0
    strict = run("scan", "-o", "concise", "--pack", "strict", "--fail-on", "note")
    assert strict.returncode == 1
    assert "a.py:1:8: RPC002[note] ART003 suppresses nothing here" in strict.stdout


def test_a_comment_for_a_whole_file(run: Run, project: Path) -> None:
    body = "import pickle\npickle.load(a)\npickle.load(b)\n"
    (project / "all.py").write_text("# reprocheck: ignore-file[ART003] -- old format\n" + body, "utf-8")
    (project / "other.py").write_text("# reprocheck: ignore-file[DET001]\n" + body, "utf-8")
    done = run("scan", "-o", "json")
    assert {f["path"] for f in findings(done) if not f.get("suppression")} == {"other.py"}
    assert lines(done, "ART003") == [3, 4]


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        (
            "Dockerfile",
            "# reprocheck: ignore[ENV007] -- rebuilt each night\nFROM python:latest\nFROM python:latest\n",
            [3],
        ),
        (
            "docker-compose.yml",
            (
                "services:\n  a:\n    image: redis  # reprocheck: ignore[ENV007]\n  b:\n    image: redis\n"
                "  c:\n    # reprocheck: ignore[unpinned-image]\n    image: redis\n"
            ),
            [5],
        ),
        (
            "config.toml",
            "[a]\ncudnn_benchmark = true  # reprocheck: ignore[DET001]\n[b]\ncudnn_benchmark = true\n",
            [4],
        ),
    ],
)
def test_comments_in_other_files(run: Run, project: Path, name: str, text: str, left: list[int]) -> None:
    (project / name).write_text(text, "utf-8")
    done = run("scan", "-o", "json")
    assert [f["span"]["line"] for f in findings(done) if not f.get("suppression")] == left


def test_comments_in_notebook_cells(run: Run, project: Path) -> None:
    cells = [["import pickle\n", "pickle.load(a)  # reprocheck: ignore[ART003]"], ["pickle.load(b)"]]
    notebook = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
            for cell in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    (project / "a.ipynb").write_text(json.dumps(notebook, indent=1), "utf-8")
    done = run("scan", "-o", "concise")
    assert "a.ipynb:cell 2:1:1: ART003" in done.stdout
    assert done.stdout.count("ART003") == 1


def test_suppressed_findings_are_shown_on_request(run: Run, project: Path) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(b)  # reprocheck: ignore[ART003]\n", "utf-8")
    assert "ART003" not in run("scan", "-o", "concise").stdout
    assert "ART003" in run("scan", "-o", "concise", "--show-suppressed").stdout


def test_rules_are_left_out_by_path(run: Run, project: Path) -> None:
    with (project / "reprocheck.toml").open("a", encoding="utf-8") as stream:
        stream.write('[per-file-ignores]\n"tests/**" = ["ART"]\n"old.py" = ["unsafe-deserialisation"]\n')
    (project / "tests").mkdir()
    for name in ("tests/a.py", "old.py", "new.py"):
        (project / name).write_text("import pickle\npickle.load(b)\n", "utf-8")
    assert [f["path"] for f in findings(run("scan", "-o", "json"))] == ["new.py"]
