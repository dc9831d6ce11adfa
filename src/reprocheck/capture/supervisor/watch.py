"""Takes one notification after the other, writes down what it means and lets the call go on."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH112, PTH116, PTH120

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Callable
from mmap import mmap

from reprocheck.capture.hashing import signature
from reprocheck.capture.regions import DATA, ENVIRONMENT, Regions, interpreter_prefixes
from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.calls import AT_EMPTY_PATH, AT_FDCWD, RENAME_EXCHANGE, X32_BIT, Machine
from reprocheck.capture.supervisor.contents import Contents, Known
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.paths import Paths
from reprocheck.capture.supervisor.programs import Programs
from reprocheck.capture.supervisor.rings import Rings
from reprocheck.capture.supervisor.tasks import Process, Task, Tasks, Unreadable

PAGE = struct.Struct("=QQ")
"""What the launcher needs to take over: the last identity received, the oldest one not yet answered (0: none)."""
_CREATE, _EXCLUSIVE, _TRUNCATE, _APPEND, _PATH, _TEMPORARY = 0o100, 0o200, 0o1000, 0o2000, 0o10000000, 0o20000000
_WRITES = 0o3 | _CREATE | _TRUNCATE
_FLAGS_SIZE = 8
"""Bytes of the first field of `struct open_how`."""
_SHORT = 256
_SLASH = 47
_MANY = 8
"""Processes noted for one file."""


class Watch:
    """What the supervisor knows while the command runs."""

    def __init__(
        self,
        listener: int,
        machine: Machine,
        *,
        journal: Journal,
        contents: Contents,
        regions: Regions,
        hidden: tuple[str, ...],
        page: mmap,
        no_new_privileges: bool,
    ) -> None:
        self._listener = listener
        self._machine = machine
        self._journal = journal
        self._contents = contents
        self._regions = regions
        self._page = page
        self._hidden = tuple(f"{path}/" for path in hidden)
        self.tasks = Tasks(machine)
        self._paths = Paths(self.tasks)
        self._programs = Programs(journal, self.tasks, regions, no_new_privileges=no_new_privileges)
        self._rings = Rings(self.tasks)
        self._quiet: set[bytes] = set()
        """Files of the environment that are noted already, as calls name them."""
        self._most_frequent = machine.calls["openat"]
        self.files: dict[str, Known] = {}
        self._addresses: set[tuple[int, bytes]] = set()
        self._said: set[str] = set()
        self._held: dict[int, None] = {}
        self._buffer = bytearray(kernel.NOTIFICATION.size)
        self._answered = False
        self.calls = 0
        self.passive = False
        """True once the record is closed: calls go on, nothing is written down."""
        self._handlers = self._table()

    def _table(self) -> dict[int, Callable[[int, int, list[int]], None]]:
        by_name: dict[str, Callable[[int, int, list[int]], None]] = {
            "open": lambda i, t, a: self._open(i, t, AT_FDCWD, a[0], a[1]),
            "openat": lambda i, t, a: self._open(i, t, a[0], a[1], a[2]),
            "openat2": self._openat2,
            "creat": lambda i, t, a: self._open(i, t, AT_FDCWD, a[0], 1 | _CREATE | _TRUNCATE),
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
            "execve": lambda i, t, a: self._execute(i, t, AT_FDCWD, a[0], a[1], 0),
            "execveat": lambda i, t, a: self._execute(i, t, a[0], a[1], a[2], a[4]),
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
                known = self._known(path)
                known.written = known.written or "w" in how
                known.read = known.read or "r" in how
                known.signature = signature(status)
                if "r" in how:
                    self._contents.read(path, known)

    def take(self) -> None:
        """Handle the next notification."""
        if not kernel.receive(self._listener, self._buffer):
            return
        identity, number, _, call, machine, _, *arguments = kernel.NOTIFICATION.unpack(self._buffer)
        PAGE.pack_into(self._page, 0, identity, [*self._held, 0][0])
        self._answered = self.passive
        self.calls += 1
        if not self.passive:
            try:
                if call == self._most_frequent and machine == self._machine.machine and not arguments[2] & _WRITES:
                    self._answered = self._open_quickly(identity, number, arguments[1], arguments[2])
                    if self._answered:
                        return
                if machine != self._machine.machine:
                    self._say(number, "runs 32-bit code", "files that it uses are not seen")
                else:
                    if call & X32_BIT:
                        call &= ~X32_BIT
                    self._handlers[call](identity, number, arguments)
            except Unreadable as error:
                if kernel.still_waits(self._listener, identity):
                    self._gap_once(None, str(error), "a file that it used is not known")
            except Exception as error:  # noqa: BLE001 -- whatever goes wrong here, the call must go on
                self._gap_once(None, f"{type(error).__name__} in the supervisor: {error}", "a call was not understood")
        if self.passive or not self._answered:
            kernel.let_go(self._listener, identity)

    def _open_quickly(self, identity: int, number: int, address: int, flags: int) -> bool:
        """Nine of ten calls: a thread just seen opens a file of the environment by its full name; False if not so.

        What is skipped is done by others: that the call is still held is seen when it is let go, and a thread seen
        less than a tenth of a second ago is no other one by the same number.
        """
        task = self.tasks.just_seen(number)
        if task is None or flags & _PATH:
            return False
        try:
            data = os.pread(task.memory, _SHORT, address)
        except OSError:
            return False
        end = data.find(0)
        if end <= 0 or data[0] != _SLASH:
            return False
        raw = data[:end]
        if raw in self._quiet:
            return kernel.let_go(self._listener, identity) == 0
        if b"/." in raw or b"//" in raw or end == 1 or raw[-1] == _SLASH or not raw.isascii():
            return False
        name = raw.decode("ascii")
        if self._regions.of(name) != ENVIRONMENT:
            return False
        path = self._paths.true(name)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            # A search along a path of libraries; nobody asks what wasn't there.
            return kernel.let_go(self._listener, identity) == 0
        except OSError:
            return False
        if stat.S_ISLNK(status.st_mode) or (path != name and self._regions.of(path) != ENVIRONMENT):
            return False
        if kernel.let_go(self._listener, identity) == 0:
            self._reads_environment(task.process, name, path, status)
        return True

    def _go(self, identity: int) -> bool:
        """Let the call go on now: what is still to be done doesn't matter to it. False when nobody waited any more."""
        self._answered = True
        return kernel.let_go(self._listener, identity) == 0

    def _release(self, identity: int) -> None:
        """Let a call go on that waited for a copy."""
        kernel.let_go(self._listener, identity)
        self._held.pop(identity, None)

    def _gap_once(self, process: Process | None, reason: str, consequence: str, *, unseen: bool = True) -> None:
        if reason not in self._said:
            self._said.add(reason)
            self._journal.gap(process, reason, consequence, unseen=unseen)

    def _say(self, number: int, reason: str, consequence: str, *, unseen: bool = True) -> None:
        """A gap about the process of a thread, once per process and reason."""
        process = self.tasks.look(number)[0].process
        self._gap_once(process, f"process {process.number} {reason}", consequence, unseen=unseen)

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
        self.tasks.distrust()
        self._paths.forget()

    def _find(self, identity: int, number: int, folder: int, address: int) -> tuple[Task, str]:
        """The thread and the path that it names; the path is truly its own, as the call is still held."""
        task, cwd = self.tasks.look(number)
        path = self._paths.named(task, cwd, folder, address)
        if not kernel.still_waits(self._listener, identity):
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
        else:
            # Letting it go tells as well whether it was still held.
            task, cwd = self.tasks.look(number)
            path = self._paths.named(task, cwd, folder, address)
        self._opens(identity, task, path, flags)

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
        if not flags & _WRITES:
            if path and not flags & _PATH and not path.startswith(self._hidden):
                self._reads(identity, task.process, path)
        elif path and not path.startswith(self._hidden):
            self._writes(identity, task.process, path, flags)

    def _look_at(self, process: Process, path: str) -> tuple[str, os.stat_result | int]:
        """The path with links followed, and the status of the file or the number of the error."""
        try:
            if process.foreign:
                return path, os.stat(f"/proc/{process.number}/root{path}")
            path = self._paths.true(path)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                path = os.path.realpath(path)
                status = os.stat(path)
        except OSError as error:
            return path, error.errno or errno.EIO
        return path, status

    def _reads(self, identity: int, process: Process, name: str) -> None:
        path, status = self._look_at(process, name)
        # What is looked at later may have gone by then; hashing and writing down needs nobody to wait.
        if not self._go(identity):
            return
        # A link in an environment may lead to data: models in a cache, editable installs.
        if self._regions.of(path) != DATA:
            self._reads_environment(process, name, path, status)
            return
        if isinstance(status, int):
            self._failed(process, path, status)
        elif not stat.S_ISREG(status.st_mode):
            kind = "directory" if stat.S_ISDIR(status.st_mode) else "device"
            self._note(process, path, "r", f',"kind":"{kind}"', self._known(path))
        elif not _allowed(status, os.R_OK, path):
            self._failed(process, path, errno.EACCES)
        else:
            known = self._known(path)
            if not known.read and not known.created:
                known.read = True
                credited = "/__pycache__/" in path and self._credit_source(process, path)
                if not known.preserved and not credited:
                    known.signature = signature(status)
                    if not process.foreign:
                        self._contents.read(path, known)
            self._note(process, path, "r", f',"size":{status.st_size},"inode":{status.st_ino}', known)

    def _credit_source(self, process: Process, bytecode: str) -> bool:
        """Whoever imports from bytecode uses its source, which the interpreter only asks the time of."""
        folder, _, name = bytecode.rpartition("/__pycache__/")
        source = f"{folder}/{name.partition('.')[0]}.py"
        status = _status(process, source, follow=True)
        if status is None:
            return False
        known = self._known(source)
        if not known.read and not known.created and not known.preserved:
            known.read = True
            known.signature = signature(status)
            self._contents.read(source, known)
        more = f',"size":{status.st_size},"inode":{status.st_ino},"bytecode":true'
        self._note(process, source, "r", more, known)
        return True

    def _reads_environment(self, process: Process, name: str, path: str, status: os.stat_result | int) -> None:
        """A file of the environment: noted once, whoever opens it."""
        if isinstance(status, int) or not _allowed(status, os.R_OK, path):
            return
        raw = os.fsencode(name)
        if raw in self._quiet:
            return
        self._quiet.add(raw)
        kind = ',"kind":"directory"' if stat.S_ISDIR(status.st_mode) else ""
        self._journal.later("open", process, f'"path":{quoted(path)},"how":"r"{kind}')

    def _known(self, path: str) -> Known:
        known = self.files.get(path)
        if known is None:
            known = self.files[path] = Known()
        return known

    def _note(self, process: Process, path: str, how: str, more: str, known: Known) -> None:
        """Write an open down once per process and manner, for the first few processes."""
        if (process.number, how) in known.seen:
            return
        if len(known.seen) < _MANY:
            known.seen += ((process.number, how),)
        elif how == "r":
            return
        self._journal.write("open", process, f'"path":{quoted(path)},"how":"{how}"{more}')

    def _failed(self, process: Process, path: str, error: int) -> None:
        key = f"{error} {path}"
        if key not in self._said:
            self._said.add(key)
            name = errno.errorcode.get(error, str(error))
            self._journal.write("failed", process, f'"path":{quoted(path)},"error":"{name}"')

    def _writes(self, identity: int, process: Process, path: str, flags: int) -> None:
        region = self._regions.of(path)
        path, status = self._look_at(process, path)
        existed = not isinstance(status, int)
        if isinstance(status, int):
            makes = status == errno.ENOENT and flags & _CREATE
            if not makes or not _can_make(process, path):
                known_folder = makes and os.path.isdir(os.path.dirname(path))
                self._failed(process, path, errno.EACCES if known_folder else status)
                return
        elif not stat.S_ISREG(status.st_mode):
            if flags & _TEMPORARY != _TEMPORARY:
                self._note(process, path, "w", ',"kind":"device"', self._known(path))
            return
        elif flags & _EXCLUSIVE and flags & _CREATE:
            self._failed(process, path, errno.EEXIST)
            return
        elif not _allowed(status, (os.R_OK, os.W_OK, os.R_OK | os.W_OK, 0)[flags & 3], path):
            self._failed(process, path, errno.EACCES)
            return
        known = self._known(path)
        mode = ("r", "w", "rw", "w")[flags & 3]
        truncates = bool(flags & _TRUNCATE)
        changes = bool(flags & 3) or truncates or not existed
        how = mode + "a" * bool(flags & _APPEND) + "t" * truncates + "c" * (not existed)
        more = f',"existed":{"true" if existed else "false"}'
        if isinstance(status, os.stat_result):
            more += f',"size":{status.st_size},"inode":{status.st_ino}'
            self._before_change(identity, path, known, status, asks=not truncates, region=region, process=process)
        else:
            known.created = True
        if not changes:
            known.read = True
        self._note(process, path, how, more, known)
        known.written = known.written or changes

    def _before_change(
        self,
        identity: int,
        path: str,
        known: Known,
        status: os.stat_result,
        *,
        asks: bool,
        region: str,
        process: Process,
        content_goes: bool = True,
    ) -> None:
        """Keep what a file holds, if the run read it or may yet (`asks`) and it isn't the run's own work."""
        if known.created or known.preserved or process.foreign or region != DATA:
            return
        if known.signature is None:
            known.signature = signature(status)
        if not known.read and not asks:
            known.created = True
            return
        if not status.st_size:
            known.preserved = True
            return
        self._held[identity] = None
        waits = self._contents.preserve(path, known, content_goes=content_goes, then=lambda: self._release(identity))
        if waits:
            self._answered = True
            PAGE.pack_into(self._page, 0, identity, [*self._held, 0][0])
        else:
            self._held.pop(identity, None)

    def _rename(self, identity: int, number: int, source: tuple[int, int], target: tuple[int, int], flags: int) -> None:
        task, old = self._find(identity, number, *source)
        _, new = self._find(identity, number, *target)
        process = task.process
        old, new = (name if process.foreign else self._paths.true(name) for name in (old, new))
        status = _status(process, old)
        if status is None:
            self._failed(process, old, errno.ENOENT)
            return
        there = _status(process, new)
        exchanges = bool(flags & RENAME_EXCHANGE)
        if there is not None and stat.S_ISREG(there.st_mode) and not exchanges:
            known = self._known(new)
            region = self._regions.of(new)
            self._before_change(
                identity, new, known, there, asks=False, region=region, process=process, content_goes=False
            )
        folder = stat.S_ISDIR(status.st_mode)
        kind = ',"kind":"directory"' if folder else ""
        existed = "true" if there is not None else "false"
        swap = ',"exchanged":true' if exchanges else ""
        text = f'"path":{quoted(old)},"to":{quoted(new)},"existed":{existed}{kind}{swap}'
        self._journal.write("rename", process, text)
        if folder or exchanges:
            self._paths.forget()
        self._move(old, new, folder=folder, exchanges=exchanges)

    def _move(self, old: str, new: str, *, folder: bool, exchanges: bool) -> None:
        """What is known goes with the name; the file that lay there before is no more."""
        moved = [old]
        if folder:
            moved += [path for path in self.files if path.startswith(old + "/")]
        for path in moved:
            known = self.files.pop(path, None) or Known()
            goal = new + path[len(old) :]
            other = (self.files.get(goal) or Known()) if exchanges else None
            known.seen = ()
            known.written = True
            if not known.created:
                # Not the run's own work: a new name for what was there.
                known.signature = None
            self.files[goal] = known
            self._quiet.discard(goal)
            if other is not None:
                other.written = True
                self.files[path] = other

    def _unlink(self, identity: int, number: int, folder: int, address: int) -> None:
        task, path = self._find(identity, number, folder, address)
        process = task.process
        path = path if process.foreign else self._paths.true(path)
        status = _status(process, path)
        if status is None or stat.S_ISDIR(status.st_mode):
            return
        kind = ""
        if stat.S_ISLNK(status.st_mode):
            self._paths.forget()
        elif not stat.S_ISREG(status.st_mode):
            kind = ',"kind":"device"'
        else:
            known = self._known(path)
            self._before_change(
                identity,
                path,
                known,
                status,
                asks=False,
                region=self._regions.of(path),
                process=process,
                content_goes=False,
            )
            known.seen = ()
            known.created = True
            known.written = True
        self._journal.write("unlink", process, f'"path":{quoted(path)}{kind}')

    def _link(self, identity: int, number: int, source: tuple[int, int], target: tuple[int, int]) -> None:
        task, old = self._find(identity, number, *source)
        _, new = self._find(identity, number, *target)
        process = task.process
        new = new if process.foreign else self._paths.true(new)
        if _status(process, new) is not None:
            self._failed(process, new, errno.EEXIST)
            return
        known = self._known(new)
        known.created = known.written = True
        self._journal.write("link", process, f'"path":{quoted(new)},"from":{quoted(old)}')

    def _symlink(self, identity: int, number: int, text: int, folder: int, address: int) -> None:
        task, path = self._find(identity, number, folder, address)
        points_to = self.tasks.text(task, text)
        path = path if task.process.foreign else self._paths.true(path)
        self._paths.forget()
        self._journal.write("symlink", task.process, f'"path":{quoted(path)},"target":{quoted(points_to)}')

    def _truncate(self, identity: int, number: int, address: int) -> None:
        task, path = self._find(identity, number, AT_FDCWD, address)
        path, status = self._look_at(task.process, path)
        if isinstance(status, int) or not stat.S_ISREG(status.st_mode):
            return
        known, region = self._known(path), self._regions.of(path)
        self._before_change(identity, path, known, status, asks=True, region=region, process=task.process)
        known.written = True
        self._note(task.process, path, "rw", f',"existed":true,"size":{status.st_size},"inode":{status.st_ino}', known)

    def _execute(self, identity: int, number: int, folder: int, address: int, vector: int, flags: int) -> None:
        task, path = self._find(identity, number, folder, address)
        if not path and flags & AT_EMPTY_PATH:
            path = self.tasks.descriptor(task, folder & 0xFFFFFFFF)
        process = task.process
        status = _status(process, path, follow=True)
        if status is None or not stat.S_ISREG(status.st_mode):
            # A search along PATH: the shell goes on with the next folder.
            return
        for prefix in interpreter_prefixes(path):
            if self._regions.add(prefix):
                self._journal.write("environment", process, f'"prefix":{quoted(prefix)}')
        self._programs.execute(task, path, vector, status)
        if self._regions.of(path) == DATA and not process.foreign:
            true = os.path.realpath(path)
            known = self._known(true)
            if not known.read and not known.created and self._regions.of(true) == DATA:
                known.read = True
                known.signature = signature(status)
                self._contents.read(true, known)
        self.tasks.renewed(process)

    def _connect(self, number: int, address: int, length: int) -> None:
        task, _ = self.tasks.look(number)
        data = self.tasks.read(task, address, min(length & 0xFFFFFFFF, 128)) if length else b""
        if (task.process.number, data) not in self._addresses:
            self._addresses.add((task.process.number, data))
            self._programs.connect(task.process, data)


def _signed(number: int) -> int:
    """A descriptor from a register."""
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >= 1 << 31 else number


def _status(process: Process, path: str, *, follow: bool = False) -> os.stat_result | None:
    try:
        where = f"/proc/{process.number}/root{path}" if process.foreign else path
        return os.stat(where) if follow else os.lstat(where)
    except OSError:
        return None


def _allowed(status: os.stat_result, access: int, path: str) -> bool:
    """Whether the kernel will allow it: root may anything, others are asked for where the mode doesn't say so."""
    if not access or os.geteuid() == 0 or (access == os.R_OK and status.st_mode & stat.S_IROTH):
        return True
    return os.access(path, access, effective_ids=True)


def _can_make(process: Process, path: str) -> bool:
    folder = os.path.dirname(path)
    if process.foreign:
        folder = f"/proc/{process.number}/root{folder}"
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
