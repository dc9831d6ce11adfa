"""The working process: `python -m reprocheck.tui.jobs.child`, which is told on standard input what to do.

Standard input stays open as long as the interface lives; when it ends, so does the work. What the work prints goes
nowhere: standard output carries frames only.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from reprocheck.app.replay_run import replay_run
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.app.watch import snapshot
from reprocheck.triage.ledger_file import FILE
from reprocheck.tui.jobs.frames import LENGTH, Findings, Progress, Refused, Repaired, Replayed, Scanned, send
from reprocheck.tui.jobs.requests import Job, RepairJob, ReplayJob, ScanJob, spot_of

_BATCH = 1000
"""Findings in a frame."""
_EVERY = 0.1
"""Seconds between two words about progress."""
_LOOK = 0.7
"""Seconds between two looks at watched files."""


def main() -> None:
    """Do the one thing that was asked for."""
    source = sys.stdin.buffer
    job: Job = pickle.loads(source.read(int.from_bytes(source.read(LENGTH), "big")))  # noqa: S301 — from our own parent
    with os.fdopen(os.dup(1), "wb") as out:
        # Programs that are replayed may print; a frame must not be torn by it.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        with suppress(BrokenPipeError, KeyboardInterrupt):
            _carry_out(job, out)


def _carry_out(job: Job, out: BinaryIO) -> None:
    try:
        match job:
            case ScanJob():
                _scan(job, out)
            case ReplayJob():
                replay = replay_run(job.request, lambda text: send(out, Progress(text)))
                send(out, Replayed(replay))
            case RepairJob():
                send(out, _repair(job, out))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 — whatever went wrong is said to a person, who is elsewhere
        name = "" if type(error).__module__.startswith("reprocheck") else f"{type(error).__name__}: "
        send(out, Refused(f"{name}{error}"))


def _scan(job: ScanJob, out: BinaryIO) -> None:
    while True:
        seen = _files(job.request) if job.watch else {}
        scanned = scan_project(job.request, _paced(out))
        found = scanned.result.findings
        for first in range(0, len(found), _BATCH):
            send(out, Findings(found[first : first + _BATCH]))
        result = scanned.result
        send(out, Scanned(result.rules, scanned.files, scanned.messages, result.incomplete, scanned.scope.whole))
        if not job.watch:
            return
        while _files(job.request) == seen:
            time.sleep(_LOOK)


def _files(request: ScanRequest) -> dict[str, tuple[int, int]]:
    """Without the ledger: the interface follows that itself, and writes to it at every decision."""
    return {path: state for path, state in snapshot(request).items() if path != FILE}


def _repair(job: RepairJob, out: BinaryIO) -> Repaired:
    from reprocheck.app.fix_project import fix_project, write

    fixed = fix_project(job.request, _paced(out), unsafe=True, wanted=lambda finding: spot_of(finding) in job.spots)
    write(fixed)
    return Repaired(
        len(fixed.fixed),
        {path: fixed.before[path] for path in fixed.after},
        dict(fixed.after),
        tuple(f"{left.finding.code}: {left.reason}" for left in fixed.left),
    )


def _paced(out: BinaryIO) -> Callable[[int, int], None]:
    last = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            send(out, Progress("scanning", done, total))

    return progress


def _end_with_parent() -> None:
    """Interrupt the work, so that it tidies up, when the interface has gone.

    The descriptor is read, not the stream: at its end the interpreter waits for nobody who holds a stream's lock.
    """
    while os.read(0, 1):
        continue
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main()
