"""The tutorial's commands, run one after the other, answer what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FAILING = 2
"""Exit codes from which on a command did not do what was asked; 1 says that there was something to find."""
SHELL = shutil.which("sh") or "sh"


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Each command of the page with the lines that it answers."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def pattern(lines: list[str]) -> str:
    """A regular expression for an answer: `...` stands for anything, on a line of its own for any lines."""
    parts = [r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in lines]
    return "".join(parts)


def test_every_answer_of_the_tutorial_is_what_the_command_says(tmp_path: Path) -> None:
    steps = commands(PAGE.read_text("utf-8"))
    assert len(steps) > 12
    (tmp_path / "fixtures").mkdir()
    shutil.copytree(ROOT / "fixtures" / "churn_tutorial", tmp_path / "fixtures" / "churn_tutorial")
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "reprocheck"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reprocheck "$@"\n', "utf-8")
    script.chmod(0o755)
    dropped = ("REPROCHECK", "PYTEST", "COV", "GIT_", "PYTHONHASHSEED", "FORCE_COLOR")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    variables |= {
        "PATH": f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "200",
    }
    variables |= {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for number, (command, answer) in enumerate(steps):
        folder = tmp_path / "churn" if (tmp_path / "churn").is_dir() else tmp_path
        done = subprocess.run(
            [SHELL, "-c", command], cwd=folder, env=variables, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode < FAILING, f"step {number}, {command}: {done.stdout}{done.stderr}"
        assert re.fullmatch(pattern(answer), done.stdout), f"step {number}, {command}:\n{done.stdout}\n{done.stderr}"


def test_an_answer_that_is_not_the_page_s_is_seen() -> None:
    assert re.fullmatch(pattern(["a ... b", "...", "c"]), "a x b\n1\n2\nc\n")
    assert not re.fullmatch(pattern(["a ... b"]), "a x c\n")
    assert not re.fullmatch(pattern(["a"]), "a\nb\n")
