"""The compiled part of the supervisor (`quick.c`), where it was built: calls that leave nothing to think about.

Everything works without it, and the journal says the same: what costs is an interpreter that runs between two pieces of
the command's own work.
"""

from __future__ import annotations

import ctypes
import os
import struct
from mmap import mmap

from reprocheck.capture.supervisor.board import Board
from reprocheck.capture.supervisor.calls import Machine
from reprocheck.capture.supervisor.kernel import NOTIFICATION

LIBRARY = "_quick.so"
"""Beside this file; built with the wheel where there is a C compiler."""
_PATH = f"{__file__.rpartition('/')[0]}/{LIBRARY}"
NOTED, FOLDER, FILE, FOLDER_OF_DATA, CONNECTED = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
"""What a name is: noted already, a folder of the environment, a file of the data, a folder of the data that no link
leads to; folders with the slash behind; and of an address, to whom a process has connected."""
TO_HANDLE, TO_SETTLE, OTHER, NOBODY = 1, 2, 3, 4
"""Why `run` comes back: a call for the interpreter, time to settle, another descriptor, no process is left."""
IN_FOLDER, SHARED_MEMORY, READ, POSTED = 1, 2, 3, 4
"""What went on: a read in a folder of the environment, the use of a segment of shared memory, a read of the data, one
that was posted and of which nothing is known here."""
_CALLS = ("openat", "open", "unlinkat", "unlink", "connect", "linkat", "link")
_EVENT = struct.Struct("=qIHH13q512s")
_OTHERS = 3
_MOST = 256
"""Times that what is posted is fetched at once: more than there is room for on the board."""
_PROCESSES = 4
"""For how many processes it is remembered that all is said of a file."""

Event = tuple[int, int, int, bytes, list[int]]
"""When, the number given to the process, what went on, the name as the call has it, the file's status.

The name of a file of the data, and one that was posted, comes behind the working folder and a NUL. The process of a
post is numbered by the system. The status of a file of the data is ten fields of `os.stat_result`, then the three times
in nanoseconds.
"""


class Quick:
    """One supervision's; the arguments of `Noted` and `Tasks` say what it may answer."""

    def __init__(self, library: ctypes.CDLL, listener: int, machine: Machine, page: mmap, together: int) -> None:
        self._library = library
        self._together = together
        calls = (ctypes.c_int32 * len(_CALLS))(*(machine.calls.get(name, -1) for name in _CALLS))
        self._page = (ctypes.c_uint64 * 2).from_buffer(page)
        state: int | None = library.quick_new(listener, machine.machine, calls, self._page, together)
        if state is None:
            raise MemoryError
        self._state = ctypes.c_void_p(state)
        self._events = library.quick_events(self._state)
        self._others = (ctypes.c_int * _OTHERS)(*[-1] * _OTHERS)
        self.call = bytearray(NOTIFICATION.size)
        """The call that `run` came back with."""
        self._call = (ctypes.c_char * NOTIFICATION.size).from_buffer(self.call)
        self._board: Board | None = None

    def read(self, board: Board) -> None:
        """Take what is posted there as well."""
        self._board = board
        self._library.quick_read(self._state, board.address)

    def close_board(self) -> None:
        """Ask every process to have its calls notified again: names don't mean the same to all any more."""
        if self._board is not None:
            self._board.close()

    def wait_for(self, *descriptors: int) -> None:
        """Whose readiness `run` comes back for, beside the listener."""
        for index in range(_OTHERS):
            self._others[index] = descriptors[index] if index < len(descriptors) else -1
        self._library.quick_wait_for(self._state, self._others)

    def run(self, patience: int | None, pause: int) -> int:
        """Answer calls until something else is to be done; both in milliseconds. Raises OSError.

        `patience` is how long to go on, `pause` how long to wait for a call while some are to be settled.
        """
        what: int = self._library.quick_run(self._state, -1 if patience is None else patience, pause, self._call)
        if what < 0:
            raise OSError(-what, "calls cannot be received")
        return what

    @property
    def calls(self) -> int:
        """How many were answered here."""
        count: int = self._library.quick_calls(self._state)
        return count

    @property
    def posts(self) -> int:
        """How many opens were posted instead."""
        count: int = self._library.quick_posts(self._state)
        return count

    @property
    def unsettled(self) -> bool:
        """Whether `drain` has something."""
        return bool(self._library.quick_waiting(self._state))

    def drain(self) -> list[Event]:
        """What went on since the last time, in order."""
        events: list[Event] = []
        # What is posted meanwhile is enough to go on for ever.
        for _ in range(_MOST):
            count = self._library.quick_drain(self._state)
            data = ctypes.string_at(self._events, count * _EVENT.size)
            events += [
                (time, who, what, name[:length], status)
                for time, who, length, what, *status, name in _EVENT.iter_unpack(data)
            ]
            if count < self._together:
                break
        return events

    def be_passive(self) -> None:
        """Let every call go on from now on."""
        self._library.quick_be_passive(self._state)

    def meet(self, number: int, memory: int, folder: int, process: int, seen: int) -> None:
        """A thread that may be answered: descriptors of its memory and of its folder under `/proc`."""
        self._library.quick_meet(self._state, number, memory, folder, process, seen)

    def part(self, number: int) -> None:
        """Those descriptors are about to be closed."""
        self._library.quick_part(self._state, number)

    def learn(self, key: bytes) -> None:
        """A name of which nothing is left to say, or a folder; it begins with its manner."""
        self._library.quick_noted(self._state, key, len(key))

    def learn_file(self, key: bytes, inode: int, processes: list[int] | None) -> None:
        """A file of the data that leads to an inode, for some processes or, with None, for all."""
        if processes is None:
            self._library.quick_file(self._state, key, len(key), inode, None, 0)
        else:
            who = (ctypes.c_uint32 * _PROCESSES)(*processes[:_PROCESSES])
            self._library.quick_file(self._state, key, len(key), inode, who, len(processes))

    def forget(self, key: bytes) -> None:
        """A name may mean something else."""
        self._library.quick_forget(self._state, key, len(key))

    def forget_all(self, manner: bytes) -> None:
        """All names of this manner may."""
        self._library.quick_forget_all(self._state, manner[0])


