"""One capture, from the first question to git to the composed record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.capture.code import CodeProbe
from reprocheck.capture.files import file_uses
from reprocheck.capture.folding import fold
from reprocheck.capture.injection import SITE, AgentOptions, agent_environment, environment_gap
from reprocheck.capture.journals import scrub_journal
from reprocheck.capture.keeping import keep_few, keep_inputs, without_credentials
from reprocheck.capture.launch import LaunchOptions, launch
from reprocheck.capture.notebook import RUNNER, notebook_command
from reprocheck.capture.observations import observations
from reprocheck.capture.output import standard_output_copied, with_standard_output
from reprocheck.capture.ports import DigestCache, ObjectSink
from reprocheck.capture.probes.environment import EnvironmentRequest, probe_environment
from reprocheck.capture.record import Parts, compose
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Execution, FileUses, Gap, Record, Start

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
    lock: bool = False
    keep_output: bool = False
    """Whether standard output is a result: it then goes through a pipe."""


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
        self._output = request.journal / "stdout"
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
        with standard_output_copied(self._output if request.keep_output else None) as problem:
            execution = launch(
                notebook_command(request.command, request.environment),
                cwd=request.cwd,
                environment=environment,
                journal=request.journal,
                objects=request.objects,
                options=LaunchOptions(root=request.root, hidden=(*request.hidden, AGENT, RUNNER)),
            )
        self._gaps += problem
        return execution

    def record(self, start: Start, execution: Execution, ended: str, keeping: Keeping, gaps: tuple[Gap, ...]) -> Record:
        """The record, with contents that it refers to put away."""
        request, secrets = self._request, self._secrets
        files = file_uses(request.journal, root=request.root)
        seen = observations(request.journal, started=execution.started)
        state = probe_environment(
            EnvironmentRequest(
                command=request.command,
                cwd=request.cwd,
                root=request.root,
                variables=request.environment,
                files=files,
                observations=seen,
                lock=request.lock,
            ),
            cache=keeping.cache,
            sink=keeping.sink,
            secrets=secrets,
        )
        code = self._code.finish(files.uses, keeping.sink, secrets)
        files = self._kept(files, code.untracked, keeping)
        return compose(
            start,
            Parts(
                execution=execution,
                ended=ended,
                files=files,
                observations=seen,
                environment=state.environment,
                code=code.code,
                configuration=code.configuration,
                gaps=(
                    *gaps,
                    *self._gaps,
                    *state.gaps,
                    *code.gaps,
                    *scrub_journal(request.journal, secrets),
                ),
            ),
            secrets,
        )

    def _kept(self, files: FileUses, untracked: Collection[str], keeping: Keeping) -> FileUses:
        """The uses, with contents kept as asked, and crowded folders folded."""
        if self._request.keep_output:
            files = with_standard_output(files, self._output, keeping.sink, self._secrets)
        files = without_credentials(files, keeping.sink, keeping.read, self._secrets)
        if self._request.store_inputs:
            files = keep_inputs(files, self._request.root, keeping.sink, self._secrets)
        else:
            files = keep_few(files, untracked, self._request.root, keeping.sink, self._secrets)
        return fold(files, keeping.sink)
