"""What git says about changed lines, as ranges."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reprocheck.app.changes import Changes, changed_since
from reprocheck.app.errors import UsageError
from reprocheck.model.place import Place, Span


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 — the git of the machine


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("a.py", "with space.py", 'quo"te.py', "größe.py", "gone.py", "sub/b.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"line {n}\n" for n in range(1, 11)), "utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def edit(path: Path, line: int, text: str) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[line - 1] = text
    path.write_text("".join(lines), "utf-8")


def touched(changes: Changes, path: str) -> list[int]:
    return [n for n in range(1, 15) if changes.touches(Place(path, Span(n, 1, n, 2)))]


def test_changed_lines_of_oddly_named_files(repository: Path) -> None:
    for name in ("with space.py", 'quo"te.py', "größe.py", "sub/b.py"):
        edit(repository / name, 4, "changed\nadded\n")
    (repository / "gone.py").unlink()
    changes = changed_since(repository, "HEAD")
    for name in ("with space.py", 'quo"te.py', "größe.py", "sub/b.py"):
        assert touched(changes, name) == [4, 5]
    assert touched(changes, "a.py") == []


def test_paths_are_relative_to_a_root_below_the_repository(repository: Path) -> None:
    edit(repository / "sub/b.py", 2, "changed\n")
    edit(repository / "a.py", 2, "changed\n")
    changes = changed_since(repository / "sub", "HEAD")
    assert touched(changes, "b.py") == [2]
    assert set(changes.lines) == {"b.py"}


def test_untracked_files_are_new_as_a_whole_and_ignored_ones_are_not_there(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n", "utf-8")
    (repository / "new.py").write_text("x\n", "utf-8")
    (repository / "a.log").write_text("x\n", "utf-8")
    changes = changed_since(repository, "HEAD")
    assert changes.whole == {".gitignore", "new.py"}
    assert len(touched(changes, "new.py")) == 14


def test_a_deleted_line_touches_what_stood_around_it_and_nothing_else(repository: Path) -> None:
    edit(repository / "a.py", 3, "")
    changes = changed_since(repository, "HEAD")
    assert touched(changes, "a.py") == []
    assert changes.touches(Place("a.py", Span(2, 1, 3, 2)))
    assert not changes.touches(Place("a.py", Span(3, 1, 5, 2)))


def test_a_span_counts_with_all_its_lines(repository: Path) -> None:
    edit(repository / "a.py", 5, "changed\n")
    changes = changed_since(repository, "HEAD")
    assert changes.touches(Place("a.py", Span(1, 1, 5, 2)))
    assert changes.touches(Place("a.py", Span(5, 1, 9, 2)))
    assert not changes.touches(Place("a.py", Span(1, 1, 4, 2)))
    assert not changes.touches(Place("a.py", Span(6, 1, 9, 2)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("diff.external", "false"),
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.dstPrefix", "new/"),
        ("color.diff", "always"),
        ("core.fsmonitor", "touch ran;false"),
        ("core.quotePath", "true"),
    ],
)
def test_configuration_of_git_changes_nothing_and_runs_nothing(repository: Path, key: str, value: str) -> None:
    git(repository, "config", key, value)
    (repository / "b").mkdir()
    (repository / "größe.py").rename(repository / "b" / "größe.py")
    edit(repository / "a.py", 2, "changed\n")
    changes = changed_since(repository, "HEAD")
    assert touched(changes, "a.py") == [2]
    assert "b/größe.py" in changes.whole
    assert not (repository / "ran").exists()


@pytest.mark.parametrize("revision", ["nothing", "--output=x", "-p", ""])
def test_what_is_no_revision_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError):
        changed_since(repository, revision)
    assert not (repository / "x").exists()


def test_a_folder_without_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git could not compare"):
        changed_since(tmp_path, "HEAD")
