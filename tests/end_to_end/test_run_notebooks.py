"""Notebooks run like programs, and the proof that capture changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _notebook(folder: Path, *cells: str) -> None:
    value: dict[str, Any] = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": cell,
            }
            for index, cell in enumerate(cells)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "work.ipynb").write_text(json.dumps(value), "utf-8")


def _path() -> dict[str, str]:
    return {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


def test_a_notebook_is_executed_and_recorded(run: Run, project: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    _notebook(
        project,
        "import random\nrandom.seed(5)",
        "open('out.txt', 'w').write('x')\n6 * 7",
        "1 / 0",
        "open('never', 'w')",
    )
    done = run("run", "work.ipynb", variables=_path())
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    executed = json.loads((project / "work.executed.ipynb").read_text("utf-8"))
    assert executed["cells"][1]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert not (project / "never").exists()
    record = json.loads(run("show", "@", "-o", "json").stdout)
    assert record["command"]["arguments"] == ["work.ipynb"]
    assert ("random.seed", "5") in {(call["name"], call["value"]) for call in record["observations"]["seeders"]}
    outputs = {use["path"] for use in record["files"]["uses"] if use["role"] == "output"}
    assert {"out.txt", "work.executed.ipynb"} <= outputs


def test_what_notebooks_need_is_said(run: Run, project: Path, tmp_path: Path) -> None:
    _notebook(project, "1")
    bare = tmp_path / "bin" / "python"
    bare.parent.mkdir()
    bare.write_text(f'#!/bin/sh\nexec {sys._base_executable} -S "$@"\n', "utf-8")  # type: ignore[attr-defined]
    bare.chmod(0o755)
    done = run("run", "work.ipynb", variables={"PATH": str(bare.parent)})
    assert done.returncode == 125
    assert "pip install nbclient ipykernel" in done.stderr


def test_capture_is_proved_transparent_where_outputs_are_stable(run: Run, project: Path) -> None:
    lines = (
        "import os, random",
        "random.seed(1)",
        "open('a', 'w').write(str(random.random()))",
        "open('b', 'wb').write(os.urandom(9))",
    )
    (project / "p.py").write_text("\n".join(lines), "utf-8")
    done = run("run", "--name", "proof", "--prove-transparent", "--", sys.executable, "p.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unstable  b\n" in done.stdout
    assert "Transparent: 2 outputs the same in 2 plain runs" in done.stdout
    assert not (project / "a").exists()
    assert json.loads(run("show", "proof", "-o", "json").stdout)["execution"]["code"] == 0


def test_what_capture_changes_is_found(run: Run, project: Path) -> None:
    program = "import os\nopen('a', 'w').write(str('PYTHONPATH' in os.environ))\n"
    (project / "p.py").write_text(program, "utf-8")
    done = run("run", "--prove-transparent", "--", sys.executable, "p.py")
    assert done.returncode == 1
    assert "changed   a\n" in done.stdout


def test_nothing_is_claimed_where_nothing_is_stable(run: Run, project: Path) -> None:
    (project / "p.py").write_text("import os\nprint(os.urandom(9))\n", "utf-8")
    done = run("run", "--prove-transparent", "--", sys.executable, "p.py")
    assert done.returncode == 4
    assert "Nothing can be said" in done.stdout
