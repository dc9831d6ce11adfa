"""Writes events as lines that are whole or not there, one write each."""

from __future__ import annotations

import os
import threading
import time
from json.encoder import encode_basestring_ascii

from reprocheck.capture.supervisor.tasks import Process


def quoted(text: str) -> str:
    """A path as JSON; bytes that are no text are spelled out, as not every reader takes lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return encode_basestring_ascii(text)


_TOGETHER = 64
"""Files of the environment that are written down at once: all that is lost when we are killed."""


class Journal:
    """`files.jsonl`: a line per event, readable at any moment; what the disk doesn't take is counted."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._torn = False
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self.lost = 0
        """Events that could not be written."""

    def later(self, event: str, process: Process, fields: str) -> None:
        """An event that may wait for the next one, or for some of its kind; the main thread's alone."""
        head = f'{{"event":"{event}","time":{time.monotonic_ns()},"pid":{process.number}'
        line = f'{head},"started":{process.started},{fields}}}\n'
        with self._lock:
            self._waiting.append(line)
            full = len(self._waiting) >= _TOGETHER
        if full:
            self._put("")

    def write(self, event: str, process: Process | None, fields: str) -> None:
        """One event; `fields` is JSON from the first name to the last value, or empty."""
        pid, started = (process.number, process.started) if process is not None else (0, 0)
        head = f'{{"event":"{event}","time":{time.monotonic_ns()},"pid":{pid},"started":{started}'
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
                self.lost += len(waiting) + 1
                return
            self._torn = written < len(data)
            self.lost += self._torn

    def gap(self, process: Process | None, reason: str, consequence: str, *, unseen: bool = False) -> None:
        """Something that is not known; `unseen` where calls were missed, so that the list of files isn't complete."""
        missed = ',"unseen":true' if unseen else ""
        self.write("gap", process, f'"reason":{quoted(reason)},"consequence":{quoted(consequence)}{missed}')
