"""What is written down of programs that start."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reprocheck.capture.injection import SITE, VARIABLE

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run


def _without(run: Run, command: str, path: str = str(SITE)) -> list[object]:
    """Why the agent could not come along, of each Python that a shell starts; None where it could."""
    environment = {**os.environ, VARIABLE: "somewhere", "PYTHONPATH": path, "PY": sys.executable}
    seen = run(["/bin/sh", "-c", command], environment=environment, also_hidden=(SITE.parent,))
    return [event.get("without") for event in seen.events if event["event"] == "execute" and "python" in event]


def test_a_pythonpath_that_replaces_ours_is_told_from_one_that_adds_to_it(run: Run) -> None:
    command = "$PY -c ''; PYTHONPATH=lib $PY -c ''; PYTHONPATH=lib:$PYTHONPATH $PY -c ''; PYTHONPATH= $PY -c ''"
    assert _without(run, command) == [None, "PYTHONPATH", None, "PYTHONPATH"]


def test_an_environment_without_our_variables_is_told(run: Run) -> None:
    command = f"env -i $PY -c ''; env -u {VARIABLE} $PY -c ''"
    assert _without(run, command) == ["environment", "environment"]


def test_programs_of_the_project_that_are_compiled_are_told_from_scripts(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copy(shutil.which("true") or pytest.skip("there is no `true`"), root / "tool")
    (root / "script").write_text("#!/bin/sh\n./tool\ntrue\n")
    (root / "script").chmod(0o755)
    seen = run(["./script"])
    assert [Path(event["path"]).name for event in seen.events if event.get("other")] == ["tool"]
