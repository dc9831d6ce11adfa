"""Runs small programs with and without the agent in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from reprocheck.capture.injection import SITE, AgentOptions, agent_environment, watched_environment
from reprocheck.capture.journal_lines import journal_files

Trace = Literal["off", "steps"]


@dataclass(frozen=True)
class Outcome:
    """What a program did, and what the agent wrote about it."""

    code: int
    stdout: str
    stderr: str
    journal: Path

    def events(self, kind: str | None = None, prefix: str = "agent") -> list[dict[str, Any]]:
        """Events of all processes, those of one kind if asked."""
        files = journal_files(self.journal, prefix)
        return [event for file in files for event in file.events if kind is None or event["event"] == kind]

    def reasons(self) -> list[str]:
        """The reasons of all gaps."""
        return [str(event["reason"]) for event in self.events("gap")]


class Bench:
    """A project of one program, `program.py`."""

    def __init__(self, folder: Path, *, compiled: bool = True) -> None:
        """`compiled` is False for an agent without its compiled part."""
        self.root = folder / "project"
        self.root.mkdir()
        self._site = SITE
        if not compiled:
            shutil.copytree(SITE.parent, folder / "agent", ignore=shutil.ignore_patterns("_*.so", "__pycache__"))
            self._site = folder / "agent" / SITE.name
        self._folder = folder
        self._runs = 0

    def write(self, source: str, name: str = "program.py") -> None:
        """Put a file into the project."""
        (self.root / name).write_text(source, encoding="utf-8")

    def environment(self, **variables: str) -> dict[str, str]:
        """A plain environment; an empty variable is left out."""
        dropped = ("PYTHON", "REPROCHECK", "OMP_", "COV_", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        given = {**kept, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", **variables}
        return {name: value for name, value in given.items() if value}

    def plain(self, command: Sequence[str] | None = None, **variables: str) -> Outcome:
        """Run it without the agent."""
        return self._run(command or [sys.executable, "program.py"], self.environment(**variables), self._folder)

    def watched(
        self,
        command: Sequence[str] | None = None,
        *,
        trace: Trace = "off",
        record_entropy: bool = False,
        entropy_from: Path | None = None,
        supervised: bool = False,
        **variables: str,
    ) -> Outcome:
        """Run it with the agent, which may be told that a supervisor sees the files."""
        self._runs += 1
        journal = self._folder / f"journal-{self._runs}"
        journal.mkdir()
        options = AgentOptions(root=self.root, trace=trace, record_entropy=record_entropy, entropy_from=entropy_from)
        environment = agent_environment(self.environment(**variables), journal=journal, options=options)
        environment["PYTHONPATH"] = environment["PYTHONPATH"].replace(str(SITE), str(self._site), 1)
        if supervised:
            environment |= watched_environment(environment)
        return self._run(command or [sys.executable, "program.py"], environment, journal)

    def _run(self, command: Sequence[str], environment: dict[str, str], journal: Path) -> Outcome:
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, check=False, timeout=120, text=True
        )
        return Outcome(done.returncode, done.stdout, done.stderr, journal)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
