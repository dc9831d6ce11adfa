"""`reprocheck doctor`: what capture can see on this machine, found out by trying."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from reprocheck.agent.compiled import module as posting
from reprocheck.app.stores import store_folder
from reprocheck.capture.files import file_uses
from reprocheck.capture.injection import AgentOptions, agent_environment
from reprocheck.capture.launch import LaunchOptions, launch
from reprocheck.capture.observations import observations
from reprocheck.capture.probes.gpu import gpu_stack
from reprocheck.capture.supervisor.quick import why_interpreted
from reprocheck.compare.compiled_blocks import why_not_compiled
from reprocheck.model.record import RunState
from reprocheck.model.run_report import Check
from reprocheck.store.errors import NewerStoreError, StoreError
from reprocheck.store.locks import acquire
from reprocheck.store.store import Store

_PATIENCE = 10.0
_GIB = 1 << 30
_LITTLE = 1 * _GIB
"""Bytes of free space below which there is a warning."""


def doctor(asked: Path | None, start: Path, environment: Mapping[str, str]) -> list[Check]:
    """One check after the other; each answers, whatever is missing."""
    return [
        Check("reprocheck", "good", f"on Python {sys.version.split()[0]}, {sys.executable}"),
        *_capture(environment),
        _program("git", environment, "Code is then known by the content of the files used, without a commit"),
        _program("uv", environment, "`run --lock` needs it to lock packages with hashes", beside=True),
        _module(
            "nbclient", "`run NOTEBOOK.ipynb` needs it in the notebook's interpreter: pip install nbclient ipykernel"
        ),
        _numba(),
        _gpu(environment),
        *_store(asked, start),
    ]


def _capture(environment: Mapping[str, str]) -> Iterator[Check]:
    """Run a small program under capture and see what came of it."""
    with tempfile.TemporaryDirectory(prefix="reprocheck-doctor-") as folder:
        root = Path(folder).resolve()
        journal = root / "journal"
        journal.mkdir()
        program = root / "program.py"
        program.write_text("import random\nrandom.seed(1)\nopen('out.txt', 'w').write('x')\n", "utf-8")
        execution = launch(
            [sys.executable, str(program)],
            cwd=root,
            environment=agent_environment(environment, journal=journal, options=AgentOptions(root=root)),
            journal=journal,
            objects=None,
            options=LaunchOptions(root=root),
        )
        uses = file_uses(journal, root=root)
        seen = observations(journal, started=execution.started)
    reasons = "; ".join(gap.reason for gap in (*execution.gaps, *uses.gaps))
    if execution.supervised and any(use.path == "out.txt" for use in uses.uses):
        reason = why_interpreted()
        how = f"interpreted: {reason}" if reason else "compiled"
        if posting is None and not reason:
            how += "; Python's reads ask too, as the agent's compiled part was not built, which needs Python's headers"
        yield Check("files", "good", f"every file access is seen (seccomp user notification, {how})")
    else:
        advice = "Files are known as far as the agent sees them: native readers and other programs are missed"
        yield Check("files", "limited", reasons or "the supervisor saw nothing", advice)
    if any(call.name == "random.seed" for call in seen.seeders):
        yield Check("agent", "good", f"seeds and settings are seen in {len(seen.processes)} of 1 Python processes")
    else:
        advice = "Look whether PYTHONPATH is cleared by a wrapper of Python, and whether Python runs with -I, -E or -S"
        yield Check("agent", "missing", "the agent did not start in the interpreter", advice)


def _program(name: str, environment: Mapping[str, str], without: str, *, beside: bool = False) -> Check:
    own = Path(sys.executable).with_name(name)
    found = str(own) if beside and os.access(own, os.X_OK) else shutil.which(name, path=environment.get("PATH"))
    if found is None:
        return Check(name, "missing", "not found", without)
    try:
        done = subprocess.run([found, "--version"], capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 — the user's own program
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name, "limited", f"{found} does not answer: {error}", without)
    return Check(name, "good", done.stdout.decode("utf-8", "replace").strip() or found)


def _module(name: str, without: str) -> Check:
    if find_spec(name) is None:
        return Check(name, "missing", "not installed beside reprocheck", without)
    return Check(name, "good", "installed")


def _numba() -> Check:
    without = "Comparing large tensors that differ takes longer: pip install 'reprocheck[fast]'"
    if find_spec("numba") is None:
        return Check("numba", "missing", "not installed beside reprocheck", without)
    if why := why_not_compiled():
        return Check("numba", "limited", why, without)
    return Check("numba", "good", "compares large tensors that differ")


def _gpu(environment: Mapping[str, str]) -> Check:
    stack, gaps = gpu_stack((), environment)
    if gaps:
        return Check("GPU", "limited", gaps[0].reason, "Device and driver are not in records")
    if stack is None:
        return Check("GPU", "good", "none here")
    return Check("GPU", "good", f"{', '.join(gpu.name for gpu in stack.gpus)}, driver {stack.driver}")


def _store(asked: Path | None, start: Path) -> Iterator[Check]:
    folder = store_folder(asked, start).absolute()
    if not folder.exists():
        parent = next(p for p in folder.parents if p.exists())
        if os.access(parent, os.W_OK):
            yield Check("store", "good", f"none yet; {folder} is made by the first run")
        else:
            advice = "Give a folder with --store or REPROCHECK_STORE; until then records are kept in your home folder"
            yield Check("store", "limited", f"{parent} can't be written", advice)
        return
    try:
        store = Store(folder)
        summaries = store.summaries()
    except NewerStoreError as error:
        yield Check("store", "missing", str(error), "Runs are kept elsewhere until then")
        return
    except StoreError as error:
        yield Check("store", "missing", str(error), "Move the folder away: the next run makes a new one")
        return
    yield Check("store", "good", f"{folder} with {len(summaries)} runs")
    yield from _locks(store)
    if not os.access(folder, os.W_OK):
        yield Check("store", "limited", f"{folder} can't be written", "New runs are kept in your home folder")
    free = shutil.disk_usage(folder).free
    if free < _LITTLE:
        yield Check(
            "disk", "limited", f"{free / _GIB:.1f} GiB are free", "`reprocheck gc` removes what no run stands on"
        )
    abandoned = sum(summary.state is RunState.ABANDONED for summary in summaries)
    if abandoned:
        advice = "`reprocheck show RUN` tells what was seen until then; `gc --abandoned` removes them"
        yield Check("runs", "limited", f"{abandoned} were abandoned: their launcher was killed", advice)


def _locks(store: Store) -> Iterator[Check]:
    try:
        lock = acquire(store.folder / "lock", shared=True)
    except OSError:
        return
    if lock is not None:
        with lock:
            if not lock.effective:
                advice = "Don't run `gc` while a run is being captured"
                yield Check("locks", "limited", "the file system of the store knows no locks", advice)
