"""What the agent posts instead of asking: all of it is seen, in order, and where it isn't certain it is asked for."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from blake3 import blake3
from tests.unit.capture.supervisor.test_faults import supervisors

from reprocheck.capture.supervisor.board import Board
from reprocheck.capture.supervisor.calls import machine_of
from reprocheck.capture.supervisor.quick import POSTED, Event, Quick, load

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run

_HEAD, _POST, _PLACES, _TEXT = 128, 512, 4096, 488
_NEXT = 64
"""Where `board.h` has the number of posts that were begun."""
_POSTED = pytest.mark.parametrize("run", ["posted"], indirect=True)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    if load() is None:
        pytest.skip("the compiled part of the supervisor was not built")


def _end(seen: Any) -> dict[str, Any]:  # noqa: ANN401 -- the conftest's Seen
    end: dict[str, Any] = seen.events[-1]
    assert end["event"] == "end"
    return end


@_POSTED
def test_reads_are_posted_by_processes_threads_and_relative_names_alike(run: Run) -> None:
    root = run("pass").root
    names = [f"{kind}{number}" for kind in "abcd" for number in range(50)]
    (root / "deep").mkdir()
    for name in names:
        (root / "deep" / name).touch()
    program = f"""
import os, threading
def read(kind, form):
    for number in range(50): open(form.format(f"{{kind}}{{number}}")).close()
read("a", "deep/{{}}")
read("b", {str(root)!r} + "//deep/../deep/{{}}")
one = threading.Thread(target=read, args=("c", "./deep/{{}}")); one.start(); one.join()
os.chdir("deep")
if not (child := os.fork()):
    read("d", "{{}}")
    os._exit(0)
os.waitpid(child, 0)
"""
    seen = run(program)
    assert {path for path, role in seen.roles().items() if role == "input"} == {f"deep/{name}" for name in names}
    assert _end(seen)["posted"] >= len(names) - 1


@_POSTED
def test_what_waits_on_the_board_is_settled_before_a_file_changes(run: Run) -> None:
    """By a program that doesn't post, in the moment after the read."""
    root = run("pass").root
    for number in range(40):
        (root / str(number)).write_text(f"before {number}")
    change = "for name in [0-9]*; do echo after > $name; done"
    seen = run(
        "import subprocess\n"
        "for number in range(40): open(str(number)).close()\n"
        f"subprocess.run(['sh', '-c', {change!r}], check=True)\n"
    )
    assert set(seen.roles().values()) == {"read-then-written"}
    for number in range(40):
        assert seen.use(str(number)).before == blake3(f"before {number}".encode()).hexdigest()


@_POSTED
def test_a_full_board_has_the_supervisor_asked(run: Run) -> None:
    root = run("pass").root
    (root / "many").mkdir()
    for number in range(_PLACES + 500):
        (root / "many" / str(number)).touch()

    def stop_for_a_while() -> None:
        while not (root / "ready").exists():
            time.sleep(0.01)
        [supervisor] = supervisors()
        os.kill(supervisor, signal.SIGSTOP)
        (root / "go").touch()
        time.sleep(1)
        full = not (root / "done").exists()
        os.kill(supervisor, signal.SIGCONT)
        assert full

    outside = threading.Thread(target=stop_for_a_while)
    outside.start()
    seen = run(
        "import os, time\n"
        "open('ready', 'w').close()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        f"for number in range({_PLACES + 500}): open(f'many/{{number}}').close()\n"
        "open('done', 'w').close()\n"
    )
    outside.join()
    assert sum(role == "input" for role in seen.roles().values()) == _PLACES + 500


@_POSTED
def test_nothing_is_posted_once_names_may_mean_something_else(run: Run) -> None:
    root = run("pass").root
    for name in ("a", "b"):
        (root / name).touch()
    program = "{}for _ in range(300): open('a').close(); open('b').close()"
    posted = _end(run(program.format("")))["posted"]
    assert posted >= 600
    unshared = run(program.format("import ctypes; ctypes.CDLL(None).unshare(0)\n"))
    assert _end(unshared)["posted"] < posted - 590
    assert unshared.roles() == {"a": "input", "b": "input"}


