"""Takes one notification after the other, has it understood and lets the call go on."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from reprocheck.capture.hashing import signature
from reprocheck.capture.regions import DATA, Regions, interpreter_prefixes
from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.answers import Answers
from reprocheck.capture.supervisor.calls import AT_EMPTY_PATH, AT_FDCWD, X32_BIT, Machine
from reprocheck.capture.supervisor.changing import CREATE, TRUNCATE, Changes
from reprocheck.capture.supervisor.contents import Contents
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.ledger import Ledger
from reprocheck.capture.supervisor.looks import status_of
from reprocheck.capture.supervisor.paths import Paths
from reprocheck.capture.supervisor.programs import Programs
from reprocheck.capture.supervisor.quick import CONNECTED, Quick
from reprocheck.capture.supervisor.reading import Reads
from reprocheck.capture.supervisor.rings import Rings
from reprocheck.capture.supervisor.tasks import Task, Tasks, Unreadable
from reprocheck.capture.supervisor.trail import Trail

_PATH = 0o10000000
_WRITES = 0o3 | CREATE | TRUNCATE
_NOT_QUICK = _WRITES | _PATH
_FLAGS_SIZE = 8
"""Bytes of the first field of `struct open_how`."""
_CHANGING = {
    *("rename", "renameat", "renameat2", "symlink", "symlinkat", "truncate", "execve", "execveat"),
    *("chroot", "pivot_root", "mount", "unshare", "setns"),
}
"""Calls before which all that was read is settled; opens for writing, links and removals ask first what they are about.
"""


class Watch:
    """What the supervisor knows while the command runs."""

    def __init__(
        self,
        answers: Answers,
        machine: Machine,
        *,
        journal: Journal,
        contents: Contents,
        regions: Regions,
        hidden: tuple[str, ...],
        no_new_privileges: bool,
        quick: Quick | None,
    ) -> None:
        self._machine = machine
        self._journal = journal
        self._contents = contents
        self._regions = regions
        self._hidden = tuple(path if os.path.isfile(path) else f"{path}/" for path in hidden)  # noqa: PTH113
        self.tasks = Tasks(machine, quick)
        self._paths = Paths(self.tasks, Trail(journal, regions))
        self._programs = Programs(
            journal, self.tasks, regions, hidden=self._hidden, no_new_privileges=no_new_privileges
        )
        self._rings = Rings(self.tasks)
        self._ledger = Ledger(journal)
        self.files = self._ledger.files
        self._answers = answers
        self._reads = Reads(
            answers=self._answers,
            tasks=self.tasks,
            paths=self._paths,
            ledger=self._ledger,
            journal=journal,
            contents=contents,
            regions=regions,
            hidden=self._hidden,
        )
        self._changes = Changes(
            answers=self._answers,
            paths=self._paths,
            ledger=self._ledger,
            reads=self._reads,
            journal=journal,
            contents=contents,
            regions=regions,
        )
        self._addresses: set[tuple[int, bytes]] = set()
        self._buffer = bytearray(kernel.NOTIFICATION.size)
        self._quick = quick
        self._calls = 0
        self._passive = False
        self._most_frequent = machine.calls["openat"]
        self._native = machine.machine
        self._handlers = self._table()
        self._changing = frozenset(machine.calls[name] for name in _CHANGING if name in machine.calls)

    def _table(self) -> dict[int, Callable[[int, int, list[int]], None]]:
        by_name: dict[str, Callable[[int, int, list[int]], None]] = {
            "open": lambda i, t, a: self._open(i, t, AT_FDCWD, a[0], a[1]),
            "openat": lambda i, t, a: self._open(i, t, a[0], a[1], a[2]),
            "openat2": self._openat2,
            "creat": lambda i, t, a: self._open(i, t, AT_FDCWD, a[0], 1 | CREATE | TRUNCATE),
            "open_by_handle_at": lambda i, t, a: self._open_by_handle(i, t, a[0], a[1], a[2]),
            "rename": lambda i, t, a: self._rename(i, t, (AT_FDCWD, a[0]), (AT_FDCWD, a[1]), 0),
            "renameat": lambda i, t, a: self._rename(i, t, (a[0], a[1]), (a[2], a[3]), 0),
            "renameat2": lambda i, t, a: self._rename(i, t, (a[0], a[1]), (a[2], a[3]), a[4]),
            "unlink": lambda i, t, a: self._unlink(i, t, AT_FDCWD, a[0]),
            "unlinkat": lambda i, t, a: self._unlink(i, t, a[0], a[1]),
            "link": lambda i, t, a: self._link(i, t, (AT_FDCWD, a[0]), (AT_FDCWD, a[1])),
            "linkat": lambda i, t, a: self._link(i, t, (a[0], a[1]), (a[2], a[3])),
            "symlink": lambda i, t, a: self._symlink(i, t, a[0], AT_FDCWD, a[1]),
            "symlinkat": lambda i, t, a: self._symlink(i, t, a[0], a[1], a[2]),
            "truncate": lambda i, t, a: self._truncate(i, t, a[0]),
            "mkdir": lambda i, t, a: self._make_folder(i, t, AT_FDCWD, a[0]),
            "mkdirat": lambda i, t, a: self._make_folder(i, t, a[0], a[1]),
            "rmdir": lambda i, t, a: self._unlink(i, t, AT_FDCWD, a[0]),
            "chdir": lambda i, t, a: self._enters(i, t, a[0]),
            "execve": lambda i, t, a: self._execute(i, t, AT_FDCWD, a[0], (a[1], a[2]), 0),
            "execveat": lambda i, t, a: self._execute(i, t, a[0], a[1], (a[2], a[3]), a[4]),
            "connect": lambda _i, t, a: self._connect(t, a[1], a[2]),
            "io_uring_setup": lambda _i, t, a: self._ring_is_made(t, a[1]),
            "io_uring_enter": lambda _i, t, a: self._ring_submits(t, a[1]),
            "seccomp": lambda _i, t, _a: self._say(
                t,
                "asked for a seccomp listener of its own and got EBUSY",
                "it may behave otherwise than uncaptured",
                unseen=False,
            ),
        }
        for name in ("chroot", "pivot_root", "mount", "unshare", "setns"):
            by_name[name] = lambda _i, t, _a: self._moves(t)
        return {number: by_name[name] for name, number in self._machine.calls.items()}

    def begin(self, descriptors: list[tuple[str, str, os.stat_result]]) -> None:
        """Take up what the command finds open: redirections of the shell."""
        for path, how, status in descriptors:
            if self._regions.of(path) == DATA:
                known = self._ledger.known(path)
                known.written = known.written or "w" in how
                known.read = known.read or "r" in how
                known.signature = signature(status)
                if "r" in how:
                    self._contents.read(path, known, status.st_size)
        self._contents.start()

    @property
    def unsettled(self) -> bool:
        """Whether `settle` has something to do."""
        return self._reads.unsettled

    def settle(self) -> None:
        """Work out what was let go on already."""
        self._reads.settle()

    @property
    def calls(self) -> int:
        """How many were answered."""
        return self._calls + (self._quick.calls if self._quick is not None else 0)

    def be_passive(self) -> None:
        """The record is closed: calls go on, nothing is written down."""
        self._passive = True
        if self._quick is not None:
            self._quick.be_passive()

    def take(self) -> None:
        """Handle the next notification."""
        if kernel.receive(self._answers.listener, self._buffer):
            self.handle(self._buffer, compiled=False)

    def handle(self, notification: bytearray, *, compiled: bool) -> None:
        """Handle a notification that was received; `compiled` where the compiled part had it before."""
        identity, number, _, call, machine, _, *arguments = kernel.NOTIFICATION.unpack(notification)
        self._answers.received(identity)
        self._calls += 1
        if self._passive:
            kernel.let_go(self._answers.listener, identity)
            return
        if (
            not compiled
            and call == self._most_frequent
            and machine == self._native
            and not arguments[2] & _NOT_QUICK
            and self._reads.quickly(identity, number, arguments[0], arguments[1])
        ):
            return
        try:
            if machine != self._native:
                self._say(number, "runs 32-bit code", "files that it uses are not seen")
            else:
                self._understand(identity, number, call & ~X32_BIT, arguments)
        except Unreadable as error:
            if self._answers.waits(identity):
                self._ledger.gap(None, str(error), "a file that it used is not known")
        except Exception as error:  # noqa: BLE001 -- whatever goes wrong here, the call must go on
            self._ledger.gap(None, f"{type(error).__name__} in the supervisor: {error}", "a call was not understood")
        if not self._answers.given:
            self._answers.go(identity)
        self.tasks.introduce(number)

    def _understand(self, identity: int, number: int, call: int, arguments: list[int]) -> None:
        changes = call in self._changing
        if changes:
            self._reads.settle()
        self._handlers[call](identity, number, arguments)
        if changes:
            # What changes stands in the journal before it happens.
            self._journal.flush()

    def _say(self, number: int, reason: str, consequence: str, *, unseen: bool = True) -> None:
        """A gap about the process of a thread, once per process and reason."""
        process = self.tasks.look(number)[0].process
        self._ledger.gap(process, f"process {process.number} {reason}", consequence, unseen=unseen)

    def _ring_is_made(self, number: int, parameters: int) -> None:
        reason = self._rings.set_up(self.tasks.look(number)[0], parameters)
        if reason:
            self._say(number, f"set up an io_uring that {reason}", "files opened through it are not seen")

    def _ring_submits(self, number: int, entries: int) -> None:
        unseen = self._rings.submits(self.tasks.look(number)[0]) if entries & 0xFFFFFFFF else ""
        if unseen:
            self._say(number, f"set up an io_uring and {unseen}", "files opened through it are not seen")

    def _moves(self, number: int) -> None:
        reason, consequence = "changed its root, mounts or namespaces", "files may have other names in it than outside"
        self._say(number, reason, consequence, unseen=False)
        if self._quick is not None:
            self._quick.close_board()
        self.tasks.distrust()
        self._changes.forget()

    def _find(self, identity: int, number: int, folder: int, address: int) -> tuple[Task, str]:
        """The thread and the path that it names; the path is truly its own, as the call is still held."""
        task, cwd = self.tasks.look(number)
        path = self._paths.named(task, cwd, folder, self.tasks.name(task, address))
        if not self._answers.waits(identity):
            raise Unreadable(f"thread {number} was killed in a call")
        return task, path

    def _openat2(self, identity: int, number: int, arguments: list[int]) -> None:
        task, _ = self.tasks.look(number)
        data = self.tasks.read(task, arguments[2], _FLAGS_SIZE)
        if len(data) < _FLAGS_SIZE:
            raise Unreadable(f"process {task.process.number} passed a broken open_how")
        self._open(identity, number, arguments[0], arguments[1], int.from_bytes(data, "little"))

    def _open(self, identity: int, number: int, folder: int, address: int, flags: int) -> None:
        if flags & _WRITES:
            task, path = self._find(identity, number, folder, address)
            self._opens(identity, task, path, flags)
        elif not flags & _PATH:
            # Letting it go tells whether it was still held.
            task, cwd = self.tasks.look(number)
            self._reads.opened(identity, task, cwd, folder, address)

    def _open_by_handle(self, identity: int, number: int, mount: int, address: int, flags: int) -> None:
        task, _ = self.tasks.look(number)
        size = int.from_bytes(self.tasks.read(task, address, 4), "little")
        handle = self.tasks.read(task, address, 8 + min(size, kernel.LARGEST_HANDLE))
        name = f"/proc/{number}/cwd" if _signed(mount) == AT_FDCWD else f"/proc/{number}/fd/{_signed(mount)}"
        path = kernel.path_of_handle(name, handle)
        if path is None:
            self._say(number, "opened a file by handle", "that file is not known")
        else:
            self._opens(identity, task, path, flags)

    def _opens(self, identity: int, task: Task, path: str, flags: int) -> None:
        if not path or path.startswith(self._hidden):
            return
        if flags & _WRITES:
            if not self._changes.in_shared_memory(task.process, path):
                self._reads.settle()
                self._changes.writes(identity, task.process, path, flags)
                self._journal.flush()
        elif not flags & _PATH:
            self._reads.read(identity, task.process, path)

    def _rename(self, identity: int, number: int, source: tuple[int, int], target: tuple[int, int], flags: int) -> None:
        task, old = self._find(identity, number, *source)
        _, new = self._find(identity, number, *target)
        self._changes.rename(identity, task.process, old, new, flags)

    def _unlink(self, identity: int, number: int, folder: int, address: int) -> None:
        task, path = self._find(identity, number, folder, address)
        if not self._changes.in_shared_memory(task.process, path):
            self._reads.settle()
            self._changes.unlink(identity, task.process, path)
            self._journal.flush()

    def _make_folder(self, identity: int, number: int, folder: int, address: int) -> None:
        task, path = self._find(identity, number, folder, address)
        self._changes.make_folder(task.process, path)

    def _link(self, identity: int, number: int, source: tuple[int, int], target: tuple[int, int]) -> None:
        task, old = self._find(identity, number, *source)
        _, new = self._find(identity, number, *target)
        if not (
            self._changes.in_shared_memory(task.process, old) and self._changes.in_shared_memory(task.process, new)
        ):
            self._reads.settle()
            self._changes.link(task.process, old, new)
            self._journal.flush()

    def _symlink(self, identity: int, number: int, text: int, folder: int, address: int) -> None:
        task, path = self._find(identity, number, folder, address)
        self._changes.symlink(task.process, path, self.tasks.text(task, text))

    def _truncate(self, identity: int, number: int, address: int) -> None:
        task, path = self._find(identity, number, AT_FDCWD, address)
        self._changes.truncate(identity, task.process, path)

    def _enters(self, identity: int, number: int, address: int) -> None:
        """What a thread calls in its new folder has names without the links that led there."""
        task, path = self._find(identity, number, AT_FDCWD, address)
        if path and not task.process.foreign and os.path.realpath(path) != path:
            self._paths.end_of(path)

    def _execute(
        self, identity: int, number: int, folder: int, address: int, given: tuple[int, int], flags: int
    ) -> None:
        """`given` are the addresses of arguments and variables."""
        task, path = self._find(identity, number, folder, address)
        if not path and flags & AT_EMPTY_PATH:
            path = self.tasks.descriptor(task, folder & 0xFFFFFFFF)
        process = task.process
        status = status_of(process, path, follow=True)
        if status is None or not stat.S_ISREG(status.st_mode):
            # A search along PATH: the shell goes on with the next folder.
            return
        for prefix in interpreter_prefixes(path):
            if self._regions.add(prefix):
                self._journal.write("environment", process, f'"prefix":{quoted(prefix)}')
        self._programs.execute(task, path, *given, status)
        if self._regions.of(path) == DATA and not process.foreign:
            true = self._paths.end_of(path)
            known = self._ledger.known(true)
            if not known.read and not known.created and self._regions.of(true) == DATA:
                known.read = True
                known.signature = signature(status)
                self._contents.read(true, known, status.st_size)
                self._contents.start()
        self.tasks.renewed(process)

    def _connect(self, number: int, address: int, length: int) -> None:
        task, _ = self.tasks.look(number)
        data = self.tasks.read(task, address, min(length & 0xFFFFFFFF, 128)) if length else b""
        if (task.process.index, data) not in self._addresses:
            self._addresses.add((task.process.index, data))
            self._programs.connect(task.process, data)
            if self._quick is not None:
                self._quick.learn(CONNECTED + task.process.index.to_bytes(4, "little") + data)


def _signed(number: int) -> int:
    """A descriptor from a register."""
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >= 1 << 31 else number
