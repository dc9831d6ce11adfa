"""What other services start: the action of GitHub, and the hook of pre-commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BASH = shutil.which("bash") or "bash"


@pytest.fixture
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    return loaded


def scan_step(action: dict[str, Any], folder: Path, **variables: str) -> tuple[int, str, str]:
    """Exit code, standard output and step output of the action's scan, with this interpreter's reprocheck."""
    programs = folder / "runner" / "reprocheck" / "bin"
    programs.mkdir(parents=True)
    (programs / "reprocheck").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reprocheck "$@"\n', "utf-8")
    (programs / "reprocheck").chmod(0o755)
    told = folder / "told"
    told.touch()
    step = next(step for step in action["runs"]["steps"] if step.get("id") == "scan")
    given = {name: action["inputs"][name.lower().replace("paths", "path")]["default"] for name in step["env"]}
    environment = os.environ | given | variables
    environment |= {"RUNNER_TEMP": str(folder / "runner"), "GITHUB_OUTPUT": str(told)}
    project = folder / "project"
    done = subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, told.read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "reprocheck.toml").write_text('select = ["ART003"]\n', "utf-8")
    (project / "a.py").write_text("import pickle\n\nx = pickle.load(open('a', 'rb'))\n", "utf-8")
    (project / "b c.py").write_text("import pickle\n\nx = pickle.load(open('a', 'rb'))\n", "utf-8")
    return tmp_path


def test_the_action_annotates_and_fails_as_scan_does(action: dict[str, Any], folder: Path) -> None:
    code, said, told = scan_step(action, folder, SARIF="out.sarif")
    assert code == 1
    assert said.count("file=") == 2
    assert "exit-code=1" in told
    assert (folder / "project" / "out.sarif").is_file()


def test_inputs_of_the_action_are_words_and_never_code(action: dict[str, Any], folder: Path) -> None:
    arguments = "--exit-zero\n--ignore=$(touch owned)"
    code, _, told = scan_step(action, folder, PATHS="b c.py", ARGUMENTS=arguments)
    assert not (folder / "project" / "owned").exists()
    assert (code, told) == (2, "exit-code=2\n")


def test_paths_of_the_action_may_hold_spaces(action: dict[str, Any], folder: Path) -> None:
    code, said, _ = scan_step(action, folder, PATHS="b c.py\n", ARGUMENTS="--exit-zero")
    assert code == 0
    assert said.count("file=") == 1


def test_everything_that_the_action_installs_is_there(action: dict[str, Any]) -> None:
    [install] = [step["run"] for step in action["runs"]["steps"] if step["name"] == "install"]
    assert '"$GITHUB_ACTION_PATH/requirements.lock"' in install
    assert "hatchling==" in (ROOT / "requirements.lock").read_text("utf-8")


def test_the_hook_starts_a_command_that_there_is() -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "reprocheck"
    done = subprocess.run(
        [sys.executable, "-m", "reprocheck", *arguments, "--help"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0