@_POSTED
def test_nothing_is_noted_of_what_is_posted_after_the_end(run: Run, tmp_path: Path) -> None:
    root = run("pass").root
    for number in range(300):
        (root / str(number)).touch()
    seen = run(
        "import os, time\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    for number in range(300): open(str(number)).close()\n"
        "    time.sleep(0.3)\n"
        "    open('over', 'w').close()\n"
    )
    assert _end(seen)["alive"] == 1
    (root / "go").touch()
    while not (root / "over").exists():
        time.sleep(0.01)
    last = (tmp_path / "journal1" / "files.jsonl").read_text().splitlines()[-1]
    assert msgspec.json.decode(last)["event"] == "end"


@_POSTED
def test_whoever_stands_in_front_of_open_is_left_there(run: Run, tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    source = tmp_path / "front.c"
    source.write_text(
        "#include <unistd.h>\n#include <fcntl.h>\n#include <sys/syscall.h>\n"
        "int opens;\n"
        "int open64(const char *name, int flags, int mode) {\n"
        "    opens++;\n"
        "    return syscall(SYS_openat, AT_FDCWD, name, flags, mode);\n"
        "}\n"
    )
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "front.so", source], check=True)
    root = run("pass").root
    (root / "data").touch()
    seen = run(
        "import ctypes\n"
        "opens = ctypes.c_int.in_dll(ctypes.CDLL(None), 'opens')\n"
        "before = opens.value\n"
        "for _ in range(9): open('data').close()\n"
        "open(f'counted-{opens.value - before}', 'w')\n",
        environment={**os.environ, "LD_PRELOAD": str(tmp_path / "front.so")},
    )
    assert seen.roles() == {"data": "input", "counted-9": "output"}
    assert _end(seen)["posted"] == 0


@_POSTED
def test_what_comes_back_is_what_open_gives(run: Run) -> None:
    """Errors, descriptors and flags of the descriptor, beside those of a process that nobody watches."""
    program = """
import fcntl, os
os.mkdir("folder"); os.symlink("nowhere", "dangling"); open("data", "w").close(); os.mkdir("shut", 0)
found = []
for name in ("data", "absent", "folder", "folder/", "data/", "dangling", "a" * 254, "a" * 300, "", "./data", "shut/x",
             "/proc/self/comm", "/dev/null", "é".encode() + bytes([255]), b"data", "d\\u0000x"):
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CLOEXEC, os.O_NOFOLLOW, os.O_DIRECTORY, os.O_NONBLOCK, os.O_PATH):
        try:
            one = os.open(name, flags)
        except (OSError, ValueError) as error:
            found.append((name, flags, type(error).__name__, getattr(error, "errno", None)))
        else:
            found.append((name, flags, one, fcntl.fcntl(one, fcntl.F_GETFL), fcntl.fcntl(one, fcntl.F_GETFD)))
            os.close(one)
print(found)
"""
    root = run("pass").root
    alone = root.parent / "alone"
    alone.mkdir()
    plain = subprocess.run([sys.executable, "-c", program], cwd=alone, capture_output=True, text=True, check=True)
    seen = run([sys.executable, "-c", f"import sys; sys.stdout = open('told', 'w')\n{program}"])
    assert seen.execution.exit_code == 0
    told = (root / "told").read_text()
    # The file that it is written to has the number that the first file has in the other process.
    assert told == _numbered_from_one_more(plain.stdout)
    assert _end(seen)["posted"] > 10


def _numbered_from_one_more(text: str) -> str:
    found = eval(text)  # noqa: S307 -- what our own program printed
    return f"{[(*one[:2], one[2] + 1, *one[3:]) if isinstance(one[2], int) else one for one in found]}\n"


