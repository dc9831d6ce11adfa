"""Replays that something comes between: `inconclusive`, a reason, a next step, nothing left behind and nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

INCONCLUSIVE = 4
UNSHARE = shutil.which("unshare") or "unshare"
NAMES = ("REPROCHECK", "PYTEST", "COV")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "p"\n', "utf-8")
    return root


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(NAMES)}


def reprocheck(
    root: Path, *arguments: str, before: tuple[str, ...] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "reprocheck", *arguments],
        cwd=root,
        env=environment() | more,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def record(root: Path, program: str) -> None:
    (root / "train.py").write_text(program, "utf-8")
    done = reprocheck(root, "run", "-q", "--", sys.executable, "-B", "train.py")
    assert done.returncode == 0, done.stderr


def refused(done: subprocess.CompletedProcess[str], root: Path) -> str:
    """The reason of an inconclusive replay that left nothing behind."""
    assert done.returncode == INCONCLUSIVE, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["verdict"]["outcome"] == "inconclusive"
    assert report["remedy"]
    work = root / ".reprocheck/store/work"
    assert not work.is_dir() or not list(work.iterdir())
    return str(report["verdict"]["reason"])


def on_small_disk(root: Path, kibibytes: int) -> subprocess.CompletedProcess[str]:
    """A replay whose working copies lie on a disk of a given size."""
    work = root / ".reprocheck/store/work"
    work.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kibibytes}k none "$0" && exec "$@"'
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    before = (UNSHARE, "--mount", *user, "sh", "-c", mount, str(work))
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount anything, not even in a namespace")
    return reprocheck(root, "replay", "@", "-o", "json", before=before)


STUBBORN = "open('out.bin', 'wb').write(bytes(1 << 20))\n"
TIDY = f"""import os
open('small.txt', 'w').write('1')
try:
    {STUBBORN}
except OSError:
    os.remove('out.bin')
    raise
"""


@pytest.mark.parametrize("program", [STUBBORN, TIDY])
def test_a_disk_that_fills_up_while_the_command_runs_proves_nothing(project: Path, program: str) -> None:
    record(project, program)
    assert "the disk was full while the command ran" in refused(on_small_disk(project, 512), project)
    assert (project / "out.bin").stat().st_size == 1 << 20


def test_a_disk_that_is_too_small_for_the_working_copy(project: Path) -> None:
    (project / "in.bin").write_bytes(bytes(1 << 20))
    record(project, "open('out.txt', 'w').write(str(len(open('in.bin', 'rb').read())))\n")
    reason = refused(on_small_disk(project, 512), project)
    assert "could not be made: No space left on device" in reason


def test_an_index_that_is_not_to_be_reached(project: Path) -> None:
    site = project.parent / "lib" / "site-packages"
    (site / "thing-1.0.dist-info").mkdir(parents=True)
    (site / "thing-1.0.dist-info/METADATA").write_text("Name: thing\nVersion: 1.0\n", "utf-8")
    (site / "thing.py").write_text("", "utf-8")
    bare = project.parent / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    (project / "train.py").write_text("import thing\nopen('out.txt', 'w').write('1')\n", "utf-8")
    done = reprocheck(project, "run", "-q", "--", str(bare / "bin/python"), "train.py", PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    done = reprocheck(
        project, "replay", "@", "--in", "venv", "-o", "json",
        UV_DEFAULT_INDEX="http://127.0.0.1:1/simple", UV_HTTP_RETRIES="0", UV_NO_CONFIG="1",
        UV_CACHE_DIR=str(project.parent / "cache"),
    )  # fmt: skip
    assert "could not be installed" in refused(done, project)


def waiting(marker: Path) -> str:
    """A program that waits while there is a file, with a process of its own that waits longer."""
    return (
        "import os, subprocess, sys, time\n"
        "open('out.txt', 'w').write('1')\n"
        f"if os.path.exists({str(marker)!r}):\n"
        f"    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(87.5)'])\n"
        f"    open({str(marker)!r} + '.on', 'w').close()\n"
        "    time.sleep(87.5)\n"
    )


def cancelled(project: Path, marker: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A replay that gets Ctrl-C once its command runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "reprocheck", "replay", "@", "-o", "json", *options],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 — a shell may ignore it
    ) as replay:
        end = time.monotonic() + 60
        while not marker.with_suffix(".on").exists() and time.monotonic() < end:
            time.sleep(0.1)
        replay.send_signal(signal.SIGINT)
        out, err = replay.communicate(timeout=60)
    return subprocess.CompletedProcess(replay.args, replay.returncode, out, err)


def test_a_cancelled_replay_ends_all_that_it_started(project: Path) -> None:
    marker = project.parent / "marker"
    record(project, waiting(marker))
    before = {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
    marker.touch()
    assert refused(cancelled(project, marker), project) == "the replay was cancelled"
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout  # noqa: S607 — any
    assert "time.sleep(87.5)" not in running
    assert {path: path.read_bytes() for path in project.iterdir() if path.is_file()} == before
    marker.unlink()
    # The run itself is as good as before.
    assert reprocheck(project, "replay", "@").returncode == 0
