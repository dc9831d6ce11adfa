"""`reprocheck run`: run a command, observed, and keep the record of it."""

from __future__ import annotations

import os
import shlex
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.app.stores import prepare_store, store_folder
from reprocheck.capture.notebook import notebook_command
from reprocheck.capture.observing import Capture, CaptureRequest, Keeping
from reprocheck.capture.plain import run_plainly
from reprocheck.capture.secrets import Secrets
from reprocheck.capture.standard_input import standard_input
from reprocheck.config import find_root
from reprocheck.model.record import Command, Execution, Gap, Record, Start, Status
from reprocheck.model.spelling import spelled_out
from reprocheck.store.errors import StoreError
from reprocheck.store.index import summarize
from reprocheck.store.runs import OpenRun
from reprocheck.store.stat_cache import StatCache
from reprocheck.store.store import Store

STANDARD_OUTPUT = "stdout"
"""What `--output` calls the command's standard output."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and what to keep of it."""

    command: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    name: str = ""
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    """Patterns of the files that count in a replay."""
    trace: Literal["off", "steps"] = "off"
    store_inputs: bool = False
    record_entropy: bool = False
    lock: bool = False
    """Whether uv makes a lock with hashes, for which it asks the package index."""
    store: Path | None = None
    """Folder of the store; None for that of the project."""
    tool_version: str = "0"


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the command and of its record."""

    execution: Execution
    record: Record | None = None
    """None where it could not be kept."""
    store: Path | None = None
    """Folder of the store that has the record."""
    problems: tuple[str, ...] = ()
    """What a person should know besides the record, one sentence each."""


def run_command(request: RunRequest, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> RunResult:
    """Run the command, whatever our side fails at; `now` is the wall clock."""
    try:
        prepared = _prepare(request, now())
    except Exception as error:  # noqa: BLE001 — a defect of ours must not keep the command from running
        prepared = (Gap("store", f"capture could not begin ({_defect(error)})", "No record is kept"),)
    if isinstance(prepared, tuple):
        command = notebook_command(request.command, request.environment)
        execution = run_plainly(command, cwd=request.cwd, environment=request.environment)
        return RunResult(execution=execution, problems=_told(prepared, execution, request.command, request.cwd))
    try:
        return _captured(prepared, request, now)
    finally:
        prepared.opened.close()


class _Prepared(msgspec.Struct, frozen=True):
    """Everything that can fail before the command starts has been done."""

    store: Store
    opened: OpenRun
    capture: Capture
    gaps: tuple[Gap, ...]


def _prepare(request: RunRequest, now: datetime) -> _Prepared | tuple[Gap, ...]:
    """A run ready to be captured; gaps where it can't be."""
    root = find_root(request.cwd).absolute()
    store, gaps = prepare_store(store_folder(request.store, request.cwd).absolute(), request.environment)
    if store is None:
        return gaps
    secrets = Secrets(request.environment, request.command, {root, request.cwd})
    try:
        opened = _begin(store, request, root, secrets, now)
    except (OSError, StoreError) as error:
        return (*gaps, Gap("store", str(error), "No record is kept"))
    capture_request = CaptureRequest(
        command=request.command,
        cwd=request.cwd,
        root=root,
        environment=request.environment,
        journal=opened.folder.journal,
        objects=store.objects.folder,
        hidden=(store.folder,),
        trace=request.trace,
        store_inputs=request.store_inputs,
        record_entropy=request.record_entropy,
        stat_cache=store.stat_cache_file,
        lock=request.lock,
        keep_output=STANDARD_OUTPUT in request.outputs,
    )
    return _Prepared(store, opened, Capture(capture_request, secrets), gaps)


