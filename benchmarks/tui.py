"""How the terminal interface answers, measured through a pseudo-terminal: `python benchmarks/tui.py [--findings N]`.

The interface runs as it does for a user, with made-up findings in place of a scan. Prints the time from the end of the
imports to the first screen with findings, from a key to the first painted bytes, from the last letter of a filter to
the new count, and the memory; 50th and 95th percentiles over many keys, each pressed once the screen is quiet.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

QUIET = 0.15
"""Seconds without output after which nothing more is expected; ten times as long for ten times as many findings."""
LONGEST = 60.0
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=$ ]*[A-Za-z]|\x1b[\]P].*?(?:\x1b\\|\x07)|\x1b[=>()][0-9A-B]?")


def program(count: int, clock: Path, root: Path) -> None:
    """The interface with `count` findings; writes when its imports were through."""
    import asyncio
    from collections.abc import AsyncIterator

    import msgspec

    from reprocheck.app.show_source import Sources
    from reprocheck.config import Config
    from reprocheck.model.finding import Confidence, Finding, Severity
    from reprocheck.model.place import Excerpt, Place, Span
    from reprocheck.tui.jobs.frames import EncodedFindings, Received, Scanned
    from reprocheck.tui.main import TriageApp
    from reprocheck.tui.runs import Runs
    from reprocheck.tui.services import Services

    codes = ["RNG004", "RNG011", "DET001", "DET008", "DAT004", "ENV002", "ART003", "EXP001", "NTB001", "DBT002"]
    levels = [Severity.WARNING, Severity.ERROR, Severity.WARNING, Severity.NOTE]

    def finding(number: int) -> bytes:
        line = number % 400 + 1
        return msgspec.msgpack.encode(
            Finding(
                code=codes[number * 7 % 10],
                rule="made-up-rule",
                severity=levels[number % 4],
                confidence=Confidence.MEDIUM,
                message=f"finding {number} says in one sentence what is the matter with `function_{number % 97}` here",
                place=Place(
                    f"src/package_{number // 4000}/module_{number // 40 % 100}.py",
                    Span(line, 5, line, 25),
                    None,
                    Excerpt(line, ("def function():", "    return numpy.random.rand(3)", ""), line + 1, 12, 30),
                ),
                symbol=f"function_{number % 97}",
                fingerprint=f"{number * 2654435761 % 2**64:016x}",
                context=f"{number * 40503 % 2**32:08x}",
            )
        )

    class MadeUp:
        async def frames(self) -> AsyncIterator[Received]:
            for first in range(0, count, 1000):
                batch = (msgspec.Raw(finding(number)) for number in range(first, min(first + 1000, count)))
                yield EncodedFindings(tuple(batch))
                await asyncio.sleep(0)
            yield Scanned({}, count // 40)

        def cancel(self) -> None: ...

        async def end(self) -> None: ...

    services = Services(
        root=root, sources=Sources(root), scan=MadeUp, preview=lambda _: None,  # type: ignore[arg-type,return-value]
        repair=lambda *_: MadeUp(), put_back=lambda *_: None, runs=Runs(root, Config(root=root)),
        replay=lambda _: MadeUp(), ledger=None, editor=("vi",), query="",
    )  # fmt: skip
    clock.write_text(str(time.monotonic()))
    TriageApp(services).run()


class Terminal:
    """A pseudo-terminal of 120 columns and 40 lines, and the program on it."""

    def __init__(self, command: list[str], quiet: float) -> None:
        self._quiet = quiet
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def until(self, seen: Callable[[bytes], bool]) -> float:
        """The moment at which what was painted since the call is enough."""
        painted, end = b"", time.monotonic() + LONGEST
        while time.monotonic() < end:
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if ready:
                painted += os.read(self._master, 1 << 16)
                if seen(ESCAPES.sub(b"", painted)):
                    return time.monotonic()
        raise SystemExit(f"the interface did not answer; it painted {painted[-400:]!r}")

    def quiet(self) -> None:
        """Wait until nothing is painted any more."""
        while select.select([self._master], [], [], self._quiet)[0]:
            os.read(self._master, 1 << 16)

    def press(self, keys: str) -> float:
        """Type, and return when."""
        began = time.monotonic()
        os.write(self._master, keys.encode())
        return began

    def timed(self, key: str, seen: Callable[[bytes], bool]) -> Timing:
        """How long it takes from a key until something is painted."""
        busy, began = self._busy(), self.press(key)
        end = self.until(seen)
        return (end - began) * 1000, (self._busy() - busy) / 1e6

    def _busy(self) -> int:
        """Nanoseconds that the thread of the interface has had a processor."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text("ascii").split()[0])

    def memory(self) -> tuple[float, float]:
        """Megabytes now, and at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text))
        return int(found["VmRSS"]) * 1024 / 1e6, int(found["VmHWM"]) * 1024 / 1e6


Timing = tuple[float, float]
"""Milliseconds by the clock, and those of them that the interface itself had a processor."""


def latency(terminal: Terminal, key: str, times: int) -> list[Timing]:
    """From a key to the first bytes painted for it."""
    found = []
    for _ in range(times):
        terminal.quiet()
        found.append(terminal.timed(key, bool))
    return found


def filtering(terminal: Terminal, count: int, times: int) -> list[Timing]:
    """From the last letter of a filter to the number of findings that it leaves."""
    found = []
    for number in range(times):
        word = ("code:RNG01", "function_42", "sev:e", "path:module_17")[number % 4]
        terminal.quiet()
        terminal.press("/")
        terminal.quiet()
        terminal.press("\x15" + word[:-1])  # the line is emptied first
        terminal.quiet()
        found.append(terminal.timed(word[-1], lambda text: f" of {count:,} findings".encode() in text))
        terminal.quiet()
        terminal.press("\r")
    return found


def shown(name: str, timings: list[Timing]) -> None:
    """One row: a busy machine makes the first two figures larger, and the others hardly."""
    columns = []
    for values in zip(*timings, strict=True):
        ordered = sorted(values)
        columns += [statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]]
    clock, high, busy, most = (f"{value:6.1f} ms" for value in columns)
    print(f"{name:<20} median {clock}, 95% {high};  of processor: median {busy}, 95% {most}", flush=True)


def measure(terminal: Terminal, clock: Path, options: argparse.Namespace) -> None:
    """Everything that is measured, on an interface that has just been started."""
    first = terminal.until(lambda text: b"finding 0 says" in text)
    print(f"{options.findings:,} findings: first screen {first - float(clock.read_text()):.2f} s after the imports")
    whole = terminal.until(lambda text: f"{options.findings:,} findings".encode() in text)
    print(f"all of them counted {whole - float(clock.read_text()):.2f} s after the imports")
    terminal.quiet()
    shown("down", latency(terminal, "j", options.keys))
    shown("page down", latency(terminal, "\x06", options.keys))
    shown("first and last line", [latency(terminal, key, 1)[0] for key in "Gg" * max(2, options.keys // 10)])
    shown("filter", filtering(terminal, options.findings, max(4, options.keys // 4)))
    print("memory: {:.0f} MB, at most {:.0f} MB".format(*terminal.memory()))
    terminal.press("\x1b")
    terminal.quiet()
    terminal.press("q")
    terminal.process.wait(20)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=20_000)
    parser.add_argument("--keys", type=int, default=100, help="how often each key is pressed")
    parser.add_argument("--program", nargs=2, metavar=("CLOCK", "ROOT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.program:
        program(options.findings, *map(Path, options.program))
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder, "clock")
        for package in range(2):
            for module in range(100):
                file = Path(folder, f"src/package_{package}/module_{module}.py")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("def function():\n    return numpy.random.rand(3)\n" * 300)
        command = [sys.executable, __file__, "--findings", str(options.findings), "--program", str(clock), folder]
        terminal = Terminal(command, QUIET * max(1, options.findings // 20_000))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is measured ends too
        try:
            measure(terminal, clock, options)
        finally:
            # Without a controlling terminal nobody tells it that the other end has gone.
            terminal.process.kill()
            terminal.process.wait(20)


if __name__ == "__main__":
    main()