class _Written:
    """A board that tests write, and what the compiled part makes of it."""

    def __init__(self) -> None:
        library, machine = load(), machine_of(os.uname().machine)
        assert library is not None
        assert machine is not None
        self.board = Board(library)
        self.quick = Quick(library, -1, machine, mmap(-1, 4096), 64)
        self.quick.read(self.board)
        self._memory = (ctypes.c_ubyte * (_HEAD + _PLACES * _POST)).from_address(self.board.address.value or 0)

    def begin(self, count: int) -> None:
        """So many posts were begun."""
        self._put(_NEXT, count.to_bytes(8, "little"))

    def post(self, number: int, folder: bytes, name: bytes, *, sizes: tuple[int, int] | None = None) -> None:
        """Write one, whole; `sizes` are what it says of itself."""
        before, length = sizes or (len(folder), len(name))
        at = _HEAD + number % _PLACES * _POST
        head = b"".join(size.to_bytes(2, "little") for size in (before, length))
        self._put(at + 8, (1).to_bytes(8, "little") + (77).to_bytes(4, "little") + head + (folder + name)[:_TEXT])
        self._put(at, (number // _PLACES * 2 + 1).to_bytes(8, "little"))

    def _put(self, at: int, data: bytes) -> None:
        ctypes.memmove(ctypes.addressof(self._memory) + at, data, len(data))

    def names(self) -> list[bytes]:
        """What is taken now."""
        return [name for _, _, _, name, _ in self.quick.drain()]


@pytest.fixture
def written() -> Iterator[_Written]:
    made = _Written()
    yield made
    os.close(made.board.descriptor)


def test_posts_behind_one_that_is_never_ended_are_taken(written: _Written) -> None:
    written.begin(3)
    written.post(0, b"", b"/one")
    written.post(2, b"/folder", b"three")
    assert written.names() == [b"\0/one", b"/folder\0three"]
    assert written.names() == []
    written.post(1, b"", b"/two")
    assert written.names() == [b"\0/two"]
    assert not written.quick.unsettled


def test_places_are_used_again_round_after_round(written: _Written) -> None:
    for begin in range(0, _PLACES * 3, 1500):
        written.begin(begin + 1500)
        for number in range(begin, begin + 1500):
            written.post(number, b"", f"/{number}".encode())
        assert written.names() == [f"\0/{number}".encode() for number in range(begin, begin + 1500)]
    assert written.quick.posts == 9 * 1500


@pytest.mark.parametrize(
    ("folder", "name", "sizes"),
    [
        (b"", b"/x", (0, 0)),
        (b"", b"/x", (0, 65535)),
        (b"", b"/x", (65535, 2)),
        (b"/a" * 120, b"b" * 250, None),
        (b"", b"relative", None),
        (b"/folder", b"/absolute", None),
        (b"/fol\0der", b"name", None),
        (b"", b"/na\0me", None),
        (b"", b"/" + b"n" * 255, None),
    ],
)
def test_a_post_that_no_agent_wrote_is_dropped(
    written: _Written, folder: bytes, name: bytes, sizes: tuple[int, int] | None
) -> None:
    written.begin(2)
    written.post(0, folder, name, sizes=sizes)
    written.post(1, b"", b"/good")
    assert written.names() == [b"\0/good"]


def test_nonsense_on_the_board_harms_nobody(written: _Written) -> None:
    dice = random.Random(0)  # noqa: S311 -- no secret
    for _ in range(200):
        start = _HEAD + dice.randrange(_PLACES) * _POST
        written._put(start, bytes([dice.randrange(4), *[0] * 7]) + dice.randbytes(_POST - 8))
        written.begin(dice.choice([dice.randrange(5000), dice.getrandbits(64)]))
        events: list[Event] = written.quick.drain()
        assert all(what == POSTED and len(name) <= _POST for _, _, what, name, _ in events)
