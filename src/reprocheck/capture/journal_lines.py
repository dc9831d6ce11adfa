"""Reads the agent's journal files, however they ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reprocheck.model.gap import Gap

Event = dict[str, object]
"""One line of a journal: `event`, `time`, `pid`, `started`, and what the kind of event brings."""
_MAX_LINE = 4_000_000


class JournalFile(msgspec.Struct, frozen=True):
    """The events of one process."""

    name: str
    events: tuple[Event, ...]
    """In the order in which they were written."""
    torn: int
    """Lines that could not be read: a process or a machine died while it wrote, or a disk was full."""


def journal_files(journal: Path, prefix: str = "agent") -> tuple[JournalFile, ...]:
    """All files `PREFIX-*.jsonl` of a journal, sorted by the time of their first event; empty where there is none."""
    files = [read_lines(path) for path in sorted(journal.glob(f"{prefix}-*.jsonl"))]
    return tuple(sorted(files, key=lambda file: (_time(file), file.name)))


def read_lines(path: Path, only: bytes = b"") -> JournalFile:
    """One file, or its lines with certain bytes; what can't be read at all counts as one torn line."""
    events: list[Event] = []
    torn = 0
    try:
        for event in _lines(path, only):
            if event is None:
                torn += 1
            else:
                events.append(event)
    except OSError:
        torn += 1
    return JournalFile(path.name, tuple(events), torn)


def _lines(path: Path, only: bytes) -> Iterator[Event | None]:
    """Each line's event, None for one that is none; the program under test could write here, so nothing is trusted."""
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE):
            if only not in line or not line.strip():
                continue
            try:
                value = _decoded(line)
            except (ValueError, RecursionError):
                yield None
                continue
            is_event = isinstance(value, dict) and isinstance(value.get("event"), str)
            yield value if is_event and line.endswith(b"\n") else None


def _decoded(line: bytes) -> Any:  # noqa: ANN401 — whatever stands there
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(line)  # msgspec refuses the lone surrogates of odd file names


def _time(file: JournalFile) -> int:
    return next((time for event in file.events if isinstance(time := event.get("time"), int)), 0)


def first_start(journal: Path) -> Event | None:
    """How the first Python process of a run began; None where there was none."""
    for file in journal_files(journal):
        for event in file.events:
            if event["event"] == "start":
                return event
    return None


def torn_gap(files: tuple[JournalFile, ...]) -> Gap | None:
    """The gap that unreadable lines leave; None where all could be read."""
    torn = sum(file.torn for file in files)
    if not torn:
        return None
    lines = "1 line" if torn == 1 else f"{torn} lines"
    return Gap("observations", f"{lines} of the agent's journal could not be read", "what stood there is not known")
