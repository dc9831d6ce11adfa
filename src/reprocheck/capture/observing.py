"""One capture, from the first question to git to the composed record."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.capture.code import CodeProbe
from reprocheck.capture.injection import SITE, AgentOptions, agent_environment, environment_gap
from reprocheck.capture.launch import LaunchOptions, launch
from reprocheck.capture.notebook import RUNNER, notebook_command
from reprocheck.capture.output import COPY, standard_output_copied
from reprocheck.capture.ports import DigestCache, ObjectSink
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Execution, Gap, Record, Start

AGENT = SITE.parent
"""Folder of the agent, which the command's interpreters load and which is no code of the user's."""


class CaptureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and how closely to look."""

    command: tuple[str, ...]
    cwd: Path
    root: Path
    environment: Mapping[str, str]
    journal: Path
    """Existing folder that raw events are written to."""
    objects: Path
    """Folder of the store's objects, for what has to be copied while the command runs."""
    hidden: tuple[Path, ...]
    """Folders of ours: nothing in them is a file use."""
    trace: Literal["off", "steps"] = "off"
    store_inputs: bool = False
    record_entropy: bool = False
    stat_cache: Path | None = None
    """The store's file of digests that are known by the status of a file; None for none."""
    lock: bool = False
    keep_output: bool = False
    """Whether standard output is a result: it then goes through a pipe."""

    @property
    def output_copy(self) -> Path:
        """Where standard output is copied to meanwhile."""
        return self.journal / COPY


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Where contents go."""

    sink: ObjectSink
    read: Callable[[str], bytes]
    """Content of an object; raises OSError."""
    cache: DigestCache


class Capture:
    """A run that is observed: `run` returns when the command has ended, `record` looks at what was seen."""

    def __init__(self, request: CaptureRequest, secrets: Secrets) -> None:
        self._request = request
        self._secrets = secrets
        self._gaps: list[Gap] = []
        self._code = CodeProbe(request.root, request.command, request.cwd)

    def run(self) -> Execution:
        """Run the command under supervisor and agent."""
        request = self._request
        environment = agent_environment(
            request.environment,
            journal=request.journal,
            options=AgentOptions(root=request.root, trace=request.trace, record_entropy=request.record_entropy),
        )
        if (gap := environment_gap(environment)) is not None:
            self._gaps.append(gap)
        with standard_output_copied(request.output_copy if request.keep_output else None) as problem:
            execution = launch(
                notebook_command(request.command, request.environment),
                cwd=request.cwd,
                environment=environment,
                journal=request.journal,
                objects=request.objects,
                options=LaunchOptions(
                    root=request.root, hidden=(*request.hidden, AGENT, RUNNER), stat_cache=request.stat_cache
                ),
            )
        self._gaps += problem
        return execution

    def record(self, start: Start, execution: Execution, ended: str, keeping: Keeping, gaps: tuple[Gap, ...]) -> Record:
        """The record, with contents that it refers to put away."""
        from reprocheck.capture.files import remember  # loaded while nobody waits for the command any more
        from reprocheck.capture.finishing import Ending, finish

        collects = gc.isenabled()
        gc.disable()  # tens of thousands of values are made here, and hardly one is in a circle
        try:
            remember(self._request.journal, keeping.cache)
            ending = Ending(start=start, execution=execution, ended=ended, gaps=(*gaps, *self._gaps))
            return finish(self._request, ending, self._code, keeping, self._secrets)
        finally:
            if collects:
                gc.enable()
