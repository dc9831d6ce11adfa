"""Makes a record from a journal whose launcher was killed."""

from __future__ import annotations

from pathlib import Path

from reprocheck.capture.files import events, file_uses
from reprocheck.capture.folding import fold
from reprocheck.capture.keeping import without_credentials
from reprocheck.capture.observations import observations
from reprocheck.capture.observing import Keeping
from reprocheck.capture.output import COPY, with_standard_output
from reprocheck.capture.record import Parts, compose
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Execution, Gap, Record, Start, Status

_STARTED_FIELD = 19
"""Of `/proc/PID/stat` behind the name in parentheses: field 22 of the whole line."""


def is_alive(journal: Path) -> bool:
    """Whether a process of the run goes on although its launcher is gone."""
    processes = {
        (event.pid, event.started) for event in events(journal / "files.jsonl") if event and event.event == "execute"
    }
    for file in journal.glob("agent-*-*.jsonl"):
        _, pid, started = file.stem.split("-", 2)
        if pid.isdecimal() and started.isdecimal():
            processes.add((int(pid), int(started)))
    return any(pid and _started(pid) == started for pid, started in processes)


def recover(start: Start, journal: Path, secrets: Secrets, keeping: Keeping) -> Record:
    """What is known of the run: files and observations until its end or until nobody watched any more."""
    root = Path(start.command.root)
    files = with_standard_output(file_uses(journal, root=root), journal / COPY, keeping.sink, secrets)
    files = without_credentials(files, keeping.sink, keeping.read, secrets)
    seen = observations(journal, started=start.monotonic)
    reason = "the launcher was killed before it could write the record"
    gaps = (
        Gap("execution", reason, "How the command ended is not known"),
        Gap("environment", reason, "Packages and machine are not recorded"),
        Gap("code", reason, "The commit and the files that git doesn't have are not kept"),
    )
    parts = Parts(
        execution=Execution(status=Status.ABANDONED, started=start.monotonic),
        ended=start.started,
        files=fold(files, keeping.sink),
        observations=seen,
        gaps=gaps,
    )
    return compose(start, parts, secrets)


def _started(pid: int) -> int:
    """Clock ticks since boot at which a process started; -1 when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return int(text.rpartition(")")[2].split()[_STARTED_FIELD])
    except (OSError, ValueError, IndexError):
        return -1
