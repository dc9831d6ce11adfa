"""Turns what a call names into one absolute path, as the calling thread sees it at that moment."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH115

from __future__ import annotations

import os

from reprocheck.capture.supervisor.tasks import Process, Task, Tasks, Unreadable
from reprocheck.capture.supervisor.trail import Trail

_REMEMBERED = 50_000
_OF_ITSELF = ("/proc/", "/dev/")
"""Where names may mean another file in every process."""


class Paths:
    """Names of calls made absolute, symbolic links in their folders followed."""

    def __init__(self, tasks: Tasks, trail: Trail) -> None:
        self._tasks = tasks
        self._trail = trail
        self._folders: dict[str, str] = {}

    def named(self, task: Task, cwd: str, folder: int, raw: bytes) -> str:
        """The path that a call names by a descriptor of a folder and a string of bytes; raises Unreadable.

        Empty for the empty string, which the kernel refuses or takes for the descriptor itself.
        """
        text = os.fsdecode(raw)
        if not text:
            return ""
        path = text if text[0] == "/" else f"{self._tasks.folder_of(task, folder, cwd)}/{text}"
        path = self._straight(path, task.process)
        return self._of_itself(task, path) if path.startswith(_OF_ITSELF) else path

    def posted(self, process: Process, path: str) -> str:
        """The path that a process posted, made absolute; raises Unreadable."""
        path = self._straight(path, process)
        return self._of_itself(self._tasks.look(process.number)[0], path) if path.startswith(_OF_ITSELF) else path

    def _straight(self, path: str, process: Process) -> str:
        if "//" in path or "/." in path or path[-1] == "/":
            return self._plain(path, foreign=process.foreign)
        return path

    def _of_itself(self, task: Task, path: str) -> str:
        """`/proc/self` and what stands for descriptors mean another file in every process."""
        match path.split("/"):
            case ["", "proc", "self" | "thread-self", *rest]:
                path = "/".join(["/proc", str(task.process.number), *rest])
            case ["", "dev", "stdin" | "stdout" | "stderr" as name]:
                return self._tasks.descriptor(task, ("stdin", "stdout", "stderr").index(name))
            case ["", "dev", "fd", number] if number.isdecimal():
                return self._tasks.descriptor(task, int(number))
        match path.split("/"):
            case ["", "proc", _, "fd", number] | ["", "proc", _, "task", _, "fd", number] if number.isdecimal():
                try:
                    return os.readlink(path)
                except OSError as error:
                    raise Unreadable(f"{path}: {error.strerror}") from error
        return path

    def true(self, path: str) -> str:
        """The path with links in its folders followed, but not the last name itself."""
        folder, _, name = path.rpartition("/")
        found = self._folders.get(folder)
        if found is None:
            if len(self._folders) >= _REMEMBERED:
                self._folders.clear()
            found = self._folders[folder] = os.path.realpath(folder or "/").rstrip("/")
            if found != folder:
                self._trail.follow(folder)
        return f"{found}/{name}"

    def end_of(self, path: str) -> str:
        """Where a link leads in the end."""
        self._trail.follow(path)
        return os.path.realpath(path)

    def forget(self) -> None:
        """Links or folders may have changed."""
        self._folders.clear()
        self._trail.forget()

    def _plain(self, path: str, *, foreign: bool) -> str:
        """Without `.`, `..` and empty parts; what stands before a `..` may be a link, so the file system is asked."""
        plain = os.path.normpath(path).replace("//", "/")
        if foreign or ("/../" not in path and not path.endswith("/..")):
            return plain
        found = os.path.realpath(path)
        if found != plain:
            self._trail.follow(path)
        return found
