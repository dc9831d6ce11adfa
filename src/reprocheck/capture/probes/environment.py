"""All probes, put together into the environment of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reprocheck.capture.hashing import Unsteady, digest_of
from reprocheck.capture.ports import DigestCache, ObjectSink
from reprocheck.capture.probes import machine
from reprocheck.capture.probes.conda import conda_lock, conda_prefix
from reprocheck.capture.probes.container import container
from reprocheck.capture.probes.gpu import gpu_stack
from reprocheck.capture.probes.integrity import check_packages
from reprocheck.capture.probes.interpreter import ask_interpreter, find_interpreter, no_interpreter
from reprocheck.capture.probes.lock import make_lock
from reprocheck.capture.probes.remembered import Installed
from reprocheck.capture.probes.variables import variables
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Environment, FileRole, FileUses, Gap, Interpreter, Lock, Observations, Package


class EnvironmentState(msgspec.Struct, frozen=True):
    """The environment with its gaps."""

    environment: Environment
    gaps: tuple[Gap, ...]


class EnvironmentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the command was started with, and what was seen of it."""

    command: Sequence[str]
    cwd: Path
    root: Path
    variables: Mapping[str, str]
    files: FileUses
    observations: Observations
    lock: bool = False
    """Whether a lock with hashes is made, for which uv asks the package index."""


def probe_environment(
    request: EnvironmentRequest, *, cache: DigestCache, sink: ObjectSink, secrets: Secrets
) -> EnvironmentState:
    """Ask everything; what does not answer is a gap."""
    interpreter, packages, lock, gaps = _python(request, cache, sink, secrets)
    processor, about_processor = machine.processor()
    memory, about_memory = machine.memory()
    box, about_box = container(request.variables)
    gpu, about_gpu = gpu_stack(packages, request.variables)
    kept, names = variables(request.variables, secrets)
    return EnvironmentState(
        Environment(
            interpreter=interpreter,
            packages=packages,
            lock=lock,
            conda=conda_prefix(interpreter),
            container=box,
            system=machine.operating_system(),
            processor=processor,
            memory=memory,
            gpu=gpu,
            thread_pools=request.observations.thread_pools,
            locale=machine.locale_of(request.variables),
            limits=machine.limits(),
            umask=machine.umask(),
            variables=kept,
            variable_names=names,
        ),
        (*gaps, *about_processor, *about_memory, *about_box, *about_gpu),
    )


def _python(
    request: EnvironmentRequest, cache: DigestCache, sink: ObjectSink, secrets: Secrets
) -> tuple[Interpreter | None, tuple[Package, ...], Lock | None, tuple[Gap, ...]]:
    """Interpreter, packages and lock."""
    executable = find_interpreter(
        request.command, request.observations.processes, cwd=request.cwd, environment=request.variables
    )
    if executable is None:
        return None, (), None, (no_interpreter(request.command),)
    interpreter, gaps = ask_interpreter(executable, cwd=request.cwd, environment=request.variables)
    if interpreter is None:
        return None, (), None, gaps
    interpreter = msgspec.structs.replace(interpreter, digest=_digest(interpreter.executable, cache))
    installed = Installed(interpreter.paths, cache)
    modules = {module for process in request.observations.processes for module in process.modules}
    packages, about_integrity = check_packages(installed, _opened(request), modules, cache)
    installed.keep(secrets)
    packages = tuple(msgspec.structs.replace(p, direct_url=secrets.clean(p.direct_url)) for p in packages)
    lock, about_lock = _lock(request, interpreter, packages, sink, secrets)
    return interpreter, packages, lock, (*gaps, *installed.gaps, *about_integrity, *about_lock)


def _digest(path: str, cache: DigestCache) -> str:
    """BLAKE3 of a file; empty where it can't be read."""
    try:
        status = Path(path).stat()
        known = cache.get(status)
        if known is None:
            read = digest_of(path)
            known = read.blake3 if read is not None else ""
            cache.put(status, known)
    except (OSError, Unsteady):
        return ""
    return known


def _lock(
    request: EnvironmentRequest,
    interpreter: Interpreter,
    packages: Sequence[Package],
    sink: ObjectSink,
    secrets: Secrets,
) -> tuple[Lock | None, tuple[Gap, ...]]:
    """What was asked for; in a conda environment conda's own list, which costs nothing."""
    if request.lock:
        return make_lock(interpreter, packages, sink, secrets, request.variables)
    prefix = conda_prefix(interpreter)
    return conda_lock(prefix, sink, secrets) if prefix else (None, ())


def _opened(request: EnvironmentRequest) -> set[str] | None:
    """Files of the environment that the run opened; None where file uses weren't seen completely."""
    if not request.files.complete:
        return None
    return {
        os.path.join(request.root, use.path)  # noqa: PTH118 — tens of thousands of paths
        for use in request.files.uses
        if use.role in {FileRole.ENVIRONMENT, FileRole.CODE}
    }
