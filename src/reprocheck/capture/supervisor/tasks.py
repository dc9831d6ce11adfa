"""The threads and processes under watch: who they are, where they stand, what their memory says."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH116

from __future__ import annotations

import os
from time import monotonic_ns

from reprocheck.capture.supervisor.calls import AT_FDCWD, Machine
from reprocheck.capture.supervisor.kernel import read_memory
from reprocheck.capture.supervisor.quick import Quick

_KEPT = 256
"""Threads whose descriptors are kept open; the oldest goes first."""
MOMENT = 100_000_000
"""Nanoseconds in which the numbers of threads can't have gone all the way round."""
SHORT = 256
"""Bytes that nearly all paths fit into."""
_LONG = 4096
"""Longest path that the kernel takes, with its NUL."""


class Unreadable(Exception):
    """What a process has in its memory or under `/proc` can't be read; says why."""


class Process:
    """One process; its number may come again, its start doesn't."""

    __slots__ = ("foreign", "index", "number", "parent", "started")

    def __init__(self, index: int, number: int, started: int, parent: int, *, foreign: bool) -> None:
        self.index = index
        """Ours, never given again."""
        self.number = number
        self.started = started
        """Ticks since boot, field 22 of `/proc/PID/stat`."""
        self.parent = parent
        self.foreign = foreign
        """True when it sees other files under the same names: another root or other mounts."""


class Task:
    """One thread, with its folder under `/proc` held open: a name there that is taken again is another file."""

    __slots__ = ("folder", "memory", "number", "process", "seen")

    def __init__(self, number: int, folder: int, process: Process) -> None:
        self.number = number
        self.folder = folder
        self.process = process
        self.memory = -1
        self.seen = 0
        """When it was last sure that the number is still this thread's, on the monotonic clock."""

    def close(self) -> None:
        """Let go of what is held open."""
        os.close(self.folder)
        if self.memory >= 0:
            os.close(self.memory)


