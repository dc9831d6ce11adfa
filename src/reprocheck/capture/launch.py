"""Starts a command under the supervisor, passes signals and exit codes on, and takes over when the supervisor dies."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import marshal
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from reprocheck.capture.injection import watched_environment
from reprocheck.capture.plain import not_started, run_plainly
from reprocheck.capture.supervisor import takeover
from reprocheck.model.record import Execution, Gap, Status

_BOOT = (
    "import sys; sys.path += sys.argv[1:3]; "
    "from reprocheck.capture.supervisor.{module} import main; main(*map(int, sys.argv[3:]))"
)
_PAGE_SIZE = 16
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT)
_BY_KERNEL = 0x80
"""`si_code` of signals from the terminal: they go to the whole foreground group, so the command has them too."""
_SIGNAL_INFO = 128
_SUBREAPER = 36
_CHANNEL = "files"
_GIB = 1 << 30
_PATIENCE = 2.0
"""Seconds for a supervisor that is done to go."""


class LaunchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor keeps and what it leaves alone."""

    root: Path | None = None
    """Root of the project; the working folder where it isn't given."""
    environment_prefixes: tuple[Path, ...] = ()
    """Folders of interpreters and packages, beside those that are recognized."""
    hidden: tuple[Path, ...] = ()
    """Folders that are ours (the store): nothing in them is a file use."""
    stat_cache: Path | None = None
    """The store's file of digests; it is read, `capture.files.remember` says what to add."""
    copy_limit: int = _GIB
    """Largest input, in bytes, that is copied into the store before the run overwrites it (clones cost nothing)."""
    hash_limit: int = 8 * _GIB
    """Largest input, in bytes, whose overwriting waits for its hash when none was taken yet."""
    compiled: bool = True
    """False has the interpreter answer every call, also where the compiled part of the supervisor was built."""
    files: bool = True
    """False runs the command without the supervisor; the record then has a gap."""


def launch(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    journal: Path,
    objects: Path | None,
    options: LaunchOptions | None = None,
) -> Execution:
    """Run a command to its end and write `files.jsonl` and `launch.jsonl` into `journal`.

    The command has our descriptors, terminal, process group, limits and niceness. Where it can't be watched it runs
    plainly and the execution has a gap.
    """
    options = options or LaunchOptions()
    reason = _unwatchable(options)
    if reason:
        execution = run_plainly(command, cwd=cwd, environment=environment)
        return msgspec.structs.replace(execution, gaps=(*execution.gaps, _unseen(reason)))
    request = {
        "command": [*command],
        "environment": dict(environment),
        "watched_environment": watched_environment(environment),
        "journal": str(journal.absolute() / "files.jsonl"),
        "objects": str(objects.absolute()) if objects is not None else "",
        "root": str((options.root or cwd).resolve()),
        "prefixes": [str(prefix) for prefix in options.environment_prefixes],
        "bytecode": (bytecode := _bytecode_folder(environment, cwd)),
        "hidden": [
            place + str(path.resolve())
            for path in (journal, *options.hidden)
            for place in ("", *([bytecode] if bytecode else []))
        ],
        "stat_cache": str(options.stat_cache.absolute()) if options.stat_cache is not None else "",
        "copy_limit": options.copy_limit,
        "hash_limit": options.hash_limit,
        "compiled": options.compiled,
    }
    with _signals_held() as (mask, descriptor):
        request["mask"] = [int(number) for number in mask]
        started = time.monotonic_ns()
        try:
            watched = _Watched(request, cwd)
        except OSError as error:
            if not cwd.is_dir():
                return not_started(command, error, started)
            reason = f"the supervisor could not be started ({error.strerror})"
        else:
            seen = watched.run(command, descriptor, started, journal)
            if seen is not None:
                return seen
            reason = watched.refusal
    execution = run_plainly(command, cwd=cwd, environment=environment)
    return msgspec.structs.replace(execution, gaps=(*execution.gaps, _unseen(reason)))


