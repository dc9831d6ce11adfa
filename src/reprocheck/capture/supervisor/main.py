"""The supervisor's life: read what to run, start it under the filter, watch it, close the record."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH115, PTH123, PTH208

from __future__ import annotations

import errno
import gc
import marshal
import mmap
import os
import resource
import select
import signal
import socket
import stat
import sys
import time

from reprocheck.capture.regions import Regions
from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.answers import PAGE, Answers
from reprocheck.capture.supervisor.board import Board, board_of
from reprocheck.capture.supervisor.calls import Machine, machine_of
from reprocheck.capture.supervisor.contents import Contents
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.known_digests import KnownDigests
from reprocheck.capture.supervisor.quick import TO_HANDLE, TO_SETTLE, Quick, load
from reprocheck.capture.supervisor.reading import TOGETHER
from reprocheck.capture.supervisor.watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
"""Of the journal's form."""
_GRACE = 1.0
"""Seconds that processes have to end after the command's own end before they count as left behind."""
_PAUSE = 20
"""Milliseconds without a call after which what was let go on is worked out."""
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_STANDARD = 2
"""The last of the three standard descriptors."""
_GO = b"!"
_LENGTH = 8
"""Bytes before a request that say how long it is."""
_YAMA = "/proc/sys/kernel/yama/ptrace_scope"


def main(control: int, page: int) -> None:
    """Run as a process of its own; `control` is a socket to the launcher, `page` memory shared with it."""
    for descriptor in (control, page):
        os.set_inheritable(descriptor, False)
    launcher = socket.socket(fileno=control)
    request = _request(launcher)
    if _yama_restricts():
        # Only ancestors may read memory there: orphans of the command have to stay descendants.
        kernel.adopt_orphans()
    machine = machine_of(os.uname().machine)
    reason = kernel.refusal(machine)
    try:
        journal = Journal(request["journal"])
    except OSError as error:
        launcher.sendall(_line({"event": "refused", "reason": f"{request['journal']}: {error.strerror}"}))
        return
    inherited = _initial_descriptors(journal, {control, page, journal.descriptor})
    library = load() if request["compiled"] else None
    board = board_of(library)
    child, channel, pipe, listener, extra = _start(request, machine if not reason else None, control, board)
    own = {control, page, pipe, channel.fileno(), journal.descriptor}
    _withdraw(own | {descriptor for descriptor in (listener, board.descriptor if board else -1) if descriptor >= 0})
    pidfd = os.pidfd_open(child)
    note = {"event": "started", "pid": child, "supervised": listener >= 0, "reason": reason or extra.get("reason", "")}
    if listener >= 0:
        socket.send_fds(launcher, [_line(note)], [listener])
        channel.sendall(_GO)
        channel.close()
        shared = mmap.mmap(page, PAGE.size)
        assert machine is not None
        quick = Quick(library, listener, machine, shared, TOGETHER) if library is not None else None
        if quick is not None and board is not None:
            quick.read(board)
        supervision = _Supervision(
            launcher, journal, listener, page=shared, request=request, machine=machine, said=extra, quick=quick
        )
        supervision.watch.begin(inherited)
        supervision.run(child, pidfd, pipe)
        # Nothing is left to be tidied up, and the launcher waits.
        os._exit(0)
    else:
        launcher.sendall(_line(note))
        channel.sendall(_GO)
        channel.close()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        launcher.sendall(_line(_ended(child, pipe)))
        launcher.sendall(_line({"event": "closed", "lost": journal.lost, "alive": 0}))


def _request(launcher: socket.socket) -> dict[str, Any]:
    """As `marshal` writes it, which costs no import; both ends are the same interpreter."""
    data = bytearray()
    while len(data) < _LENGTH or len(data) < _LENGTH + int.from_bytes(data[:_LENGTH], "little"):
        piece = launcher.recv(1 << 16)
        if not piece:
            sys.exit(0)
        data += piece
    request: dict[str, Any] = marshal.loads(data[_LENGTH:])  # noqa: S302 -- our own launcher's
    return request


def _line(message: dict[str, Any]) -> bytes:
    return "{{{}}}\n".format(",".join(f'"{name}":{_json(value)}' for name, value in message.items())).encode()