class Tasks:
    """All threads seen, by number."""

    def __init__(self, machine: Machine, quick: Quick | None) -> None:
        self._machine = machine
        self.quick = quick
        """The compiled part, where it is there."""
        self.known: dict[int, Task] = {}
        """Those whose folders are held open."""
        self.processes: dict[int, Process] = {}
        self.numbered: dict[int, Process] = {}
        """Every process ever seen, by index."""
        self.suspicious = False
        """True once a process changed its root or its mounts: every process is then looked at again."""
        self._mounts = os.stat("/proc/self/ns/mnt").st_ino

    def look(self, number: int) -> tuple[Task, str]:
        """The thread and its working folder; raises Unreadable when it is gone or can't be looked at."""
        task = self.known.get(number)
        if task is not None:
            try:
                cwd = os.readlink("cwd", dir_fd=task.folder)
            except PermissionError:
                return task, ""
            except OSError:
                # Gone; the number may belong to another thread by now.
                self._forget(task)
            else:
                task.seen = monotonic_ns()
                return task, cwd
        try:
            task = self._meet(number)
            try:
                return task, os.readlink("cwd", dir_fd=task.folder)
            except PermissionError:
                return task, ""
        except OSError as error:
            raise Unreadable(f"thread {number}: {error.strerror}") from error

    def _meet(self, number: int) -> Task:
        folder = os.open(f"/proc/{number}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            leader = _leader(folder)
            started, parent = _birth(leader)
            process = self.processes.get(leader)
            if process is None or process.started != started or self.suspicious:
                index = len(self.numbered) + 1
                process = Process(index, leader, started, parent, foreign=self._is_foreign(folder))
                self.processes[leader] = self.numbered[index] = process
        except BaseException:
            os.close(folder)
            raise
        if len(self.known) >= _KEPT:
            self._forget(next(iter(self.known.values())))
        task = self.known[number] = Task(number, folder, process)
        return task

    def _is_foreign(self, folder: int) -> bool:
        try:
            return os.stat("ns/mnt", dir_fd=folder).st_ino != self._mounts or os.readlink("root", dir_fd=folder) != "/"
        except PermissionError:
            return False

    def _forget(self, task: Task) -> None:
        del self.known[task.number]
        if self.quick is not None:
            self.quick.part(task.number)
        task.close()

    def introduce(self, number: int) -> None:
        """Tell the compiled part of a thread whose memory was read; of one that sees other files it knows nothing."""
        task = self.known.get(number)
        if self.quick is not None and task is not None and task.memory >= 0 and not task.process.foreign:
            self.quick.meet(number, task.memory, task.folder, task.process.index, task.seen)

    def renewed(self, process: Process) -> None:
        """The process is about to have another memory: what is held of it belongs to the old one."""
        for task in [task for task in self.known.values() if task.process.number == process.number]:
            self._forget(task)

    def distrust(self) -> None:
        """Some process changes its root or its mounts."""
        self.suspicious = True
        for task in list(self.known.values()):
            self._forget(task)

    def read(self, task: Task, address: int, size: int) -> bytes:
        """Bytes of the thread's memory, fewer where no more are mapped; raises Unreadable.

        By `/proc/PID/mem`, held open, and where that is refused by process_vm_readv(2): Docker's default profile
        refuses the second, and a held descriptor costs half as much.
        """
        for _ in range(2):
            if task.memory < 0:
                try:
                    task.memory = os.open("mem", os.O_RDONLY | os.O_CLOEXEC, dir_fd=task.folder)
                except OSError:
                    break
            try:
                data = os.pread(task.memory, size, address)
            except OSError:
                data = b""
            if data:
                return data
            # A memory that has gone reads as empty: the process executed another program since.
            if self.quick is not None:
                self.quick.part(task.number)
            os.close(task.memory)
            task.memory = -1
        try:
            return read_memory(self._machine, task.number, address, size)
        except OSError as error:
            raise Unreadable(
                f"the memory of process {task.process.number} cannot be read ({error.strerror})"
            ) from error

    def text(self, task: Task, address: int) -> str:
        """The string at an address; raises Unreadable, never returns half of one."""
        return os.fsdecode(self.name(task, address))

    def name(self, task: Task, address: int) -> bytes:
        """Its bytes."""
        data = self.read(task, address, SHORT)
        end = data.find(0)
        if end < 0:
            while end < 0 and len(data) < _LONG:
                more = self.read(task, address + len(data), min(SHORT * 4, _LONG - len(data)))
                end = (data := data + more).find(0)
            if end < 0:
                raise Unreadable(f"process {task.process.number} passed a path without an end")
        return data[:end]

    def folder_of(self, task: Task, descriptor: int, cwd: str) -> str:
        """Where a relative path starts; raises Unreadable."""
        number = descriptor & 0xFFFFFFFF
        if number >= 1 << 31:
            number -= 1 << 32
        if number == AT_FDCWD:
            if not cwd:
                raise Unreadable(f"the working folder of process {task.process.number} cannot be read")
            return cwd
        return self.descriptor(task, number)

    def descriptor(self, task: Task, number: int) -> str:
        """What a descriptor of the thread stands for; raises Unreadable."""
        try:
            return os.readlink(f"fd/{number}", dir_fd=task.folder)
        except OSError as error:
            raise Unreadable(
                f"descriptor {number} of process {task.process.number} cannot be read ({error.strerror})"
            ) from error

    def alive(self) -> int:
        """How many of the processes seen still run."""
        return sum(_runs(process) for process in self.processes.values())


def _leader(folder: int) -> int:
    descriptor = os.open("status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        text = os.read(descriptor, 1024)
    finally:
        os.close(descriptor)
    at = text.index(b"\nTgid:")
    return int(text[at + 6 : text.index(b"\n", at + 6)])


def _stat(number: int) -> list[bytes]:
    """The fields of `/proc/PID/stat` from the third on: the second may hold anything."""
    descriptor = os.open(f"/proc/{number}/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, 2048)
    finally:
        os.close(descriptor)
    return text[text.rindex(b")") + 2 :].split()


def _birth(number: int) -> tuple[int, int]:
    fields = _stat(number)
    return int(fields[19]), int(fields[1])


def _runs(process: Process) -> bool:
    try:
        fields = _stat(process.number)
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == process.started
