"""Runs a command unobserved: what captures are compared with, and what is left when capture fails."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from reprocheck.model.record import Execution, Gap, Status

NOT_FOUND, NOT_EXECUTABLE = 127, 126
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_KIB = 1024


def run_plainly(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdout: int | None = None
) -> Execution:
    """Run a command to its end; `stdout` is a descriptor for both of its streams, where they shouldn't be ours.

    Signals for us are the command's: those of the terminal reach it anyway, the others are passed on.
    """
    started = time.monotonic_ns()
    try:
        process = subprocess.Popen(  # noqa: S603 — running the user's command is the point
            list(command), cwd=cwd, env=dict(environment), stdout=stdout, stderr=stdout
        )
    except OSError as error:
        return not_started(command, error, started)
    with _passing_signals(process.pid):
        _, status, usage = _wait(process.pid)
    process.returncode = 0  # reaped above, with its resource usage
    return ended(process.pid, status, usage, started)


def not_started(command: Sequence[str], error: OSError, started: int) -> Execution:
    """The execution of a command that the system refused."""
    code = NOT_FOUND if isinstance(error, FileNotFoundError | NotADirectoryError) else NOT_EXECUTABLE
    gap = Gap("execution", f"`{command[0]}` could not be started: {error.strerror}", "There is nothing to record")
    return Execution(status=Status.NOT_STARTED, code=code, started=started, gaps=(gap,))


def ended(pid: int, status: int, usage: resource.struct_rusage, started: int) -> Execution:
    """The execution that a wait status stands for."""
    killed = os.WIFSIGNALED(status)
    return Execution(
        status=Status.KILLED if killed else Status.EXITED,
        code=None if killed else os.WEXITSTATUS(status),
        signal=os.WTERMSIG(status) if killed else None,
        pid=pid,
        started=started,
        duration=time.monotonic_ns() - started,
        user_time=usage.ru_utime,
        system_time=usage.ru_stime,
        max_memory=usage.ru_maxrss * _KIB,
    )


def _wait(pid: int) -> tuple[int, int, resource.struct_rusage]:
    return os.wait4(pid, 0)


@contextmanager
def _passing_signals(pid: int) -> Iterator[None]:
    """Until the command has ended, signals don't end us."""

    def forward(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def stay(_number: int, _frame: FrameType | None) -> None:
        """The terminal has sent it to the command as well. A handler, unlike SIG_IGN, isn't inherited."""

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    before |= {number: signal.signal(number, stay) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