def _begin(store: Store, request: RunRequest, root: Path, secrets: Secrets, now: datetime) -> OpenRun:
    monotonic = time.monotonic_ns()
    arguments = secrets.clean_arguments(request.command)
    given = standard_input()
    command = Command(
        arguments=tuple(map(spelled_out, arguments)),
        cwd=spelled_out(_relative(request.cwd.absolute(), root)),
        root=spelled_out(str(root)),
        trace=request.trace,
        outputs=tuple(map(spelled_out, request.outputs)),
        redacted=arguments != request.command,
        stdin=spelled_out(_relative(Path(given.path), root.resolve())) if given.path else "",
        piped=given.piped,
    )

    def start(name: str, sequence: int) -> Start:
        return Start(
            id=name,
            sequence=sequence,
            name=spelled_out(request.name),
            tags=tuple(sorted(set(map(spelled_out, request.tags)))),
            tool_version=request.tool_version,
            started=timestamp(now),
            monotonic=monotonic,
            boot=_boot(),
            launcher=os.getpid(),
            command=command,
        )

    return store.begin(int(now.timestamp() * 1000), start)


def _captured(prepared: _Prepared, request: RunRequest, now: Callable[[], datetime]) -> RunResult:
    store, opened, gaps = prepared.store, prepared.opened, prepared.gaps
    execution = prepared.capture.run()
    ended = timestamp(now())
    problems = list(_told(gaps, execution, request.command, request.cwd))
    record: Record | None = None
    try:
        cache = StatCache(store.stat_cache_file)
        keeping = Keeping(sink=store.objects, read=lambda digest: store.objects.path(digest).read_bytes(), cache=cache)
        record = prepared.capture.record(opened.start, execution, ended, keeping, gaps)
        cache.close()
        store.finished(summarize(record, opened.folder.finish(record)))
    except OSError as error:
        problem = f"the record of run {opened.folder.id} could not be written: {error.strerror or error}"
        problems.append(problem)
        from reprocheck.app.keep_elsewhere import keep_elsewhere

        kept = None if record is None else keep_elsewhere(record, problem, request.environment, store.folder)
        if kept is None:
            return RunResult(execution=execution, store=store.folder, problems=tuple(problems))
        record, folder = kept
        problems.append(f"it is kept in {folder} (--store {folder}), without contents of files")
        return RunResult(execution=execution, record=record, store=folder, problems=tuple(problems))
    except Exception as error:  # noqa: BLE001 — a defect of ours must not cost the user the command's exit code
        problem = f"the record of run {opened.folder.id} could not be composed ({_defect(error)})"
        problems.append(f"{problem}. What was observed is kept in its journal")
        return RunResult(execution=execution, store=store.folder, problems=tuple(problems))
    return RunResult(execution=execution, record=record, store=store.folder, problems=tuple(problems))


def _defect(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return f"{type(error).__name__} at {place}: {error}; this is a defect of reprocheck, please report it"


def _advice(command: Sequence[str], cwd: Path) -> str:
    """What a person may have meant by a command that did not start; empty where nothing comes to mind."""
    name = command[0]
    path = cwd / name
    if not path.is_file():
        return ""
    if path.suffix == ".py":
        return f"; `python {shlex.join(command)}` runs it"
    executable = os.access(path, os.X_OK)
    if executable and "/" not in name:
        return f"; `./{shlex.join(command)}` is the one in this folder"
    from reprocheck.capture.probes.interpreter import shebang  # what runs well never needs it here

    if not shebang(path):
        return ""
    if not executable:
        return f"; `chmod +x {shlex.quote(name)}` makes it a program"
    return "; it is there: what its first line names may not be"


def _told(gaps: tuple[Gap, ...], execution: Execution, command: Sequence[str], cwd: Path) -> tuple[str, ...]:
    """What a person needs to know now: where the record is when not in its place, and why nothing ran."""
    told = [gap for gap in gaps if gap.channel == "store"]
    if execution.status is Status.NOT_STARTED:
        advice = _advice(command, cwd)
        refused = [gap.reason + (advice if gap.channel == "execution" else "") for gap in execution.gaps]
        return (*(f"{gap.reason}. {gap.consequence}" for gap in told), *refused)
    return tuple(f"{gap.reason}. {gap.consequence}" for gap in told)


def timestamp(moment: datetime) -> str:
    """RFC 3339 with microseconds, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
