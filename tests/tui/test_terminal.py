"""The interface on a real terminal, with real work behind it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=$ ]*[A-Za-z]|\x1b[\]P].*?(?:\x1b\\|\x07)|\x1b[=>()][0-9A-B]?")
_LONGEST = 40.0


class Terminal:
    """A pseudo-terminal and the command on it."""

    def __init__(self, root: Path, *options: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": str(root.parent), "EDITOR": "true"}

        def lead() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "reprocheck", "tui", "--isolated", *options],
            stdin=slave, stdout=slave, stderr=slave, cwd=root, env=environment,
            preexec_fn=lead,  # noqa: PLW1509 — a terminal hangs up on the session that it controls
        )  # fmt: skip
        os.close(slave)
        self.painted = b""

    def until(self, seen: Callable[[], bool]) -> None:
        """Read what is painted until something is so."""
        end = time.monotonic() + _LONGEST
        while not seen():
            assert time.monotonic() < end, _ESCAPES.sub(b"", self.painted)[-600:]
            if select.select([self.master], [], [], 0.05)[0]:
                self.painted += os.read(self.master, 1 << 16)

    def read(self) -> None:
        """What has been painted meanwhile."""
        while select.select([self.master], [], [], 0.05)[0]:
            self.painted += os.read(self.master, 1 << 16)

    def shows(self, text: bytes) -> None:
        """Wait for a text that is painted from now on."""
        self.until(lambda: text in _ESCAPES.sub(b"", self.painted))
        self.painted = b""

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("import time\nimport torch\n\ntorch.manual_seed(int(time.time()))\n")
    return folder


@pytest.fixture
def begin(root: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts interfaces; ends those that are left."""
    started: list[Terminal] = []

    def start(*options: str) -> Terminal:
        started.append(Terminal(root, "--select", "RNG004", *options))
        return started[-1]

    yield start
    for terminal in started:
        terminal.process.kill()
        terminal.process.wait()


def ledger(root: Path) -> str:
    file = root / ".reprocheck-ledger.toml"
    return file.read_text() if file.exists() else ""


def test_a_finding_is_decided_and_the_interface_is_left(root: Path, begin: Callable[..., Terminal]) -> None:
    terminal = begin()
    terminal.shows(b"torch.manual_seed")
    terminal.press(b"a")
    terminal.shows(b"reason")
    terminal.press(b"ours\r")
    terminal.until(lambda: 'reason = "ours"' in ledger(root))
    terminal.press(b"q")
    assert terminal.process.wait(20) == 0


def test_keys_that_come_all_at_once_are_each_about_what_the_one_before_brought(
    root: Path, begin: Callable[..., Terminal]
) -> None:
    terminal = begin()
    terminal.shows(b"torch.manual_seed")
    terminal.press(b"axfo zq\rz.")
    terminal.until(lambda: ledger(root).count("axfo zq") == 0 and ledger(root).count("xfo zq") == 1)
    terminal.press(b"q")
    assert terminal.process.wait(20) == 0


@pytest.mark.parametrize("closing", ["hang-up", "terminate"])
def test_a_closed_terminal_loses_nothing_and_leaves_nothing_behind(
    root: Path, begin: Callable[..., Terminal], closing: str
) -> None:
    terminal = begin("--watch")
    terminal.shows(b"watching")
    children = Path(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children").read_text().split()
    assert children
    terminal.press(b"a")
    terminal.shows(b"reason")
    terminal.press(b"last words\r")
    if closing == "hang-up":
        time.sleep(0.3)  # let it read the keys: what is in the terminal's own buffer goes with it
        os.close(terminal.master)
        code = signal.SIGHUP
    else:
        terminal.shows(b"1 decided")
        terminal.process.terminate()
        code = signal.SIGTERM
    assert terminal.process.wait(20) == 128 + code
    assert 'reason = "last words"' in ledger(root)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_changed_file_is_scanned_again_when_watching(root: Path, begin: Callable[..., Terminal]) -> None:
    terminal = begin("--watch")
    terminal.shows(b"watching")
    terminal.press(b"aours\r")
    terminal.shows(b"1 decided")
    time.sleep(1.5)  # longer than it takes to look at the files once
    terminal.read()
    assert b"scanning" not in terminal.painted, "a decision is no change of what is scanned"
    (root / "other.py").write_text("import random\nimport time\n\nrandom.seed(time.time())\n")
    terminal.shows(b"other.py")


def test_a_place_that_is_not_there_is_refused_without_a_terminal(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reprocheck", "tui", "nowhere"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_without_textual_it_says_how_to_install_it(root: Path) -> None:
    program = (
        "import sys, importlib.abc\n"
        "class Without(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] == 'textual': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "from reprocheck.cli.main import run\n"
        "sys.exit(run(['tui']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'reprocheck[tui]'" in done.stderr
