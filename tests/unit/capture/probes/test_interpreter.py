"""The interpreter is that of the command, found without starting it."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from reprocheck.capture.probes.interpreter import ask_interpreter, find_interpreter
from reprocheck.model.record import PythonProcess


def executable(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def find(*command: str, cwd: Path, path: Path | None = None) -> Path | None:
    return find_interpreter(command, (), cwd=cwd, environment={"PATH": str(path or "")})


def test_the_process_that_was_seen_is_the_truth(tmp_path: Path) -> None:
    seen = PythonProcess(pid=1, started=1, executable="/seen/python")
    assert find_interpreter(["python"], [seen], cwd=tmp_path, environment={}) == Path("/seen/python")


@pytest.mark.parametrize("name", ["python", "python3", "python3.12", "pypy3", "python3.13t"])
def test_a_python_on_the_path(tmp_path: Path, name: str) -> None:
    found = executable(tmp_path / "bin" / name)
    assert find(name, "x.py", cwd=tmp_path, path=tmp_path / "bin") == found


def test_a_link_is_the_environment_and_its_target_is_not(tmp_path: Path) -> None:
    executable(tmp_path / "real" / "python3")
    link = tmp_path / "venv" / "python"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "real" / "python3")
    assert find("./venv/python", cwd=tmp_path) == link


def test_a_script_names_its_interpreter(tmp_path: Path) -> None:
    python = executable(tmp_path / "bin" / "python3")
    executable(tmp_path / "bin" / "torchrun", f"#!{python} -s\n")
    executable(tmp_path / "bin" / "other", "#!/usr/bin/env -S FOO=1 python3 -u\n")
    executable(tmp_path / "bin" / "env")
    assert find("torchrun", "x.py", cwd=tmp_path, path=tmp_path / "bin") == python
    assert find("other", cwd=tmp_path, path=tmp_path / "bin") == python
    assert find("env", "A=1", "python3", "x.py", cwd=tmp_path, path=tmp_path / "bin") == python


def test_other_programs_name_none(tmp_path: Path) -> None:
    executable(tmp_path / "bin" / "make", "#!/bin/sh\n")
    executable(tmp_path / "bin" / "loop", f"#!{tmp_path}/bin/loop\n")
    for command in ("make", "missing", "loop"):
        assert find(command, cwd=tmp_path, path=tmp_path / "bin") is None


def test_an_interpreter_says_what_it_is(tmp_path: Path) -> None:
    interpreter, gaps = ask_interpreter(Path(sys.executable), cwd=tmp_path, environment=os.environ)
    assert gaps == ()
    assert interpreter is not None
    assert (interpreter.prefix, interpreter.base_prefix) == (sys.prefix, sys.base_prefix)
    assert (interpreter.implementation, interpreter.version) == ("CPython", platform.python_version())
    assert interpreter.build == " ".join(sys.version.split())
    assert interpreter.executable == sys.executable
    assert all(Path(path).is_dir() for path in interpreter.paths)


def test_folders_of_the_search_path_may_be_called_anything(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ('a"b\\', "ü x", os.fsdecode(b"\xff"))]
    for folder in folders:
        folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    interpreter, gaps = ask_interpreter(Path(sys.executable), cwd=tmp_path, environment=environment)
    assert gaps == ()
    assert interpreter is not None
    assert {*map(str, folders)} <= {*interpreter.paths}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#!/bin/sh\nexit 3\n", "can't be read"),
        ("#!/bin/sh\necho '{}'\n", "can't be read"),
        ("#!/missing\n", "No such file"),
    ],
)
def test_a_silent_interpreter_is_a_gap(tmp_path: Path, text: str, reason: str) -> None:
    interpreter, (gap,) = ask_interpreter(executable(tmp_path / "python", text), cwd=tmp_path, environment={})
    assert interpreter is None
    assert reason in gap.reason


def test_what_a_site_prints_does_not_matter(tmp_path: Path) -> None:
    noisy = executable(tmp_path / "python", f'#!/bin/sh\necho "hello from site"\nexec {sys.executable} "$@"\n')
    interpreter, gaps = ask_interpreter(noisy, cwd=tmp_path, environment=os.environ)
    assert gaps == ()
    assert interpreter is not None