def why_interpreted() -> str:
    """Why there is no compiled part; empty where there is one."""
    if not os.access(_PATH, os.F_OK):
        return "its compiled part was not built, for which the installation needs a C compiler"
    try:
        ctypes.CDLL(_PATH)
    except OSError as error:
        return f"its compiled part cannot be loaded ({error})"
    return ""


def load() -> ctypes.CDLL | None:
    """The library; None where it wasn't built, or is of another machine."""
    try:
        library = ctypes.CDLL(_PATH)
    except OSError:
        return None
    state, number, size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint32
    library.quick_new.restype = state
    library.quick_new.argtypes = [ctypes.c_int, size, state, state, size]
    library.quick_events.restype = state
    library.quick_events.argtypes = [state]
    library.quick_read.restype = None
    library.quick_read.argtypes = [state, state]
    library.quick_posts.restype = ctypes.c_uint64
    library.quick_posts.argtypes = [state]
    library.board_size.restype = ctypes.c_uint64
    library.board_begin.restype = None
    library.board_begin.argtypes = [state, state, ctypes.c_uint64, state]
    library.board_close.restype = None
    library.board_close.argtypes = [state]
    library.quick_wait_for.restype = None
    library.quick_wait_for.argtypes = [state, state]
    library.quick_run.argtypes = [state, ctypes.c_int64, ctypes.c_int64, state]
    library.quick_calls.restype = ctypes.c_uint64
    library.quick_calls.argtypes = [state]
    library.quick_waiting.restype = size
    library.quick_waiting.argtypes = [state]
    library.quick_drain.restype = size
    library.quick_drain.argtypes = [state]
    library.quick_be_passive.restype = None
    library.quick_be_passive.argtypes = [state]
    library.quick_meet.restype = None
    library.quick_meet.argtypes = [state, number, number, number, size, ctypes.c_int64]
    library.quick_part.restype = None
    library.quick_part.argtypes = [state, number]
    library.quick_noted.restype = None
    library.quick_noted.argtypes = [state, ctypes.c_char_p, size]
    library.quick_file.restype = None
    library.quick_file.argtypes = [state, ctypes.c_char_p, size, ctypes.c_uint64, state, size]
    library.quick_forget.restype = None
    library.quick_forget.argtypes = [state, ctypes.c_char_p, size]
    library.quick_forget_all.restype = None
    library.quick_forget_all.argtypes = [state, ctypes.c_uint8]
    return library
