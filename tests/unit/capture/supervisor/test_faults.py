"""Whatever happens to launcher, supervisor or disk: the command runs on, and the record says what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reprocheck.capture.files import file_uses
from reprocheck.capture.launch import launch
from reprocheck.model.record import Status

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run

_NOBODY = 65534
_LAUNCHER = """
import os, sys
from pathlib import Path
from reprocheck.capture.launch import launch
ended = launch(sys.argv[2:], cwd=Path.cwd(), environment=os.environ, journal=Path(sys.argv[1]), objects=None)
sys.exit(ended.exit_code)
"""
_DIES_EARLY = """
import os, socket
from reprocheck.capture.supervisor import main
here, there = socket.socketpair()
request = {"mask": set(), "command": ["true"], "environment": {}, "watched_environment": {}}
child, channel, *_ = main._start(request, None, there.fileno(), None)
there.close()
here.settimeout(5)
print(here.recv(1))
channel.close()
os.waitpid(child, 0)
"""
"""The command was forked and waits; the supervisor's end of the launcher's socket is closed, as when it is killed."""
_OPENS = """
import os, time
for number in range(60):
    open(f'f{number}', 'w').write('x')
    time.sleep(0.02)
open('done', 'w').write('all')
raise SystemExit(7)
"""


def _until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def supervisors() -> list[int]:
    """Supervisors of this very process."""
    threads = Path(f"/proc/{os.getpid()}/task").iterdir()
    children = " ".join((thread / "children").read_text() for thread in threads).split()
    return [int(child) for child in children if b"supervisor.main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _when(condition: Callable[[], bool], action: Callable[[], object]) -> threading.Thread:
    def wait() -> None:
        _until(condition)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_when_the_supervisor_is_killed_the_command_goes_on(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "project"
    killer = _when((root / "f5").exists, lambda: os.kill(supervisors()[0], signal.SIGKILL))
    seen = run(_OPENS)
    killer.join()
    assert (root / "done").read_text() == "all"
    assert seen.execution.exit_code == 7
    assert not seen.execution.supervised
    assert not seen.files.complete
    assert "supervisor was killed" in seen.gaps()
    assert "f2" in seen.roles()


def test_a_launcher_hears_of_a_supervisor_that_dies_before_the_command_begins() -> None:
    done = subprocess.run([sys.executable, "-c", _DIES_EARLY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("b''\n", 0), done.stderr


def test_calls_that_the_supervisor_had_taken_are_answered(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "project"
    # The supervisor is stopped, so that calls pile up, then killed before it can answer.
    code = _OPENS.replace("range(60)", "range(12)")

    def stop_then_kill() -> None:
        supervisor = supervisors()[0]
        os.kill(supervisor, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(supervisor, signal.SIGKILL)

    killer = _when((root / "f5").exists, stop_then_kill)
    seen = run(code)
    killer.join()
    assert seen.execution.exit_code == 7
    assert (root / "done").exists()


def test_a_copy_that_was_under_way_holds_nobody_for_ever(run: Run, tmp_path: Path) -> None:
    big = tmp_path / "project" / "big"
    run("pass")
    with big.open("wb") as file:
        file.truncate(1 << 32)
    killer = _when(lambda: any((tmp_path / "objects" / "tmp").glob("*")), lambda: os.kill(supervisors()[0], 9))
    seen = run("open('big', 'r+').write('x'); raise SystemExit(3)", copy_limit=1 << 40, hash_limit=1 << 40)
    killer.join()
    assert seen.execution.exit_code == 3


def test_when_the_launcher_is_killed_command_and_journal_come_to_their_ends(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    command = [sys.executable, "-c", _LAUNCHER, str(journal), sys.executable, "-c", _OPENS]
    with subprocess.Popen(command, cwd=tmp_path) as launcher:
        _until((tmp_path / "f5").exists)
        launcher.kill()
    _until((tmp_path / "done").exists)
    _until(lambda: '"event":"end"' in (journal / "files.jsonl").read_text())
    uses = file_uses(journal, root=tmp_path)
    assert uses.complete
    assert {use.path for use in uses.uses} >= {"f0", "f59", "done"}


def test_a_command_that_is_killed_says_so(run: Run) -> None:
    seen = run("import os; open('a', 'w').write('x'); os.kill(os.getpid(), 9)")
    assert (seen.execution.status, seen.execution.signal, seen.execution.exit_code) == (Status.KILLED, 9, 137)
    assert seen.files.complete
    assert seen.use("a").after


def test_a_full_disk_loses_events_and_nothing_else(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    (journal / "files.jsonl").symlink_to("/dev/full")
    code = "open('out', 'w').write('x'); raise SystemExit(4)"
    execution = launch(
        [sys.executable, "-c", code], cwd=tmp_path, environment=os.environ, journal=journal, objects=None
    )
    assert execution.exit_code == 4
    assert (tmp_path / "out").read_text() == "x"
    assert "could not be written to the journal" in execution.gaps[0].reason


def test_a_journal_that_cannot_be_made_is_a_gap(tmp_path: Path) -> None:
    execution = launch(
        [sys.executable, "-c", "raise SystemExit(4)"],
        cwd=tmp_path,
        environment=os.environ,
        journal=tmp_path / "absent",
        objects=None,
    )
    assert execution.exit_code == 4
    assert not execution.supervised
    assert execution.gaps


def test_a_torn_line_is_a_gap_and_hides_nothing(run: Run, tmp_path: Path) -> None:
    seen = run("open('a', 'w').write('x')")
    journal = tmp_path / "journal0" / "files.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*lines[:3], lines[3][:20], "\n", *lines[4:-1], lines[-1][:30]]))
    uses = file_uses(journal.parent, root=seen.root)
    assert not uses.complete
    assert "a" in [use.path for use in uses.uses]
    assert any("cannot be read" in gap.reason for gap in uses.gaps)


def test_an_absent_journal_is_an_incomplete_answer(tmp_path: Path) -> None:
    assert not file_uses(tmp_path, root=tmp_path).complete


def test_two_runs_at_once_keep_apart(tmp_path: Path) -> None:
    processes = []
    for name in ("a", "b"):
        (tmp_path / name / "journal").mkdir(parents=True)
        code = f"import time; [(open('{name}%d' % n, 'w').write('x'), time.sleep(0.01)) for n in range(20)]"
        command = [sys.executable, "-c", _LAUNCHER, "journal", sys.executable, "-c", code]
        processes.append(subprocess.Popen(command, cwd=tmp_path / name))
    assert [process.wait() for process in processes] == [0, 0]
    for name in ("a", "b"):
        uses = file_uses(tmp_path / name / "journal", root=tmp_path / name)
        assert {use.path for use in uses.uses if use.role == "output"} == {f"{name}{n}" for n in range(20)}


def test_a_run_inside_a_run_goes_unsupervised_and_both_say_so(run: Run, tmp_path: Path) -> None:
    journal = tmp_path / "inner"
    journal.mkdir()
    code = "open('out', 'w').write('x'); raise SystemExit(5)"
    seen = run([sys.executable, "-c", _LAUNCHER, str(journal), sys.executable, "-c", code])
    assert seen.execution.exit_code == 5
    assert "listener of its own" in seen.gaps()
    assert seen.roles()["out"] == "output"


def test_what_outlives_the_command_is_a_gap_and_can_still_open_files(run: Run, tmp_path: Path) -> None:
    late = tmp_path / "project" / "late"
    code = f"import subprocess, sys; subprocess.Popen(['sh', '-c', 'sleep 2; cat {__file__} > late'])"
    seen = run(code)
    assert "went on after it had ended" in seen.gaps()
    assert not seen.files.complete
    _until(lambda: late.exists() and late.read_bytes() == Path(__file__).read_bytes())


_RING = """
import ctypes, mmap, os, struct
libc = ctypes.CDLL(None, use_errno=True)
parameters = (ctypes.c_char * 120)()
struct.pack_into("<I", parameters, 8, {flags})
ring = libc.syscall(425, 8, parameters)
if ring < 0: raise OSError(ctypes.get_errno(), "io_uring_setup")
fields = struct.unpack_from("<10I", parameters, 40)
entries = mmap.mmap(ring, 64 * 8, offset=0x10000000)
queue = mmap.mmap(ring, fields[6] + 4 * 8)
name = ctypes.create_string_buffer(os.fsencode(__import__("sys").executable))
if {operation} == 18: struct.pack_into("<BBHiQQIIQ", entries, 0, 18, 0, 0, -100, 0, ctypes.addressof(name), 0, 0, 7)
else: struct.pack_into("<BBHiQQIIQ", entries, 0, {operation}, 0, 0, -1, 0, 0, 0, 0, 7)
struct.pack_into("<I", queue, fields[6], 0)
struct.pack_into("<I", queue, fields[1], 1)
if libc.syscall(426, ring, 1, 0, 0, None, 0) != 1: raise OSError(ctypes.get_errno(), "io_uring_enter")
"""


@pytest.mark.parametrize(("operation", "flags", "gap"), [(0, 0, ""), (18, 0, "does openat"), (0, 2, "of the kernel")])
def test_an_io_uring_is_a_gap_where_it_may_open_files(run: Run, operation: int, flags: int, gap: str) -> None:
    seen = run(_RING.format(operation=operation, flags=flags))
    assert seen.execution.exit_code == 0
    assert seen.files.complete == (not gap)
    assert gap in seen.gaps()
    assert ("io_uring" in seen.gaps()) == bool(gap)


def test_a_ring_whose_entries_nobody_mapped_is_a_gap(run: Run) -> None:
    code = _RING.format(operation=0, flags=0)
    seen = run(code.replace("if libc.syscall(426", "entries.close()\nif libc.syscall(426"))
    assert "has not mapped" in seen.gaps()
    assert not seen.files.complete


def test_programs_that_start_containers_are_a_gap(run: Run) -> None:
    root = run("pass").root
    (root / "docker").write_text("#!/bin/sh\n")
    (root / "docker").chmod(0o755)
    assert "docker starts containers" in run(["./docker"]).gaps()


def test_a_switched_off_supervisor_is_a_gap(run: Run) -> None:
    seen = run("raise SystemExit(6)", files=False)
    assert (seen.execution.exit_code, seen.execution.supervised) == (6, False)
    assert "switched off" in seen.gaps()


def test_interpreters_are_noted_with_their_options_and_without_arguments(run: Run) -> None:
    seen = run([sys.executable, "-I", "-X", "utf8", "-c", "pass", "--token=geheim"])
    [executed] = [event for event in seen.events if event["event"] == "execute"]
    assert executed["python"] == ["-I", "-X", "-c"]
    assert "geheim" not in json.dumps(seen.events)


def _as_nobody(command: list[str], cwd: Path) -> int:
    return subprocess.run(
        command, cwd=cwd, user=_NOBODY, group=_NOBODY, extra_groups=[], check=False, stderr=subprocess.DEVNULL
    ).returncode


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_it_works_for_ordinary_users() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # pytest's own folders are closed to others, and so may be the interpreter.
        root = Path(folder)
        root.chmod(0o777)
        try:
            _as_nobody([sys.executable, "-c", ""], root)
        except PermissionError:
            pytest.skip("others may not execute this interpreter")
        journal = root / "journal"
        journal.mkdir()
        journal.chmod(0o777)
        code = "open('out', 'w').write('x'); open('/etc/shadow')"
        assert _as_nobody([sys.executable, "-c", _LAUNCHER, "journal", sys.executable, "-c", code], root) == 1
        uses = file_uses(journal, root=root)
        assert [use.path for use in uses.uses if use.role == "output"] == ["out"]
        events = [json.loads(line) for line in (journal / "files.jsonl").read_text().splitlines()]
        assert [e["error"] for e in events if e["event"] == "failed" and e["path"] == "/etc/shadow"] == ["EACCES"]


def test_a_store_that_takes_no_copies_leaves_digests_and_a_gap(run: Run, tmp_path: Path) -> None:
    root = run("pass").root
    (root / "data").write_text("before")
    (tmp_path / "objects").write_text("not a folder")
    seen = run("open('data', 'r+').write('x'); raise SystemExit(3)")
    assert seen.execution.exit_code == 3
    assert seen.use("data").before
    assert seen.use("data").stored == ()
    assert "objects/tmp: Not a directory" in seen.gaps()
