"""What is submitted through an io_uring: calls that no filter sees.

Every submission without a kernel thread goes through io_uring_enter(2), and what it submits lies in an array of entries
that the process has mapped. While the call is held the array is read: entries that only wait, move bytes of descriptors
or serve an event loop (as those of libuv, on which torch's TCPStore runs, do) leave nothing unseen.

Source: Linux `include/uapi/linux/io_uring.h`.
"""

# ruff: noqa: PTH123 -- pathlib would double the supervisor's start.

from __future__ import annotations

from reprocheck.capture.supervisor.tasks import Task, Tasks, Unreadable

_FLAGS_AT, _FLAGS_END = 8, 12
"""Where `flags` stands in `struct io_uring_params`."""
_UNREADABLE_SETUP = {
    1 << 1: "submits from a thread of the kernel",
    1 << 10: "has entries of 128 bytes",
    1 << 14: "lies in memory of the program's own",
}
"""Flags of io_uring_setup(2) under which entries can't be read here."""
_ENTRY = 64
"""Bytes of an entry; the first one is the operation."""
_ENTRIES_OFFSET = "10000000"
"""`IORING_OFF_SQES`, as `/proc/PID/maps` spells it."""
_LARGEST = 1 << 22
"""Bytes of an array: the kernel allows 32,768 entries."""
_OPENING = {
    16: "connect",
    18: "openat",
    28: "openat2",
    35: "renameat",
    36: "unlinkat",
    38: "symlinkat",
    39: "linkat",
    46: "uring_cmd",
}
"""Operations that reach a file by its name, or something outside, and that nobody else reports."""
_LAST_KNOWN = 60
"""Number of the last operation whose meaning is known here."""


class Rings:
    """The rings of all processes under watch."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._arrays: dict[tuple[int, int], list[tuple[int, int]]] = {}
        """Address and size of each array of entries, by process."""

    def set_up(self, task: Task, parameters: int) -> str:
        """Why the entries of a ring that is about to be made can't be read; empty when they can. Raises Unreadable."""
        self._arrays.pop((task.process.number, task.process.started), None)
        data = self._tasks.read(task, parameters, _FLAGS_END)
        flags = int.from_bytes(data[_FLAGS_AT:_FLAGS_END], "little")
        return next((reason for flag, reason in _UNREADABLE_SETUP.items() if flags & flag), "")

    def submits(self, task: Task) -> str:
        """What a process does through its rings that stays unseen; empty for nothing. Raises Unreadable."""
        key = (task.process.number, task.process.started)
        for fresh in (False, True):
            arrays = None if fresh else self._arrays.get(key)
            if arrays is None:
                arrays = self._arrays[key] = _arrays_of(task.process.number)
            operations = [self._tasks.read(task, address, size)[::_ENTRY] for address, size in arrays]
            if arrays and all(operations):
                break
        else:
            return "submits entries that it has not mapped"
        for operation in {number for entries in operations for number in entries}:
            if operation in _OPENING or operation > _LAST_KNOWN:
                return f"does {_OPENING.get(operation, f'operation {operation}')} through it"
        return ""


def _arrays_of(process: int) -> list[tuple[int, int]]:
    try:
        with open(f"/proc/{process}/maps", "rb") as file:
            lines = [line.decode("ascii", "replace").split() for line in file if b"[io_uring]" in line]
    except OSError as error:
        raise Unreadable(f"the mappings of process {process} cannot be read ({error.strerror})") from error
    arrays = []
    for span, _, offset, *_ in lines:
        if offset == _ENTRIES_OFFSET:
            first, _, end = span.partition("-")
            address = int(first, 16)
            arrays.append((address, min(int(end, 16) - address, _LARGEST)))
    return arrays
