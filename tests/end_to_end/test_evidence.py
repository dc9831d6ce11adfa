"""What replays and samples say of findings stands in the ledger, and every scan says it of just that code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.end_to_end.test_replay import Project

UNSEEDED = "import random\n\nwith open('out.txt', 'w') as out:\n    out.write(str(random.random()))\n"
SEEDED = UNSEEDED.replace("random\n\n", "random\n\nrandom.seed(0)\n")
LEDGER = ".reprocheck-ledger.toml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", Path(sys.executable))


def evidence(project: Project) -> dict[str, str]:
    report = json.loads(project.call("scan", "-o", "json", "--select", "RNG", "--min-confidence", "low").stdout)
    return {finding["code"]: finding["evidence"] for finding in report["findings"]}


def learn(project: Project, times: int) -> str:
    return project.call("replay", "@", "--times", str(times), "--evidence").stderr


def test_a_repair_after_which_replays_agree_confirms_the_finding(project: Project) -> None:
    project.record(UNSEEDED, "--name", "found")
    assert "confirms none" in learn(project, 2)
    assert not (project.root / LEDGER).exists()
    assert evidence(project) == {"RNG001": "untested"}

    project.record(SEEDED)
    assert "may be luck, `--times 3` is enough" in learn(project, 1)
    assert not (project.root / LEDGER).exists()
    assert "confirmed by" in learn(project, 3)
    assert evidence(project) == {}

    project.write("train.py", "# as it was\n" + UNSEEDED)
    found = json.loads(project.call("show", "found", "-o", "json").stdout)["id"]
    assert evidence(project) == {"RNG001": f"confirmed by {found}"}
    shown = project.call("scan", "--select", "RNG001", "--min-confidence", "low").stdout
    assert f"confirmed by {found}" in shown
    project.write("train.py", UNSEEDED.replace("random.random()", "random.random() * 2"))
    assert evidence(project) == {"RNG001": "untested"}


def test_nothing_is_confirmed_where_more_than_the_finding_changed(project: Project) -> None:
    project.write("other.py", "SIZE = 1\n")
    project.record(UNSEEDED.replace("random\n\n", "random\nimport other\n\n"))
    learn(project, 3)
    project.write("other.py", "SIZE = 2\n")
    project.record(SEEDED.replace("random\n\n", "random\nimport other\n\n"))
    assert "beside train.py, other.py changed" in learn(project, 3)
    assert not (project.root / LEDGER).exists()


def test_replays_that_agree_say_that_nothing_was_observed(project: Project) -> None:
    project.record(UNSEEDED.replace("str(random.random())", "str(random.choice(['a', 'a']))"))
    assert "not-observed" in learn(project, 2)
    assert evidence(project) == {"RNG001": "not observed in 2 runs under replay"}
    assert "0 new" in learn(project, 2)
    listed = project.call("triage")
    assert "not-observed" in listed.stdout
    [item] = json.loads(project.call("triage", "-o", "json").stdout)["evidence"]
    assert (item["factor"], item["runs"], item["outcome"]) == ("replay", 2, "not-observed")
    project.call("triage", "--code", "RNG", "--state", "accepted", "--reason", "one value", "--yes")
    assert (project.root / LEDGER).read_text("utf-8").count("[[evidence]]") == 1


def test_a_replay_of_older_code_explains_but_proves_nothing(project: Project) -> None:
    project.record(UNSEEDED)
    project.write("train.py", UNSEEDED + "print()\n")
    learn(project, 3)
    project.record(SEEDED)
    learn(project, 3)
    assert not (project.root / LEDGER).exists()


def test_given_entropy_a_replay_says_nothing(project: Project) -> None:
    project.record(UNSEEDED, "--record-entropy")
    assert "had to agree" in learn(project, 3)
    assert evidence(project) == {"RNG001": "untested"}
