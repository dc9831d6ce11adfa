"""The files of the data that the run has touched so far, and what is written down of them."""

from __future__ import annotations

import errno

from reprocheck.capture.supervisor.contents import Known
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.tasks import Process

_MANY = 4
"""Processes noted for one file."""


class Ledger:
    """What is known by path; events go to the journal once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.files: dict[str, Known] = {}
        self._said: set[str] = set()

    def known(self, path: str) -> Known:
        """The file of this name."""
        known = self.files.get(path)
        if known is None:
            known = self.files[path] = Known()
        return known

    def note(self, process: Process, path: str, how: str, more: str, known: Known, time: int = 0) -> None:
        """Write an open down once per process and manner, for the first few processes."""
        if (process.number, how) in known.seen:
            return
        if len(known.seen) < _MANY:
            known.seen += ((process.number, how),)
        elif how == "r":
            return
        self._journal.later("open", process, f'"path":{quoted(path)},"how":"{how}"{more}', time)

    @staticmethod
    def is_full(known: Known) -> bool:
        """Whether no further process that reads the file is written down."""
        return len(known.seen) >= _MANY

    def shared_memory(self, process: Process, path: str, time: int = 0) -> None:
        """Write down that a segment of shared memory is used, once, whoever does what with it."""
        if path not in self._said:
            self._said.add(path)
            self._journal.later("open", process, f'"path":{quoted(path)},"how":"w","kind":"device"', time)

    def failed(self, process: Process, path: str, error: int, time: int = 0) -> None:
        """Write down that a file can't be opened, once per file and error."""
        key = f"{error} {path}"
        if key not in self._said:
            self._said.add(key)
            name = errno.errorcode.get(error, str(error))
            self._journal.later("failed", process, f'"path":{quoted(path)},"error":"{name}"', time)

    def gap(self, process: Process | None, reason: str, consequence: str, *, unseen: bool = True) -> None:
        """Write down what can't be known, once."""
        if reason not in self._said:
            self._said.add(reason)
            self._journal.gap(process, reason, consequence, unseen=unseen)
