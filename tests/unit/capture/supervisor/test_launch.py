"""What a command notices of being launched: nothing."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reprocheck.capture.launch import launch
from reprocheck.model.record import Status

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run

_STATE = """
import json, os, resource, signal, sys
state = {
    "group": os.getpgrp(), "session": os.getsid(0), "nice": os.nice(0), "umask": os.umask(0),
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT")},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "status": [l for l in open("/proc/self/status") if l.startswith(("SigBlk", "SigIgn", "SigCgt", "Uid", "CapEff"))],
    "descriptors": {n: os.readlink(f"/proc/self/fd/{n}") for n in sorted(os.listdir("/proc/self/fd"))[:-1]},
    "environment": dict(os.environ), "cwd": os.getcwd(), "arguments": sys.argv, "executable": sys.executable,
    "affinity": sorted(os.sched_getaffinity(0)), "scheduler": os.sched_getscheduler(0),
}
open(sys.argv[1], "w").write(json.dumps(state))
"""
_LAUNCHER = """
import os, sys
from pathlib import Path
from reprocheck.capture.launch import launch
Path("journal").mkdir(exist_ok=True)
ended = launch(sys.argv[1:], cwd=Path.cwd(), environment=os.environ, journal=Path("journal"), objects=None)
sys.exit(ended.exit_code)
"""


def _launcher(*command: str) -> list[str]:
    return [sys.executable, "-c", _LAUNCHER, *command]


def test_a_command_finds_what_it_would_find_without_us(tmp_path: Path) -> None:
    (tmp_path / "state.py").write_text(_STATE)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "ODD": "a\udcff\n", "HOME": "/"}
    states = []
    for name in ("plain", "watched"):
        command = [sys.executable, "-E", "state.py", name]
        if name == "plain":
            subprocess.run(command, cwd=tmp_path, env=environment, close_fds=False, check=True)
        else:
            (tmp_path / "journal").mkdir()
            journal = tmp_path / "journal"
            launch(command, cwd=tmp_path, environment=environment, journal=journal, objects=None)
        state = json.loads((tmp_path / name).read_text())
        del state["arguments"]
        states.append(state)
    plain, watched = states
    assert watched == plain


def test_pipes_go_through_and_end_when_the_command_does(tmp_path: Path) -> None:
    command = _launcher(sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.exit(9)")
    ended = subprocess.run(command, input="in", capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("IN", "", 9)


def test_a_redirected_standard_input_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with (
        (tmp_path / "data").open() as data,
        (tmp_path / "printed").open("w") as printed,
        (tmp_path / "silent").open("w") as silent,
    ):
        subprocess.run(_launcher("cat"), stdin=data, stdout=printed, stderr=silent, cwd=tmp_path, check=True)
    from reprocheck.capture.files import file_uses

    roles = {use.path: (use.role.value, use.size) for use in file_uses(tmp_path / "journal", root=tmp_path).uses}
    assert roles["data"] == ("input", 1)
    assert roles["printed"] == ("log", 1)
    assert "silent" not in roles


def test_descriptors_of_the_shell_reach_the_command(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("through three")
    script = " ".join(["exec 3<data;", sys.executable, "-c", f"'{_LAUNCHER}'", "sh", "-c", "'cat <&3'"])
    ended = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ended.stdout, ended.stderr) == ("through three", "")


@pytest.mark.parametrize(("command", "code"), [(["absent-command"], 127), (["./plain-file"], 126), (["./folder"], 126)])
def test_a_command_that_cannot_start_says_why(run: Run, command: list[str], code: int) -> None:
    root = run("pass").root
    (root / "plain-file").write_text("x")
    (root / "folder").mkdir()
    execution = run(command).execution
    assert (execution.status, execution.exit_code) == (Status.NOT_STARTED, code)
    assert command[0] in execution.gaps[-1].reason


def test_a_script_without_a_first_line_goes_to_the_shell(run: Run) -> None:
    root = run("pass").root
    (root / "script").write_text("exit 12\n")
    (root / "script").chmod(0o755)
    assert run(["./script"]).execution.exit_code == 12


def test_a_missing_folder_is_not_started(tmp_path: Path) -> None:
    execution = launch(["true"], cwd=tmp_path / "no", environment={}, journal=tmp_path, objects=None)
    assert (execution.status, execution.exit_code) == (Status.NOT_STARTED, 127)


def test_what_it_took_is_counted(run: Run) -> None:
    execution = run("x = bytearray(50_000_000); sum(range(2_000_000))").execution
    assert execution.user_time > 0.01
    assert execution.max_memory > 50_000_000
    assert execution.supervised
    assert execution.pid > 0


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


_COUNTS = """
import os, signal, sys, time
got = []
signal.signal(getattr(signal, sys.argv[1]), lambda *_: got.append(1))
open("ready", "w")
end = time.monotonic() + 10
while not got and time.monotonic() < end: time.sleep(0.01)
time.sleep(0.3)
sys.exit(40 + len(got))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP"])
def test_signals_for_the_launcher_are_the_commands(tmp_path: Path, name: str) -> None:
    with subprocess.Popen(_launcher(sys.executable, "-c", _COUNTS, name), cwd=tmp_path) as launcher:
        _wait_for(tmp_path / "ready")
        launcher.send_signal(getattr(signal, name))
    assert launcher.returncode == 41


