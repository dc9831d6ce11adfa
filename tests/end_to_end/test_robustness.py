"""Trouble around the scan: caches, other scans, folders that can't be written."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("reprocheck")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
PLANTED = "import pickle\n\npickle.load(stream)\n"


@pytest.fixture
def planted(project: Path) -> Path:
    (project / "a.py").write_text(PLANTED, "utf-8")
    return project


def the_cache(project: Path) -> Path:
    (path,) = (project / ".reprocheck_cache").glob("*.sqlite")
    return path


@pytest.mark.parametrize("damage", ["not a database", "truncated", "other tables", "entry"])
def test_a_damaged_cache_is_as_good_as_none(run: Run, planted: Path, damage: str) -> None:
    expected = run("scan", "-o", "json").stdout
    path = the_cache(planted)
    match damage:
        case "not a database":
            path.write_bytes(b"\x00garbage" * 4000)
        case "truncated":
            path.write_bytes(path.read_bytes()[:5000])
        case "other tables":
            path.unlink()
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE results (something TEXT)")
            connection.close()
        case _:
            with sqlite3.connect(path) as connection:
                connection.execute("UPDATE results SET value = x'00ff'")
            connection.close()
    done = run("scan", "-o", "json")
    assert (done.returncode, done.stdout) == (1, expected)
    assert "Traceback" not in done.stderr


def test_a_cache_folder_that_cannot_be_made_is_a_message(run: Run, planted: Path) -> None:
    (planted / ".reprocheck_cache").write_text("in the way", "utf-8")
    done = run("scan", "-o", "concise")
    assert done.returncode == 1
    assert "ART003" in done.stdout
    assert "cannot be used" in done.stderr
    assert run("scan", "-q", "-o", "concise").stderr == ""


def test_a_cache_folder_that_leads_elsewhere_is_not_followed_out_of_the_project(
    run: Run, planted: Path, tmp_path: Path
) -> None:
    with (planted / "reprocheck.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'cache-dir = "{tmp_path / "elsewhere"}"\n')
    assert run("scan").returncode == 2
    assert not (tmp_path / "elsewhere").exists()


def test_two_scans_at_once_agree(planted: Path, environment: dict[str, str]) -> None:
    for number in range(30):
        (planted / f"m{number}.py").write_text(PLANTED, "utf-8")
    started = [
        subprocess.Popen(
            [COMMAND, "scan", "-o", "json"],
            cwd=planted,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [1, 1, 1]
    assert len({stdout for stdout, _ in answers}) == 1
    assert {stderr for _, stderr in answers} == {""}


def test_watching_reports_again_when_a_file_changes_and_ends_on_an_interrupt(
    planted: Path, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [COMMAND, "scan", "--watch", "-o", "concise"],
        cwd=planted,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = [process.stdout.readline() for _ in range(2)]
        assert process.stderr.readline().startswith("Watching")
        time.sleep(0.05)
        (planted / "b.py").write_text("import pickle\n\n\npickle.load(other)\n", "utf-8")
        second = [process.stdout.readline() for _ in range(3)]
        assert process.stderr.readline().startswith("Watching")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.wait(60)
    assert [line.partition(" ")[0] for line in first] == ["a.py:3:1:", "1"]
    assert [line.partition(" ")[0] for line in second] == ["a.py:3:1:", "b.py:4:1:", "2"]
    assert process.returncode in {0, 130}
    assert "Traceback" not in rest
