"""Runs small programs under the supervisor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reprocheck.capture.files import file_uses
from reprocheck.capture.injection import SITE, AgentOptions, agent_environment
from reprocheck.capture.launch import LaunchOptions, launch
from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.calls import machine_of
from reprocheck.capture.supervisor.quick import load
from reprocheck.model.record import Execution, FileUse, FileUses


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run."""

    execution: Execution
    files: FileUses
    events: list[dict[str, Any]]
    root: Path
    objects: Path

    def roles(self) -> dict[str, str]:
        """Role by path, for what lies under the root."""
        return {use.path: use.role.value for use in self.files.uses if not use.path.startswith("/")}

    def use(self, path: str) -> FileUse:
        """The one use of a path."""
        [use] = [use for use in self.files.uses if use.path == path]
        return use

    def gaps(self) -> str:
        """All gaps in one text."""
        return "\n".join(gap.reason for gap in (*self.files.gaps, *self.execution.gaps))


Run = Callable[..., Seen]


@pytest.fixture(scope="session", autouse=True)
def _supervisable() -> None:
    if reason := kernel.refusal(machine_of(os.uname().machine)):
        pytest.skip(reason)


@pytest.fixture(params=["compiled", "interpreted", "posted"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Run Python code, or a command given as a list, in an empty project.

    Calls are answered by the compiled part, by the interpreter, or by the compiled part while the agent posts.
    """
    compiled = request.param != "interpreted"
    if compiled and load() is None:
        pytest.skip("the compiled part of the supervisor was not built")
    root = tmp_path / "project"
    root.mkdir()
    count = iter(range(100))

    def go(
        program: str | list[str],
        *,
        environment: Mapping[str, str] | None = None,
        also_hidden: tuple[Path, ...] = (),
        **options: Any,  # noqa: ANN401 -- those of LaunchOptions
    ) -> Seen:
        journal = tmp_path / f"journal{next(count)}"
        journal.mkdir()
        objects = tmp_path / "objects"
        command = [sys.executable, "-c", program] if isinstance(program, str) else program
        hidden = (objects, *also_hidden)
        if request.param == "posted":
            hidden = (*hidden, SITE.parent)
            given = os.environ if environment is None else environment
            environment = agent_environment(given, journal=journal, options=AgentOptions(root=root))
        execution = launch(
            command,
            cwd=root,
            environment=os.environ if environment is None else environment,
            journal=journal,
            objects=objects,
            options=LaunchOptions(**{"root": root, "compiled": compiled, **options, "hidden": hidden}),
        )
        lines = (journal / "files.jsonl").read_text().splitlines() if (journal / "files.jsonl").exists() else []
        return Seen(
            execution=execution,
            files=file_uses(journal, root=root),
            events=[msgspec.json.decode(line) for line in lines],
            root=root,
            objects=objects,
        )

    return go
