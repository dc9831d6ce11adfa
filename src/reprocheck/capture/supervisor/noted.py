"""Calls of which nothing is left to say, by how they name what they open."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH116

from __future__ import annotations

import os

from reprocheck.capture.supervisor.quick import FILE, FOLDER, FOLDER_OF_DATA, NOTED, Quick
from reprocheck.capture.supervisor.tasks import Process

_REMEMBERED = 50_000

Key = tuple[str, bytes]
"""The working folder of who opens, for a relative path, and the path as the call gives it."""
_File = tuple[str, int, list[Process] | None]
"""Absolute name, inode, for which processes; None where it is for all that may come."""


class Noted:
    """What is noted already; the compiled part is told the same."""

    def __init__(self, quick: Quick | None, hidden: tuple[str, ...]) -> None:
        self._quick = quick
        self._hidden = hidden
        self._plain: set[str] = set()
        """Folders of the data that no link leads to."""
        self.names: set[bytes] = set()
        """Files of the environment."""
        self._folders: dict[bytes, str] = {}
        """True paths of folders of the environment, by how calls name them; both with the slash behind."""
        self._files: dict[Key, _File] = {}
        """Files of the data."""
        self._keys: dict[str, list[Key]] = {}
        """How calls name them, by true path."""

    def learn_name(self, raw: bytes) -> None:
        """A file of the environment is noted, whoever opens it."""
        self.names.add(raw)
        if self._quick is not None:
            self._quick.learn(NOTED + raw)

    def folder(self, raw: bytes) -> str | None:
        """The true path of a folder of the environment."""
        return self._folders.get(raw)

    def learn_folder(self, raw: bytes, true: str) -> None:
        """Whatever is read in a folder is of the environment."""
        self._folders[raw] = true
        if self._quick is not None:
            self._quick.learn(FOLDER + raw)

    def has(self, key: Key, process: Process) -> bool:
        """Whether nothing is left to say when this process opens a file of the data."""
        noted = self._files.get(key)
        if noted is None:
            return False
        name, inode, processes = noted
        return (processes is None or process in processes) and _inode(name) == inode

    def learn_file(self, process: Process, path: str, key: Key, inode: int, *, everybody: bool) -> None:
        """A file of the data is noted for one process more, or for all that may come."""
        noted = self._files.get(key)
        if noted is None or noted[1] != inode:
            if len(self._files) >= _REMEMBERED:
                self._forget_files()
            cwd, raw = key
            name = os.fsdecode(raw)
            noted = f"{cwd}/{name}" if cwd else name, inode, []
            self._keys.setdefault(path, []).append(key)
        name, _, processes = noted
        if everybody:
            processes = None
        elif processes is not None and process not in processes:
            processes.append(process)
        self._files[key] = name, inode, processes
        if self._quick is not None:
            numbers = None if processes is None else [one.index for one in processes]
            self._quick.learn_file(_compiled(key), inode, numbers)
            if name == path:
                self._learn_plain(self._quick, path[: path.rfind("/") + 1])

    def _learn_plain(self, quick: Quick, folder: str) -> None:
        """A name in the folder is that file's true path; what it is to the run is found out when it is settled."""
        if folder not in self._plain and not any(
            folder.startswith(place) or place.rpartition("/")[0] + "/" == folder for place in self._hidden
        ):
            self._plain.add(folder)
            quick.learn(FOLDER_OF_DATA + os.fsencode(folder))

    def forget(self) -> None:
        """Any name may mean another file or folder from now on."""
        self._forget_files()
        self._folders.clear()
        self._plain.clear()
        if self._quick is not None:
            self._quick.forget_all(FOLDER)
            self._quick.forget_all(FOLDER_OF_DATA)

    def _forget_files(self) -> None:
        self._files.clear()
        self._keys.clear()
        if self._quick is not None:
            self._quick.forget_all(FILE)

    def forget_file(self, path: str) -> None:
        """The file goes, and another may come to its name, even with its inode."""
        raw = os.fsencode(path)
        keys = self._keys.pop(path, ())
        self.names.discard(raw)
        for key in keys:
            self._files.pop(key, None)
        if self._quick is not None:
            self._quick.forget(NOTED + raw)
            for key in keys:
                self._quick.forget(_compiled(key))


def _compiled(key: Key) -> bytes:
    cwd, raw = key
    return FILE + os.fsencode(cwd) + b"\0" + raw


def _inode(path: str) -> int:
    """Of the file that the name leads to."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return -1