def _bytecode_folder(environment: Mapping[str, str], cwd: Path) -> str:
    """Where Python keeps bytecode apart from its sources; empty where it doesn't."""
    folder = environment.get("PYTHONPYCACHEPREFIX", "")
    return os.path.realpath(cwd / folder) if folder else ""


def _unwatchable(options: LaunchOptions) -> str:
    if not options.files:
        return "the supervisor was switched off"
    if sys.platform != "linux":
        return f"{sys.platform} has no seccomp notification"
    return ""


def _unseen(reason: str) -> Gap:
    return Gap(_CHANNEL, f"The command was not supervised: {reason}", "Files are known as far as the agent saw them")


@contextmanager
def _signals_held() -> Iterator[tuple[set[int], int]]:
    """Signals for us wait in a descriptor; yields the mask from before and the descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    bits = sum(1 << (number - 1) for number in _FORWARDED)
    descriptor = libc.signalfd(-1, bits.to_bytes(_SIGNAL_INFO, "little"), os.O_CLOEXEC | os.O_NONBLOCK)
    # When the supervisor is killed the command becomes our child, and its exit code is still to be had.
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield mask, descriptor
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)
        if descriptor >= 0:
            os.close(descriptor)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start(module: str, cwd: str | Path, *descriptors: int) -> subprocess.Popen[bytes]:
    """One of the supervisor's programs, in an interpreter that imports little; inherits what we inherited."""
    import reprocheck

    source = str(Path(reprocheck.__path__[0]).parent)
    found = importlib.util.find_spec("blake3")
    library = str(Path(found.origin).parent.parent) if found is not None and found.origin else source
    arguments = [sys.executable, "-I", "-S", "-c", _BOOT.format(module=module), source, library]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    try:
        # Descriptors that a shell opened for the command pass through us.
        return subprocess.Popen([*arguments, *map(str, descriptors)], cwd=cwd, close_fds=False)  # noqa: S603 -- ourselves
    finally:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)


