"""Runs programs and measures what whole process trees cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, children included."""

    cpu: float
    """Seconds, user and system."""
    wall: float
    """Seconds."""
    largest: int
    """Peak resident memory of the largest process, in bytes."""
    together: int
    """Peak of the sum of all processes' resident memory, in bytes; shared pages count for each; 0 if not sampled."""
    code: int
    """Exit code; negative for a signal."""


@dataclass(slots=True)
class Series:
    """Costs of the same command in several rounds."""

    costs: list[Cost] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """Median CPU seconds."""
        return statistics.median(cost.cpu for cost in self.costs)

    @property
    def wall(self) -> float:
        """Median wall seconds."""
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def largest(self) -> int:
        """Largest process of all rounds, in bytes."""
        return max(cost.largest for cost in self.costs)

    @property
    def together(self) -> int:
        """Largest sum of all rounds, in bytes."""
        return max(cost.together for cost in self.costs)


def environment(bytecode: Path) -> dict[str, str]:
    """The environment of measured programs: compiled modules are kept, as an installed program's are, in `bytecode`."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONHASHSEED", "COLUMNS"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped and not key.startswith("REPROCHECK_")}
    return {**kept, "PYTHONPYCACHEPREFIX": str(bytecode)}


def run(command: Sequence[str], env: Mapping[str, str], *, sample: bool = False) -> Cost:
    """Run a command to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    sampler = _Sampler(process.pid)
    if sample:
        sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.stop()
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=wall,
        largest=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        together=sampler.peak,
        code=process.returncode,
    )


def interleaved(
    commands: Mapping[str, Sequence[str]], env: Mapping[str, str], rounds: int, before: Mapping[str, Path] | None = None
) -> dict[str, Series]:
    """Run each command once per round, so that a busy minute of the machine falls on all of them.

    `before` names a folder that is removed before a command runs.
    """
    series = {name: Series() for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            if before is not None and name in before:
                subprocess.run(["rm", "-rf", str(before[name])], check=True)  # noqa: S607 — a folder of our own
            cost = run(command, env)
            series[name].costs.append(cost)
            say(f"round {number + 1}: {name}: {cost.cpu:.2f} s CPU, {cost.wall:.2f} s, exit {cost.code}")
    return series


def say(message: str) -> None:
    """Tell on stderr how far the benchmark is."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


class _Sampler:
    """Adds up the resident memory of a process and all below it, many times a second, where `/proc` tells it."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, _resident(self._pid))


def _resident(top: int) -> int:
    """Bytes of a process and all below it; processes that end meanwhile count nothing."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(fields[1])
        pages[int(entry.name)] = int(fields[21])
    family, before = {top}, 0
    while len(family) != before:
        before = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sum(pages.get(pid, 0) for pid in family) * os.sysconf("SC_PAGE_SIZE")
