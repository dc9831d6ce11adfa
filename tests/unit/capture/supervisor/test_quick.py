"""The compiled part of the supervisor: it is there, it answers, and the journal says what it says without it."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import sys
import threading
import time
from collections import Counter
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reprocheck.capture.injection import SITE, AgentOptions, agent_environment
from reprocheck.capture.launch import LaunchOptions, launch
from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.answers import PAGE
from reprocheck.capture.supervisor.calls import machine_of
from reprocheck.capture.supervisor.quick import NOBODY, TO_HANDLE, Quick, load

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run

_NAMES = ("a", "b", "deep/a", "deep/b", "deep/link", "to/a", "to/b", ".hidden", "absent", "deep/absent", "to/absent")
_FORMS = (*["{name}", "{root}/{name}"] * 4, "./{name}", "{root}//{name}", "deep/../{name}", "{root}/deep/../{name}")
_STEPS = """
import os, socket, sys, threading, time

def read(name):
    try:
        with open(name, "rb") as file:
            file.read()
    except OSError:
        pass

def write(name):
    try:
        with open(name, "ab") as file:
            file.write(b"x")
    except OSError:
        pass

def attempt(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass

def replace(name):
    attempt(os.remove, name)
    write(name)

def relink():
    attempt(os.remove, "to")
    attempt(os.symlink, "other" if relink.turn else "deep", "to")
    relink.turn = not relink.turn
relink.turn = True

def segment(name):
    descriptor = os.open(f"/dev/shm/{name}", os.O_RDWR | os.O_CREAT)
    os.close(descriptor)
    read(f"/dev/shm/{name}")
    os.link(f"/dev/shm/{name}", f"/dev/shm/{name}-too")
    os.unlink(f"/dev/shm/{name}-too")
    os.unlink(f"/dev/shm/{name}")

def meet(name):
    with socket.socket(socket.AF_UNIX) as one:
        attempt(one.connect, name)

def inside(name):
    os.chdir("deep")
    read(name)
    os.chdir("..")

def beside(name):
    folder = os.open("other", os.O_RDONLY)
    try:
        os.close(os.open(name, os.O_RDONLY, dir_fd=folder))
    except OSError:
        pass
    os.close(folder)

def all_of(names):
    for name in names:
        read(name)

def in_thread(names):
    one = threading.Thread(target=all_of, args=(names,))
    one.start()
    one.join()

def in_process(names):
    child = os.fork()
    if not child:
        all_of(names)
        meet("socket-0")
        os._exit(0)
    os.waitpid(child, 0)
"""


def _program(seed: int, root: Path) -> str:
    """Some hundred random steps over few files, so that what is noted is forgotten, and noted again."""
    dice = random.Random(seed)  # noqa: S311 -- no secret
    lines = [_STEPS]
    for number in range(200):
        names = [dice.choice(_FORMS).format(name=dice.choice(_NAMES), root=root) for _ in range(4)]
        name = repr(names[0])
        other = dice.choice(_NAMES)
        # What was read is worked out only when there is time.
        lines += dice.choices(
            [
                f"read({name}); read({name}); read({name})",
                "time.sleep(0.03)",
                f"inside({name})",
                f"beside({name})",
                f"in_thread({names})",
                f"in_process({names})",
                "read(os.__file__); read('/etc/hostname'); read(sys.executable); read('deep')",
                f"segment('reprocheck-test-{os.getpid()}-{number}')",
                f"meet('socket-{number % 3}'); meet('socket-{number % 3}')",
                f"write({name})",
                f"replace({name})",
                "relink()",
                f"attempt(os.remove, {name})",
                f"attempt(os.rename, {name}, {other!r})",
                f"attempt(os.truncate, {name}, 1)",
                f"attempt(os.link, {name}, {other!r})",
            ],
            [54, 4, 2, *[1] * 13],
        )
    return "\n".join(lines)


def _project(root: Path) -> None:
    shutil.rmtree(root.parent, ignore_errors=True)
    for folder in ("deep", "other"):
        (root / folder).mkdir(parents=True)
    for name in ("a", "b", "deep/a", "deep/b", "other/a", ".hidden"):
        (root / name).write_text(name * 5)
    (root / "deep" / "link").symlink_to("../a")
    (root / "to").symlink_to("deep")


def _told(
    root: Path, journal: Path, program: str, *, compiled: bool, agent: bool
) -> tuple[Counter[str], dict[str, Any]]:
    """Events with processes numbered as they come and without what differs from run to run; and the last one."""
    _project(root)
    journal.mkdir()
    options = AgentOptions(root=root)
    launch(
        [sys.executable, *([] if agent else ["-I", "-S"]), "-c", program],
        cwd=root,
        environment=agent_environment(os.environ, journal=journal, options=options) if agent else os.environ,
        journal=journal,
        objects=None,
        options=LaunchOptions(root=root, compiled=compiled, hidden=(SITE.parent,)),
    )
    events = [msgspec.json.decode(line) for line in (journal / "files.jsonl").read_text().splitlines()]
    numbers: dict[int, int] = {}
    told: Counter[str] = Counter()
    for event in events:
        numbers.setdefault(event["pid"], len(numbers))
        # Which process is noted first for a file that many read hangs on when they were settled, not on who asked.
        event.update(pid=0 if event["event"] == "start" else numbers[event["pid"]], started=0, time=0)
        for name in ("inode", "status", "supervisor", "parent", "calls", "quickly", "posted"):
            event.pop(name, None)
        if event["event"] == "descriptor":
            event.pop("size")  # what earlier runs wrote into the same standard error
        # When inputs are hashed is a matter of threads: one that changes soon after may be too late for that.
        if event["event"] != "before" and not event.get("consequence", "").startswith("the content that"):
            # From 3.12 on the interpreter counts its threads before it forks: in `/proc/PID/stat`.
            told[re.sub(r"/proc/\d+/", "/proc/PID/", repr(sorted(event.items())))] += 1
    return told, msgspec.json.decode((journal / "files.jsonl").read_text().splitlines()[-1])


def test_it_is_built_where_there_is_a_compiler() -> None:
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    assert load() is not None


@pytest.mark.parametrize("agent", [False, True], ids=["notified", "posted"])
@pytest.mark.parametrize("seed", range(12))
def test_the_journal_says_the_same_without_it(tmp_path: Path, seed: int, *, agent: bool) -> None:
    if load() is None:
        pytest.skip("the compiled part of the supervisor was not built")
    root = tmp_path / "run" / "project"
    program = _program(seed, root)
    with_it, end = _told(root, tmp_path / "with", program, compiled=True, agent=agent)
    without, other = _told(root, tmp_path / "without", program, compiled=False, agent=agent)
    assert end["quickly"] + end["posted"] > end["calls"] / 10
    assert other["quickly"] == other["posted"] == 0
    assert end["posted"] > 300 if agent else end["posted"] == 0
    assert end["calls"] + end["posted"] == other["calls"]
    assert with_it == without


def test_it_answers_nearly_all_calls_of_a_loader(run: Run, request: pytest.FixtureRequest) -> None:
    root = run("pass").root
    for name in range(300):
        (root / str(name)).touch()
    store = root / "runs"  # as it lies in a project: files beside it are read like others
    store.mkdir()
    seen = run(
        "import os\n"
        "for epoch in range(4):\n"
        "    workers = []\n"
        "    for worker in range(2):\n"
        "        if not (child := os.fork()):\n"
        "            for name in range(worker, 300, 2):\n"
        "                open(str(name)).close()\n"
        "                segment = f'/dev/shm/reprocheck-test-{os.getpid()}'\n"
        "                os.close(os.open(segment, os.O_RDWR | os.O_CREAT)); os.unlink(segment)\n"
        "            os._exit(0)\n"
        "        workers.append(child)\n"
        "    for child in workers: os.waitpid(child, 0)\n",
        also_hidden=(store,),
    )
    end = seen.events[-1]
    assert len(seen.roles()) == 300
    assert set(seen.roles().values()) == {"input"}
    compiled = "compiled" in request.node.callspec.id
    posted = "posted" in request.node.callspec.id
    assert end["calls"] + end["posted"] > 3600
    assert end["posted"] > 1100 if posted else end["posted"] == 0
    assert end["quickly"] > 3500 - end["posted"] if compiled or posted else end["quickly"] == 0


def test_a_name_that_leads_elsewhere_since_is_looked_at_again(run: Run, tmp_path: Path) -> None:
    """By somebody outside: of what the run does itself the supervisor hears."""
    root = run("pass").root
    for name in ("data", "other"):
        (root / name).write_text(name)

    def replace() -> None:
        while not (root / "ready").exists():
            time.sleep(0.01)
        (tmp_path / "link").symlink_to(root / "other")
        (tmp_path / "link").rename(root / "data")
        (root / "go").touch()

    outside = threading.Thread(target=replace)
    outside.start()
    seen = run(
        "import os, time\n"
        "for _ in range(3): open('data').close(); time.sleep(0.05)\n"
        "open('ready', 'w').close()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "open('data').close()\n"
    )
    outside.join()
    assert seen.roles() == {"data": "input", "other": "input", "ready": "output"}


def test_more_processes_than_can_be_held_open_are_told_apart(run: Run) -> None:
    """Descriptors of one that was let go are another's: what its calls name must not be read there."""
    root = run("pass").root
    for number in range(300):
        for time_of_reading in range(2):
            (root / f"{number}-{time_of_reading}").touch()
    seen = run(
        "import os\n"
        "children = []\n"
        "for number in range(300):\n"
        "    down, up = os.pipe(), os.pipe()\n"
        "    if not (child := os.fork()):\n"
        "        name = [f'{number}-{time}' for time in range(2)]\n"
        "        for time in range(2):\n"
        "            os.read(down[0], 1); open(name[time]).close(); open(name[time]).close(); os.write(up[1], b'.')\n"
        "        os._exit(0)\n"
        "    children.append((child, down, up))\n"
        "    os.close(down[0]); os.close(up[1])\n"
        "for time in range(2):\n"
        "    for child, down, up in children: os.write(down[1], b'.'); os.read(up[0], 1)\n"
        "for child, _, _ in children: os.waitpid(child, 0)\n"
    )
    assert len(seen.roles()) == 600


def test_whoever_takes_over_is_told_of_the_last_call() -> None:
    library, machine = load(), machine_of(os.uname().machine)
    if library is None or machine is None:
        pytest.skip("the compiled part of the supervisor was not built")
    here, there = socket.socketpair()
    child = os.fork()
    if not child:
        try:
            made = kernel.install(machine)
            socket.send_fds(there, [b"."], [made.descriptor])
            os.close(made.descriptor)
            os.open("/", os.O_RDONLY)
        finally:
            os._exit(0)
    page = mmap(-1, 4096)
    with here, there:
        _, [listener], _, _ = socket.recv_fds(here, 1, 1)
        quick = Quick(library, listener, machine, page, 64)
        try:
            assert quick.run(5000, 20) == TO_HANDLE
            identity = kernel.NOTIFICATION.unpack(quick.call)[0]
            assert PAGE.unpack_from(page) == (identity, 0)
            assert kernel.let_go(listener, identity) == 0
            assert quick.run(5000, 20) == NOBODY
        finally:
            os.close(listener)
            os.waitpid(child, 0)