def _json(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
    return repr(value)


def _yama_restricts() -> bool:
    try:
        with open(_YAMA, encoding="ascii") as file:
            return file.read().strip() != "0"
    except OSError:
        return False


def _start(
    request: dict[str, Any], machine: Machine | None, control: int, board: Board | None
) -> tuple[int, socket.socket, int, int, dict[str, Any]]:
    """Fork the command, which then waits for `_GO`.

    Returns its number, the socket to say so, the pipe for its error, the listener (or -1) and what it said.
    """
    here, there = socket.socketpair()
    pipe, error_end = os.pipe()
    more = f"\n{board.option}" if board else ""
    watched = {name: value + more for name, value in request["watched_environment"].items()}
    cookie = board.cookie if board else b""
    child = os.fork()
    if child == 0:
        # Launcher and child hear of our end when nobody holds these any more; the child may wait for us by then.
        os.close(control)
        here.close()
        _become(request, watched, machine, cookie, there, error_end)
    os.close(error_end)
    there.close()
    data, descriptors, _, _ = socket.recv_fds(here, 4096, 1)
    return child, here, pipe, descriptors[0] if descriptors else -1, _said(data)


def _said(data: bytes) -> dict[str, Any]:
    """What the child tells of itself."""
    said: dict[str, Any] = marshal.loads(data) if data else {}  # noqa: S302 -- our own child's
    return said


def _become(
    request: dict[str, Any],
    watched: dict[str, str],
    machine: Machine | None,
    cookie: bytes,
    channel: socket.socket,
    error_end: int,
) -> None:
    """In the new process: put the filter on and turn into the command; never returns.

    `watched` are variables that it gets where the filter is on.
    """
    code = 0
    try:
        # Python ignores these; the command gets what the launcher was given.
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, request["mask"])
        arguments = [os.fsencode(argument) for argument in request["command"]]
        environment = {os.fsencode(name): os.fsencode(value) for name, value in request["environment"].items()}
        if machine is None:
            channel.sendall(marshal.dumps({}))
        else:
            try:
                listener = kernel.install(machine, cookie)
            except OSError as error:
                channel.sendall(marshal.dumps({"reason": f"the kernel refused the filter ({error.strerror})"}))
            else:
                said = {"killable": listener.wait_killable, "sealed": listener.no_new_privileges}
                socket.send_fds(channel, [marshal.dumps(said)], [listener.descriptor])
                os.close(listener.descriptor)
                for name, value in watched.items():
                    environment[os.fsencode(name)] = os.fsencode(value)
        if channel.recv(1) != _GO:
            # The launcher may not know of us; it starts the command by itself.
            os._exit(_NOT_FOUND)
        channel.close()
        _execute(arguments, environment)
    except OSError as error:
        code = error.errno or _NOT_EXECUTABLE
    except BaseException:  # noqa: BLE001 -- nothing may get out of a forked process
        code = _NOT_EXECUTABLE
    os.write(error_end, code.to_bytes(4, "little"))
    os._exit(_NOT_FOUND)


def _execute(arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
    """Search as execvp(3) does: a file without a first line goes to the shell.

    `os.execvpe` would import a module in a process that is watched already: the record would have it.
    """
    name = arguments[0]
    folders = [b""] if b"/" in name else environment.get(b"PATH", os.defpath.encode()).split(b":")
    refused = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for folder in folders:
        path = folder + b"/" + name if folder else name
        try:
            os.execve(path, arguments, environment)  # noqa: S606 -- the user's command
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                os.execve("/bin/sh", [b"sh", path, *arguments[1:]], environment)  # noqa: S606 -- likewise
            # A folder that may not be looked into says nothing about the others.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                refused = error
    raise refused


def _initial_descriptors(journal: Journal, own: set[int]) -> list[tuple[str, str, os.stat_result]]:
    """What the command finds open: a redirected standard input is an input like any other."""
    found = []
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        number = int(name)
        try:
            status = os.fstat(number)
            if (
                number in own
                or not stat.S_ISREG(status.st_mode)
                or (number > _STANDARD and not os.get_inheritable(number))
            ):
                continue
            path = os.readlink(f"/proc/self/fd/{number}")
            mode = ("r", "w", "rw", "rw")[_flags(number) & 3]
        except OSError:
            continue
        text = f'"number":{number},"path":{quoted(path)},"how":"{mode}","size":{status.st_size}'
        journal.write("descriptor", None, text)
        found.append((path, mode, status))
    return found


def _flags(number: int) -> int:
    with open(f"/proc/self/fdinfo/{number}", encoding="ascii") as file:
        for line in file:
            if line.startswith("flags:"):
                return int(line.split()[1], 8)
    return 0


def _withdraw(kept: set[int]) -> None:
    """Leave the user's terminal and descriptors: a pipe must end when the command's end of it does."""
    os.setsid()
    os.chdir("/")
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number > _STANDARD and number not in kept:
            try:
                os.close(number)
            except OSError:
                continue
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1 << 16), most))
    gc.disable()
    sys.setswitchinterval(0.0005)


def _ended(child: int, pipe: int) -> dict[str, Any]:
    """How the command ended, with what it used."""
    _, status, usage = os.wait4(child, 0)
    failure = os.read(pipe, 4)
    return {
        "event": "ended",
        "code": os.waitstatus_to_exitcode(status),
        "failure": int.from_bytes(failure, "little") if failure else 0,
        "user_time": usage.ru_utime,
        "system_time": usage.ru_stime,
        "max_memory": usage.ru_maxrss * 1024,
    }


