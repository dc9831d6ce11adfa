"""The journal of one process: one line per event, one system call per line."""

from __future__ import annotations

import os
import time

from .encode import encode

_HIGH = 500
"""Descriptors from here on, so that the numbers that the user's program gets are those that it would have got."""


def start_ticks() -> int:
    """When this process started, in clock ticks since boot; 0 where `/proc` doesn't say."""
    try:
        descriptor = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return int(os.read(descriptor, 1024).rpartition(b")")[2].split()[19])
        finally:
            os.close(descriptor)
    except (OSError, ValueError, IndexError):
        return 0


class Journal:
    """Appends events to `PREFIX-PID-STARTTICKS.jsonl`; what goes wrong is counted and never raised."""

    def __init__(self, folder: str, prefix: str = "agent") -> None:
        self._folder = folder
        self._prefix = prefix
        self._now = time.monotonic_ns
        self._gaps: set[tuple[str, str]] = set()
        self._begin()

    def _begin(self) -> None:
        self.pid = os.getpid()
        self.started = start_ticks()
        self.written = 0
        self._head = f',"pid":{self.pid},"started":{self.started}'
        self._descriptor = -1
        self._file = (0, 0)
        self._lost = 0
        self._torn = False

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self._prefix}-{self.pid}-{self.started}.jsonl"

    def forked(self) -> None:
        """Go on in a file of one's own: called in the child."""
        self._drop()
        self._gaps.clear()
        self._begin()

    def emit(self, event: str, fields: dict[str, object]) -> None:
        """Write one event; a lost one is counted and told with the next that can be written."""
        try:
            if os.getpid() != self.pid:  # forked by something that Python doesn't know of
                self.forked()
            if self._lost:
                self._write("lost", {"events": self._lost})
                self._lost = 0
            self._write(event, fields)
        except Exception:  # the user's program goes on, whatever happens to the journal
            self._lost += 1

    def gap(self, channel: str, reason: str) -> None:
        """Write that something can't be seen in this process, each once."""
        if (channel, reason) not in self._gaps and len(self._gaps) < 200:
            self._gaps.add((channel, reason))
            self.emit("gap", {"channel": channel, "reason": reason})

    def failed(self, where: str, error: BaseException) -> None:
        """Write that the agent itself failed somewhere: a gap, and the user's program goes on."""
        self.gap("agent", "{} failed: {}".format(where, (type(error).__name__ + " " + str(error))[:160]))

    def _write(self, event: str, fields: dict[str, object]) -> None:
        rest = "".join([f',"{key}":{encode(value)}' for key, value in fields.items()])
        line = f'{{"event":"{event}","time":{self._now()}{self._head}{rest}}}\n'.encode("ascii")
        if self._torn:
            line = b"\n" + line
        try:
            status = os.fstat(self._descriptor)
            is_ours = (status.st_dev, status.st_ino) == self._file
        except OSError:
            is_ours = False
        if not is_ours:  # the program may have closed it, and opened something of its own under the number
            self._open()
        done = os.write(self._descriptor, line)
        self._torn = done != len(line)
        self.written += done

    def _open(self) -> None:
        self._descriptor = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        low = os.open(os.path.join(self._folder, self.name), flags, 0o600)
        self._descriptor = low
        try:
            import fcntl

            self._descriptor = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH)
            os.close(low)
        except (ImportError, OSError):  # a low limit of descriptors: the low number has to do
            pass
        status = os.fstat(self._descriptor)
        self._file = (status.st_dev, status.st_ino)

    def _drop(self) -> None:
        try:
            status = os.fstat(self._descriptor)
            if (status.st_dev, status.st_ino) == self._file:
                os.close(self._descriptor)
        except OSError:
            pass