def test_the_terminal_interrupts_the_command_once(tmp_path: Path) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, _launcher(sys.executable, "-c", _COUNTS, "SIGINT"))  # noqa: S606 -- behind pty.fork
    try:
        _wait_for(tmp_path / "ready")
        os.write(terminal, b"\x03")
        _, status = os.waitpid(process, 0)
        assert select.select([terminal], [], [], 1)[0]
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 41


def test_the_calling_process_is_left_as_it_was(run: Run) -> None:
    def state() -> tuple[object, int]:
        return signal.pthread_sigmask(signal.SIG_BLOCK, []), len([*Path("/proc/self/fd").iterdir()])

    before = state()
    run("pass")
    assert state() == before


def test_a_command_that_ended_before_it_was_heard_of_is_followed_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_number: int) -> int:
        raise ProcessLookupError

    # On a busy machine a short command has come to its end before the launcher hears that it was started.
    monkeypatch.setattr(os, "pidfd_open", gone)
    seen = run("open('out', 'w').write('x'); raise SystemExit(3)")
    assert seen.execution.exit_code == 3
    assert seen.roles()["out"] == "output"
    assert seen.files.complete


def test_the_search_for_a_program_is_not_part_of_the_run(run: Run) -> None:
    program = Path(sys.executable)
    environment = {**os.environ, "PATH": f"/no-such-folder:{program.parent}"}
    seen = run([program.name, "-c", "pass"], environment=environment)
    assert seen.execution.exit_code == 0
    assert [use.path for use in seen.files.uses if use.role.value in {"code", "input"}] == []


def test_a_script_without_a_first_line_is_found_by_its_name_too(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "greet"
    script.parent.mkdir()
    script.write_text('test "$1" = hello && exit 7')
    script.chmod(0o755)
    environment = {"PATH": f"/usr/bin:{script.parent}"}
    assert run(["greet", "hello"], environment=environment).execution.code == 7


def test_the_agent_learns_whether_somebody_else_sees_the_files(run: Run) -> None:
    program = "import os; open('told', 'w').write(os.environ['REPROCHECK_AGENT'])"
    given = {"REPROCHECK_AGENT": "/nowhere\nroot=/"}
    for options, told in (({}, ["files=outside"]), ({"files": False}, [])):
        text = (run(program, environment=given, **options).root / "told").read_text().split("\n")
        assert [line for line in text if line.startswith(("files=", "board="))][:1] == told
