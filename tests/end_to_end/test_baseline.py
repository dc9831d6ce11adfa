"""The baseline: what was there before doesn't count, what is new does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
FILE = ".reprocheck-baseline.json"
BODY = "import pickle\n\n\ndef read(stream):\n    return pickle.load(stream)\n"


@pytest.fixture
def recorded(run: Run, project: Path) -> Path:
    """A project with one finding that its baseline has."""
    (project / "a.py").write_text(BODY, "utf-8")
    done = run("baseline", "create")
    assert done.stdout.startswith("Recorded 1 finding(s) in")
    with (project / "reprocheck.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'baseline = "{FILE}"\n')
    return project


def new(run: Run) -> list[tuple[str, int]]:
    found = json.loads(run("scan", "-o", "json").stdout)["findings"]
    return [(f["path"], f["span"]["line"]) for f in found if f["baseline"] == "new"]


def test_only_new_findings_count(run: Run, recorded: Path) -> None:
    assert run("scan").returncode == 0
    (recorded / "b.py").write_text(BODY.replace("read", "other"), "utf-8")
    assert run("scan").returncode == 1
    assert new(run) == [("b.py", 5)]


def test_a_finding_is_known_after_edits_around_it_and_in_a_moved_file(run: Run, recorded: Path) -> None:
    text = "# A comment.\n\n" + BODY.replace("return pickle.load(stream)", "return pickle.load( stream )  # by hand")
    (recorded / "a.py").write_text(text, "utf-8")
    assert new(run) == []
    (recorded / "package").mkdir()
    (recorded / "a.py").rename(recorded / "package" / "b.py")
    assert new(run) == []


def test_a_twin_put_before_the_known_one_is_new(run: Run, recorded: Path) -> None:
    (recorded / "a.py").write_text(
        "import pickle\n\n\ndef read(stream):\n    if stream is None:\n        return pickle.load(stream)\n"
        "    check(stream)\n    return pickle.load(stream)\n",
        "utf-8",
    )
    (recorded / FILE).unlink()
    run("baseline", "create")
    assert new(run) == []
    with_twin = (
        "import pickle\n\n\ndef read(stream):\n    log(stream)\n    return pickle.load(stream)\n"
        "    if stream is None:\n        return pickle.load(stream)\n"
        "    check(stream)\n    return pickle.load(stream)\n"
    )
    (recorded / "a.py").write_text(with_twin, "utf-8")
    assert new(run) == [("a.py", 6)]


def test_update_takes_in_what_is_new_and_prune_only_forgets(run: Run, recorded: Path) -> None:
    (recorded / "a.py").write_text("x = 1\n", "utf-8")
    (recorded / "b.py").write_text(BODY.replace("read", "other"), "utf-8")
    scan = run("scan")
    assert "1 finding(s) of the baseline are gone" in scan.stderr
    assert run("baseline", "prune").stdout == "1 forgotten.\n"
    assert run("scan").returncode == 1
    assert run("baseline", "update").stdout == "1 added, 0 forgotten.\n"
    assert run("scan").returncode == 0
    assert run("baseline", "show").stdout.split() == ["1", "ART003", "1", "in", FILE]


def test_the_file_can_be_named_on_the_command_line(run: Run, project: Path) -> None:
    (project / "a.py").write_text(BODY, "utf-8")
    assert run("baseline", "create", "--baseline", "known.json").returncode == 0
    assert run("scan").returncode == 1
    assert run("scan", "--baseline", "known.json").returncode == 0


def test_a_baseline_is_one_line_per_finding_and_ends_the_same_however_often_it_is_made(
    run: Run, recorded: Path
) -> None:
    first = (recorded / FILE).read_bytes()
    run("baseline", "create")
    assert (recorded / FILE).read_bytes() == first
    assert first.decode().splitlines()[1].startswith('{"path":"a.py","code":"ART003","symbol":"read",')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no baseline"),
        ("{", "is damaged"),
        ('{"schema": 99, "findings": []}', "newer reprocheck"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_a_usage_error(
    run: Run, recorded: Path, content: str | None, message: str
) -> None:
    (recorded / FILE).unlink()
    if content is not None:
        (recorded / FILE).write_text(content, "utf-8")
    done = run("scan")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