class _Supervision:
    """The watching itself."""

    def __init__(
        self,
        launcher: socket.socket,
        journal: Journal,
        listener: int,
        *,
        page: mmap.mmap,
        request: dict[str, Any],
        machine: Machine,
        said: dict[str, Any],
        quick: Quick | None,
    ) -> None:
        self._launcher = launcher
        self._journal = journal
        self._listener = listener
        self._done, self._done_end = os.pipe()
        self._poll = select.poll()
        self._others: list[int] = []
        regions = Regions(request["root"], request["prefixes"], request["bytecode"])
        self._contents = Contents(
            journal,
            request["objects"],
            KnownDigests(request["stat_cache"]),
            copy_limit=request["copy_limit"],
            hash_limit=request["hash_limit"],
        )
        self._quick = quick
        self.watch = Watch(
            Answers(listener, page),
            machine,
            journal=journal,
            contents=self._contents,
            regions=regions,
            hidden=tuple(request["hidden"]),
            no_new_privileges=said["sealed"],
            quick=quick,
        )
        journal.write("start", None, f'"version":{VERSION},"supervisor":{os.getpid()}')
        if request["bytecode"]:
            journal.write("bytecode", None, f'"prefix":{quoted(request["bytecode"])}')
        if not said["killable"]:
            journal.gap(None, "the kernel is older than Linux 5.19", "a signal during a call notes it twice")
        kernel.wake_in_step(listener)

    def run(self, child: int, pidfd: int, pipe: int) -> None:
        """Watch until nobody is left; the record is closed once the command itself has ended."""
        self._others = [pidfd, self._done, self._launcher.fileno()]
        for descriptor in (self._listener, *self._others):
            self._poll.register(descriptor, select.POLLIN)
        if self._quick is not None:
            self._quick.wait_for(*self._others)
        deadline = 0.0
        finishing = closed = False
        while True:
            wait = None if not deadline or finishing else max(0, int((deadline - time.monotonic()) * 1000))
            if self.watch.unsettled:
                wait = _PAUSE if wait is None else min(wait, _PAUSE)
            nobody = False
            for descriptor, what in self._happened(wait):
                if descriptor == self._listener:
                    if what & select.POLLIN:
                        self.watch.take()
                    elif what & (select.POLLHUP | select.POLLERR):
                        nobody = True
                        self._poll.unregister(descriptor)
                    continue
                self._ignore(descriptor)
                if descriptor == pidfd:
                    self._tell(_ended(child, pipe))
                    deadline = time.monotonic() + _GRACE
                elif descriptor == self._done:
                    self._close(nobody_left=not finishing or self._empty)
                    closed = True
                # Else the launcher is gone; the command is watched all the same.
            if nobody:
                self._empty = True
            if deadline and not finishing and (self._empty or time.monotonic() >= deadline):
                finishing = True
                self.watch.settle()
                written = [(path, known) for path, known in self.watch.files.items() if known.written]
                self._contents.finish(written, self._wake)
            if closed and self._empty:
                return

    def _happened(self, wait: int | None) -> list[tuple[int, int]]:
        """Which descriptors are ready, at once or after so many milliseconds; what waits is settled when none is."""
        if self._quick is not None and not self._empty:
            what = self._quick.run(wait, _PAUSE)
            if what == TO_HANDLE:
                self.watch.handle(self._quick.call, compiled=True)
                return []
            if what != TO_SETTLE:
                return self._poll.poll(0)
        elif happened := self._poll.poll(wait):
            return happened
        self.watch.settle()
        return []

    def _ignore(self, descriptor: int) -> None:
        """It has said what it had to say."""
        self._poll.unregister(descriptor)
        self._others.remove(descriptor)
        if self._quick is not None:
            self._quick.wait_for(*self._others)

    def _wake(self) -> None:
        os.write(self._done_end, b".")

    _empty = False

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self._launcher.sendall(_line(message))
        except OSError:
            # Nobody to tell; the journal says it.
            return
        finally:
            if message["event"] == "ended":
                code = message["code"]
                self._journal.write("ended", None, f'"code":{code},"failure":{message["failure"]}')

    def _close(self, *, nobody_left: bool) -> None:
        self.watch.settle()
        alive = 0 if nobody_left else max(1, self.watch.tasks.alive())
        quickly = self._quick.calls if self._quick is not None else 0
        posted = self._quick.posts if self._quick is not None else 0
        calls = f'"calls":{self.watch.calls},"quickly":{quickly},"posted":{posted}'
        self._journal.write("end", None, f'{calls},"alive":{alive},"lost":{self._journal.lost}')
        self.watch.be_passive()
        self._tell({"event": "closed", "lost": self._journal.lost, "alive": alive, "calls": self.watch.calls})
