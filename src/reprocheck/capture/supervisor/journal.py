"""Writes events as lines that are whole or not there, some of them together."""

from __future__ import annotations

import os
import threading
from _json import encode_basestring_ascii  # the package around it compiles patterns: a third of our start
from time import monotonic_ns

from reprocheck.capture.supervisor.tasks import Process


def quoted(text: str) -> str:
    """A path as JSON; bytes that are no text are spelled out, as not every reader takes lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return encode_basestring_ascii(text)


_TOGETHER = 64
"""Events that are written down at once."""


class Journal:
    """`files.jsonl`: a line per event, readable at any moment; what the disk doesn't take is counted."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._torn = False
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self.lost = 0
        """Events that could not be written."""

    def later(self, event: str, process: Process | None, fields: str, time: int = 0) -> None:
        """An event that is written with the next one, with enough of its kind, or by `flush`; `time` is its own."""
        pid, started = (process.number, process.started) if process is not None else (0, 0)
        head = f'{{"event":"{event}","time":{time or monotonic_ns()},"pid":{pid},"started":{started}'
        with self._lock:
            self._waiting.append(f"{head},{fields}}}\n")
            full = len(self._waiting) >= _TOGETHER
        if full:
            self._put("")

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._put("")

    def write(self, event: str, process: Process | None, fields: str) -> None:
        """One event; `fields` is JSON from the first name to the last value, or empty."""
        pid, started = (process.number, process.started) if process is not None else (0, 0)
        head = f'{{"event":"{event}","time":{monotonic_ns()},"pid":{pid},"started":{started}'
        self._put(f"{head},{fields}}}\n" if fields else f"{head}}}\n")

    def _put(self, line: str) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            data = "".join([*waiting, line]).encode()
            if self._torn:
                # Half a line stands there: what follows must not be taken for its end.
                data = b"\n" + data
            try:
                written = os.write(self.descriptor, data)
            except OSError:
                self.lost += len(waiting) + bool(line)
                return
            self._torn = written < len(data)
            self.lost += self._torn

    def gap(self, process: Process | None, reason: str, consequence: str, *, unseen: bool = False) -> None:
        """Something that is not known; `unseen` where calls were missed, so that the list of files isn't complete."""
        missed = ',"unseen":true' if unseen else ""
        self.write("gap", process, f'"reason":{quoted(reason)},"consequence":{quoted(consequence)}{missed}')
