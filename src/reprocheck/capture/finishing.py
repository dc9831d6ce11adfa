"""What is done once the command has ended: what was seen is read, the machine is asked, the record is composed."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from reprocheck.capture.code import CodeProbe
from reprocheck.capture.files import file_uses
from reprocheck.capture.folding import fold
from reprocheck.capture.journals import scrub_journal
from reprocheck.capture.keeping import keep_few, keep_inputs, keep_results, without_credentials
from reprocheck.capture.observations import observations
from reprocheck.capture.observing import CaptureRequest, Keeping
from reprocheck.capture.output import with_standard_output
from reprocheck.capture.probes.environment import EnvironmentRequest, probe_environment
from reprocheck.capture.record import Parts, compose
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Execution, FileUses, Gap, Record, Start


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the command began and ended."""

    start: Start
    execution: Execution
    ended: str
    """Wall clock: RFC 3339, UTC, microseconds."""
    gaps: tuple[Gap, ...]
    """What is known to be missing by now."""


def finish(request: CaptureRequest, ending: Ending, probe: CodeProbe, keeping: Keeping, secrets: Secrets) -> Record:
    """The record, with contents that it refers to put away."""
    files = file_uses(request.journal, root=request.root)
    seen = observations(request.journal, started=ending.execution.started)
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
    code = probe.finish(files.uses, keeping.sink, secrets)
    parts = Parts(
        execution=ending.execution,
        ended=ending.ended,
        files=_kept(request, files, code.untracked, keeping, secrets),
        observations=seen,
        environment=state.environment,
        code=code.code,
        configuration=code.configuration,
        gaps=(*ending.gaps, *state.gaps, *code.gaps, *scrub_journal(request.journal, secrets)),
    )
    return compose(ending.start, parts, secrets)


def _kept(
    request: CaptureRequest, files: FileUses, untracked: Collection[str], keeping: Keeping, secrets: Secrets
) -> FileUses:
    """The uses, with contents kept as asked, and crowded folders folded."""
    if request.keep_output:
        files = with_standard_output(files, request.output_copy, keeping.sink, secrets)
    files = without_credentials(files, keeping.sink, keeping.read, secrets)
    if request.store_inputs:
        files = keep_inputs(files, request.root, keeping.sink, secrets)
    else:
        files = keep_few(files, untracked, request.root, keeping.sink, secrets)
    files = keep_results(files, request.root, keeping.sink, secrets)
    return fold(files, keeping.sink)
