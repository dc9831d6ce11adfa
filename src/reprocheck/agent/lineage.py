"""Which process of a run this is, in words that fit the same process of another run: numbers of processes don't."""

from __future__ import annotations

import os

from .journal import Journal
from .process import command_line
from .states import digest

_ANCESTORS = 40


class Lineage:
    """The way from the first process to this one, such as `/train.py.0/fork.2`."""

    def __init__(self, journal: Journal, folder: str) -> None:
        self._folder = folder
        self._forks = 0
        words = [os.path.basename(word) for word in command_line()[1:]]
        base = f"{_parent(folder)}/{' '.join(words) or 'python'}"
        self.name = self._claim(base)
        journal.emit("lineage", {"lineage": self.name})

    def before_fork(self) -> None:
        """Count a child; called in the parent."""
        self._forks += 1

    def in_child(self) -> None:
        """Become the child that was counted."""
        self.name = f"{self.name}/fork.{self._forks}"
        self._forks = 0

    def _claim(self, base: str) -> str:
        """The first free number behind a name: several children may be started by the same words."""
        for number in range(100000):
            name = f"{base}.{number}"
            path = os.path.join(self._folder, f"claim-{digest(os.fsencode(name))}")
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                continue
            return name
        return base


def _parent(folder: str) -> str:
    """The lineage of the nearest process above that has a journal; empty for the first of a run."""
    pid = os.getppid()
    for _ in range(_ANCESTORS):
        if pid <= 1:
            return ""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return ""
        found = _last_lineage(os.path.join(folder, f"entropy-{pid}-{int(fields[19])}.jsonl"))
        if found:
            return found
        pid = int(fields[1])
    return ""


def _last_lineage(path: str) -> str:
    """The last one that a journal names: a process may have become another program."""
    import json

    found = ""
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(b'{"event":"lineage"') and line.endswith(b"\n"):
                    found = str(json.loads(line)["lineage"])
    except OSError:
        pass
    return found
