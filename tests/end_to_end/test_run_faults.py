"""What goes wrong around a run harms neither the command nor the store, and the record says what happened."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("reprocheck")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
_WAIT = 20.0


def _record(run: Run, *arguments: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run("show", "@", "-o", "json", *arguments).stdout)
    return record


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def read_only(project: Path) -> Iterator[Path]:
    """A store in which nothing can be written: by rights, and for those above rights by being a file."""
    folder = project / ".reprocheck"
    folder.write_text("in the way", "utf-8")
    yield folder
    folder.unlink()


def test_a_store_that_cannot_be_written_is_replaced(run: Run, read_only: Path, environment: dict[str, str]) -> None:
    done = run("run", "--", sys.executable, "-c", "print('ran'); raise SystemExit(4)")
    assert (done.returncode, done.stdout) == (4, "ran\n")
    substitute = Path(environment["HOME"], ".local", "state", "reprocheck", "store")
    assert str(read_only) in done.stderr
    assert f"--store {substitute}" in done.stderr
    record = _record(run, "--store", str(substitute))
    assert [gap["channel"] for gap in record["gaps"] if gap["channel"] == "store"] == ["store"]
    assert record["execution"]["code"] == 4


def test_where_nothing_can_be_written_the_command_runs_all_the_same(run: Run, read_only: Path) -> None:  # noqa: ARG001 — in the way
    done = run(
        "run",
        "--",
        sys.executable,
        "-c",
        "print('ran'); raise SystemExit(4)",
        variables={"HOME": "/proc/x", "TMPDIR": "/proc/x"},
    )
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert "No record is kept" in done.stderr or "--store" in done.stderr


def test_a_newer_store_is_left_alone(run: Run, project: Path) -> None:
    run("run", "-q", "--", sys.executable, "-c", "pass")
    store = project / ".reprocheck" / "store"
    (store / "format").write_text("reprocheck store 99\n", "ascii")
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    listed = run("ls")
    assert listed.returncode == 2
    assert "format 99" in listed.stderr
    assert "nothing in it was changed" in listed.stderr
    done = run("run", "--", sys.executable, "-c", "raise SystemExit(4)")
    assert done.returncode == 4
    assert "format 99" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_a_full_disk_costs_the_record_and_nothing_else(project: Path, environment: dict[str, str]) -> None:
    """A limit on the size of files stands for the disk: writing beyond it fails in the same place."""
    code = "import os; print('ran'); os._exit(4)"
    done = subprocess.run(
        [COMMAND, "run", "--", sys.executable, "-c", code],
        cwd=project,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4608, 4608)),
    )
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert "could not be written" in done.stderr or "No record is kept" in done.stderr
    listed = subprocess.run(
        [COMMAND, "ls", "-o", "json"], cwd=project, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert [row["state"] for row in json.loads(listed.stdout)] == ["abandoned"]
    verified = subprocess.run(
        [COMMAND, "verify", "--all"], cwd=project, env=environment, capture_output=True, check=False
    )
    assert verified.returncode == 0


def test_a_record_that_its_store_does_not_take_is_kept_elsewhere(
    run: Run, project: Path, environment: dict[str, str]
) -> None:
    """A folder where the record should be stands for a disk that has become full."""
    code = (
        "import glob, os; [os.makedirs(d + '/record.b3/x') for d in glob.glob('.reprocheck/store/runs/*')]; os._exit(4)"
    )
    (project / "data.txt").write_text("x", "utf-8")
    done = run("run", "--name", "lost", "--", sys.executable, "-c", code)
    assert done.returncode == 4
    substitute = Path(environment["HOME"], ".local", "state", "reprocheck", "store")
    assert "could not be written: Is a directory" in done.stderr
    assert f"--store {substitute}" in done.stderr
    record = json.loads(run("show", "lost", "--store", substitute, "-o", "json").stdout)
    assert record["execution"]["code"] == 4
    assert "could not be written" in next(gap["reason"] for gap in record["gaps"] if gap["channel"] == "store")
    assert run("verify", "--all", "--store", substitute).returncode == 0
    assert [row["state"] for row in json.loads(run("ls", "-o", "json").stdout)] == ["abandoned"]


def test_two_runs_at_once_do_not_disturb_each_other(run: Run, project: Path, environment: dict[str, str]) -> None:
    code = "import random, sys; random.seed(sys.argv[1]); open(sys.argv[1], 'w').write('x' * 1000)"
    started = [
        subprocess.Popen(
            [COMMAND, "run", "-q", "--", sys.executable, "-c", code, str(number)], cwd=project, env=environment
        )
        for number in range(4)
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    rows = json.loads(run("ls", "-o", "json").stdout)
    assert [row["sequence"] for row in rows] == [1, 2, 3, 4]
    assert sorted(row["command"][-1] for row in rows) == ["0", "1", "2", "3"]
    assert run("verify", "--all").returncode == 0


def test_a_killed_launcher_leaves_a_store_that_is_whole(run: Run, project: Path, environment: dict[str, str]) -> None:
    program = "import random, time\nrandom.seed(5)\nopen('started', 'w').write('x')\nwhile True: time.sleep(0.05)\n"
    program = f"print('API_KEY=x9y8z7w6v5', flush=True)\n{program}"
    (project / "program.py").write_text(program, "utf-8")
    process = subprocess.Popen(
        [COMMAND, "run", "--output", "stdout", "--", sys.executable, "program.py"],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until((project / "started").exists)
    assert [row["state"] for row in json.loads(run("ls", "-o", "json").stdout)] == ["running"]
    assert run("gc").returncode == 2
    (journal,) = (project / ".reprocheck" / "store" / "runs").glob("*/journal")
    child = next(int(path.stem.split("-")[1]) for path in journal.glob("agent-*"))
    process.kill()
    process.wait()
    assert [row["state"] for row in json.loads(run("ls", "-o", "json").stdout)] == ["abandoned"]
    # The command goes on: it is not harmed, and its record has to wait.
    os.kill(child, 0)
    assert "goes on" in run("show", "@").stderr
    os.kill(child, signal.SIGKILL)
    _until(lambda: run("verify", "--all").returncode == 0)
    record = _record(run)
    assert record["execution"]["status"] == "abandoned"
    assert [call["value"] for call in record["observations"]["seeders"]] == ["5"]
    # What the program printed was on its way into the store and looks like a credential.
    assert not any(
        b"x9y8z7w6v5" in path.read_bytes() for path in project.glob(".reprocheck/store/**/*") if path.is_file()
    )
    assert "files.stdout" in {gap["channel"] for gap in record["gaps"]}
    assert [gap["channel"] for gap in record["gaps"] if "launcher" in gap["reason"]] == [
        "code",
        "environment",
        "execution",
    ]


def test_signals_for_the_launcher_are_the_commands(run: Run, project: Path, environment: dict[str, str]) -> None:
    program = "import time\nopen('started', 'w').close()\nwhile True: time.sleep(0.05)\n"
    (project / "program.py").write_text(program, "utf-8")
    process = subprocess.Popen(
        [COMMAND, "run", "-q", "--", sys.executable, "program.py"],
        cwd=project,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    _until((project / "started").exists)
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    assert _record(run)["execution"]["signal"] == signal.SIGTERM


def test_a_program_that_scribbles_into_the_journal_keeps_its_exit_code(run: Run, project: Path) -> None:
    lines = (
        "import glob, os, random",
        "random.seed(3)",
        "(journal,) = glob.glob('.reprocheck/store/runs/*/journal')",
        "for name in ('agent-1-1.jsonl', 'agent-x-y.jsonl', 'launch.jsonl', 'files.jsonl'):",
        "    with open(os.path.join(journal, name), 'ab') as file:",
        '        file.write(b\'\\xff{"event": "seed", "pid": "x"}\\n[1]\\n{"event": 3}\\n{"event": "seed"\\n\\n\')',
        "raise SystemExit(4)",
    )
    (project / "program.py").write_text("\n".join(lines), "utf-8")
    done = run("run", "--", sys.executable, "program.py")
    assert done.returncode == 4, done.stderr
    assert "defect" not in done.stderr
    record = _record(run)
    assert ("random.seed", "3") in {(call["name"], call["value"]) for call in record["observations"]["seeders"]}
    assert any("cannot be read" in gap["reason"] or "could not be read" in gap["reason"] for gap in record["gaps"])


def test_an_interrupt_from_the_terminal_is_the_commands_and_the_record_is_written(
    run: Run, project: Path, environment: dict[str, str]
) -> None:
    lines = ("import time", "try:", "    open('started', 'w').close()", "    while True: time.sleep(0.05)")
    program = "\n".join((*lines, "finally:", "    open('end', 'w')"))
    (project / "program.py").write_text(program, "utf-8")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [COMMAND, "run", "-q", "--", sys.executable, "program.py"],
        cwd=project,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 — one thread here
    )
    _until((project / "started").exists)
    os.write(ours, b"\x03")
    assert process.wait(30) == 128 + signal.SIGINT
    assert (project / "end").exists()
    os.close(ours)
    os.close(theirs)
    assert _record(run)["execution"]["signal"] == signal.SIGINT


def test_a_clock_that_goes_backwards_keeps_the_order_of_runs(run: Run, project: Path) -> None:
    run("run", "-q", "--", sys.executable, "-c", "1")
    (runs,) = (project / ".reprocheck" / "store").glob("runs")
    (first,) = runs.iterdir()
    # The first run started in what is now the future.
    later = "7" + first.name[1:]
    for name in ("start.json", "record.json"):
        path = first / name
        path.chmod(0o644)
        path.write_text(path.read_text("utf-8").replace(first.name, later), "utf-8")
    first.rename(runs / later)
    run("run", "-q", "--", sys.executable, "-c", "2")
    rows = json.loads(run("ls", "-o", "json").stdout)
    assert [row["command"][-1] for row in rows] == ["1", "2"]
    assert _record(run)["sequence"] == 2


def test_names_that_are_no_text_are_spelled_out(project: Path, environment: dict[str, str]) -> None:
    code = b"import sys; open(b'in\\xff', 'w').close(); open(b'in\\xff').close(); open(b'out\\n\\xfe', 'w').write('x')"
    folder = os.fsencode(project) + b"/caf\xe9"
    Path(os.fsdecode(folder)).mkdir()
    command = [
        os.fsencode(COMMAND),
        b"run",
        b"--name",
        b"n\xf0",
        b"--",
        os.fsencode(sys.executable),
        b"-c",
        code,
        b"\xfd",
    ]
    variables = {**{os.fsencode(k): os.fsencode(v) for k, v in environment.items()}, b"DB_PASSWORD": b"odd\xfcvalue"}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"defect" not in done.stderr
    shown = subprocess.run([COMMAND, "show", "-o", "json"], cwd=folder, env=variables, capture_output=True, check=True)
    record = json.loads(shown.stdout)
    assert record["name"] == "n\\xf0"
    assert record["command"]["cwd"] == "caf\\xe9"
    assert record["command"]["arguments"][-1] == "\\xfd"
    assert {"caf\\xe9/in\\xff", "caf\\xe9/out\n\\xfe"} <= {use["path"] for use in record["files"]["uses"]}
    listed = subprocess.run([COMMAND, "show", "-v"], cwd=folder, env=variables, capture_output=True, check=True)
    assert b"out\\n" in listed.stdout
