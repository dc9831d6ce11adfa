"""How long dead code has stood."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reprocheck.app.ages import with_ages
from reprocheck.app.git import git
from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.place import Place, Span


def commit(folder: Path, when: str) -> None:
    environment = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    for arguments in (["add", "-A"], ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=environment)  # noqa: S607


def finding(line: int, code: str = "DBT001", path: str = "a.py") -> Finding:
    return Finding(
        code=code,
        rule="dead-flag",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="dead",
        place=Place(path, Span(line, 1, line, 2)),
    )


def test_each_line_has_the_date_of_its_last_commit(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: S607
    (tmp_path / "a.py").write_text("A = False\nB = False\n", "utf-8")
    commit(tmp_path, "2020-03-04T12:00:00+0000")
    (tmp_path / "a.py").write_text("A = False\nB = None\n", "utf-8")
    commit(tmp_path, "2023-05-06T12:00:00+0000")
    (tmp_path / "a.py").write_text("A = False\nB = None\nC = 0\n", "utf-8")
    (tmp_path / "new.py").write_text("D = 0\n", "utf-8")
    told = with_ages(
        [finding(1), finding(2), finding(3), finding(1, "RNG001"), finding(1, path="new.py")], tmp_path, None
    )
    assert [f.message for f in told] == [
        "dead; unchanged since 2020-03-04",
        "dead; unchanged since 2023-05-06",
        "dead",
        "dead",
        "dead",
    ]


def test_a_folder_without_history_has_no_dates(tmp_path: Path) -> None:
    assert with_ages([finding(1)], tmp_path, None)[0].message == "dead"


def test_git_is_asked_again_after_a_commit_or_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, folder = tmp_path / "project", tmp_path / "kept"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(project)], check=True)  # noqa: S607
    (project / "a.py").write_text("A = False\n", "utf-8")
    commit(project, "2020-03-04T12:00:00+0000")
    asked: list[str] = []

    def counted(root: Path, *arguments: str, seconds: float) -> str:
        asked.append(arguments[0])
        return git(root, *arguments, seconds=seconds)

    monkeypatch.setattr("reprocheck.app.ages.git", counted)

    def told(*findings: Finding) -> list[str]:
        asked.clear()
        return [f.message for f in with_ages(findings, project, folder)]

    assert told(finding(1)) == ["dead; unchanged since 2020-03-04"]
    assert asked == ["rev-parse", "blame"]
    assert told(finding(1)) == ["dead; unchanged since 2020-03-04"]
    assert asked == ["rev-parse"]
    (project / "a.py").write_text("A = 0\nA = False\n", "utf-8")
    assert told(finding(1), finding(2)) == ["dead", "dead; unchanged since 2020-03-04"]
    assert asked == ["rev-parse", "blame"]
    commit(project, "2021-03-04T12:00:00+0000")
    assert told(finding(1), finding(2)) == ["dead; unchanged since 2021-03-04", "dead; unchanged since 2020-03-04"]
    (folder / "ages.msgpack").write_bytes(b"damaged")
    assert told(finding(2)) == ["dead; unchanged since 2020-03-04"]