class _Watched:
    """A command under the supervisor, seen from the launcher."""

    def __init__(self, request: dict[str, Any], cwd: Path) -> None:
        self._here, there = socket.socketpair()
        page = os.memfd_create("reprocheck", os.MFD_CLOEXEC)
        os.ftruncate(page, _PAGE_SIZE)
        self._page = mmap.mmap(page, _PAGE_SIZE)
        try:
            self._supervisor = _start("main", cwd, there.fileno(), page)
        except OSError:
            self._here.close()
            self._page.close()
            raise
        finally:
            there.close()
            os.close(page)
        self._data = b""
        self._listener = -1
        self._pid = 0
        self._pidfd = -1
        self._supervised = False
        self._ended: dict[str, Any] = {}
        self._gaps: list[Gap] = []
        self.refusal = "the supervisor ended before it started the command"
        self._alone = False
        self._outlived = False
        self._request = request

    def run(self, command: Sequence[str], signals: int, started: int, journal: Path) -> Execution | None:
        """Follow the command to its end; None when it was not started, `refusal` says why."""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                data = marshal.dumps(self._request)
                self._here.sendall(len(data).to_bytes(8, "little") + data)
            self._follow(signals, journal)
        finally:
            self._leave()
        return self._execution(command, started) if self._pid else None

    def _follow(self, signals: int, journal: Path) -> None:
        poll = select.poll()
        poll.register(self._here, select.POLLIN)
        if signals >= 0:
            poll.register(signals, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == signals:
                    self._forward(signals)
                elif descriptor == self._here.fileno():
                    if not self._hear():
                        poll.unregister(self._here)
                        if self._ended or not self._pid:
                            return
                        self._take_over(poll, journal)
                        if self._pidfd < 0:
                            self._reap()
                            return
                elif descriptor == self._listener:
                    if not takeover.answer_next(self._listener):
                        poll.unregister(self._listener)
                elif descriptor == self._pidfd:
                    self._reap()
                    return

    def _hear(self) -> bool:
        """Messages of the supervisor; False when there will be no more."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._here, 1 << 16, 1)
        except ConnectionResetError:
            return False
        self._data += data
        *lines, self._data = self._data.split(b"\n")
        for line in lines:
            message = json.loads(line)
            match message["event"]:
                case "started":
                    self._pid = message["pid"]
                    with suppress(ProcessLookupError):
                        # A short command may have come to its end, and the supervisor seen it, before this is heard.
                        self._pidfd = os.pidfd_open(self._pid)
                    self._supervised = message["supervised"]
                    self._listener = descriptors[0] if descriptors else -1
                    if not self._supervised:
                        self._gaps.append(_unseen(message["reason"]))
                case "refused":
                    self.refusal = message["reason"]
                case "ended":
                    self._ended = message
                case "closed":
                    self._closed(message)
                    return False
        return bool(data)

    def _closed(self, message: dict[str, Any]) -> None:
        self._outlived = bool(message["alive"])
        if self._outlived:
            reason = f"{message['alive']} processes of the command went on after it had ended"
            self._gaps.append(Gap(_CHANNEL, reason, "What they did to files after that is not known"))
        if message["lost"]:
            reason = f"{message['lost']} events could not be written to the journal"
            self._gaps.append(Gap(_CHANNEL, reason, "Some files that the command used are not known"))

    def _forward(self, signals: int) -> None:
        with suppress(BlockingIOError):
            while info := os.read(signals, _SIGNAL_INFO):
                number = int.from_bytes(info[:4], "little")
                code = int.from_bytes(info[8:12], "little", signed=True)
                if code != _BY_KERNEL and self._pidfd >= 0 and not self._ended:
                    with suppress(ProcessLookupError):
                        signal.pidfd_send_signal(self._pidfd, number)

    def _take_over(self, poll: select.poll, journal: Path) -> None:
        """The supervisor died under a running command: answer what waits, from now on blindly."""
        self._alone = True
        if self._listener >= 0:
            takeover.answer_pending(self._listener, self._page)
            poll.register(self._listener, select.POLLIN)
        if self._pidfd >= 0:
            poll.register(self._pidfd, select.POLLIN)
        reason = "The supervisor was killed while the command ran"
        self._gaps.append(Gap(_CHANNEL, reason, "Files used after that are known as far as the agent saw them"))
        event = {"event": "supervisor-died", "time": time.monotonic_ns(), "pid": self._pid, "started": 0}
        with suppress(OSError), (journal / "launch.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def _reap(self) -> None:
        try:
            _, status, usage = os.wait4(self._pid, 0)
        except ChildProcessError:
            return
        self._ended = {
            "code": os.waitstatus_to_exitcode(status),
            "failure": 0,
            "user_time": usage.ru_utime,
            "system_time": usage.ru_stime,
            "max_memory": usage.ru_maxrss * 1024,
        }

    def _leave(self) -> None:
        self._here.close()
        if self._alone and self._listener >= 0 and takeover.somebody_waits(self._listener):
            # Processes that went on still need somebody who answers.
            left = _start("takeover", "/", self._listener)
            left.returncode = 0
        elif not self._alone:
            # It ends by itself, at once or when the last process of the command has gone.
            with suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(0 if self._outlived else _PATIENCE)
            self._supervisor.returncode = self._supervisor.returncode or 0
        if self._alone:
            self._supervisor.wait()
        for descriptor in (self._listener, self._pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self._page.close()

    def _execution(self, command: Sequence[str], started: int) -> Execution:
        ended = self._ended
        if not ended:
            gap = Gap("execution", "The supervisor was killed before the command was started", "Nothing is recorded")
            return Execution(status=Status.ABANDONED, started=started, pid=self._pid, gaps=(*self._gaps, gap))
        if ended["failure"]:
            error = OSError(ended["failure"], os.strerror(ended["failure"]))
            return not_started(command, error, started)
        code = ended["code"]
        return Execution(
            status=Status.KILLED if code < 0 else Status.EXITED,
            code=None if code < 0 else code,
            signal=-code if code < 0 else None,
            pid=self._pid,
            started=started,
            duration=time.monotonic_ns() - started,
            supervised=self._supervised and not self._alone,
            user_time=ended["user_time"],
            system_time=ended["system_time"],
            max_memory=ended["max_memory"],
            gaps=tuple(self._gaps),
        )
