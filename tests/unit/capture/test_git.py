"""What git says of a working tree, and what is said where git can't say anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reprocheck.capture.git import GitProbe, WorkingTree

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "trunk")
    return root


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


def git(folder: Path, *arguments: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout


def answer(root: Path) -> WorkingTree:
    tree, gaps = GitProbe(root).answer()
    assert tree is not None, gaps
    assert gaps == ()
    return tree


def commit(root: Path, **files: str) -> str:
    for name, text in files.items():
        (root / name).write_text(text, "utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "m", "--allow-empty")
    return git(root, "rev-parse", "HEAD").strip()


def test_a_clean_tree(repository: Path) -> None:
    head = commit(repository, a="1\n")
    tree = answer(repository)
    assert (tree.root, tree.commit, tree.branch, tree.changed, tree.diff) == (repository, head, "trunk", (), b"")
    assert head.startswith(tree.describe)


def test_changes_of_every_kind_can_be_applied_again(repository: Path, tmp_path: Path) -> None:
    commit(repository, a="1\n", b="2\n", c="3\n", binary="x\n")
    (repository / "a").write_text("changed\n", "utf-8")
    (repository / "b").unlink()
    git(repository, "mv", "c", "ä moved")
    (repository / "binary").write_bytes(bytes(range(256)))
    tree = answer(repository)
    assert tree.changed == ("a", "b", "binary", "c", "ä moved")
    git(tmp_path, "clone", "-q", str(repository), "copy")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path / "copy", input=tree.diff, check=True)  # noqa: S607 — the developer's own
    for name in ("a", "binary", "ä moved"):
        assert (tmp_path / "copy" / name).read_bytes() == (repository / name).read_bytes()
    assert not (tmp_path / "copy" / "b").exists()


def test_asking_changes_nothing(repository: Path) -> None:
    commit(repository, a="1\n", b="1\n")
    (repository / "b").write_text("2\n", "utf-8")
    os.utime(repository / "a", ns=(1, 1))  # git would like to note the new time in its index
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in repository.rglob("*") if path.is_file()}
    tree = answer(repository)
    assert tree.diff is not None
    assert tree.diff.count(b"diff --git") == 1
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before


def test_a_folder_inside_a_repository_belongs_to_it(repository: Path) -> None:
    commit(repository, a="1\n")
    (repository / "inner").mkdir()
    (repository / "a").write_text("2\n", "utf-8")
    tree = answer(repository / "inner")
    assert (tree.root, tree.changed) == (repository, ("a",))


def test_a_repository_without_a_commit(repository: Path) -> None:
    (repository / "a").write_text("1\n", "utf-8")
    git(repository, "add", "a")
    tree = answer(repository)
    assert (tree.commit, tree.branch, tree.changed, tree.diff) == ("", "trunk", ("a",), b"")


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    head = commit(repository, a="1\n")
    git(repository, "checkout", "-q", "--detach")
    tree = answer(repository)
    assert (tree.commit, tree.branch) == (head, "")


def test_submodules_with_what_is_checked_out_in_them(repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    first = commit(inner, x="1\n")
    git(repository, "submodule", "add", "-q", str(inner), "sub")
    commit(repository)
    (module,) = answer(repository).submodules
    assert (module.path, module.commit, module.changed) == ("sub", first, False)
    second = commit(repository / "sub", x="2\n")
    (module,) = answer(repository).submodules
    assert (module.commit, module.changed) == (second, True)


def test_which_files_git_knows(repository: Path) -> None:
    commit(repository, a="1\n", b="1\n")
    (repository / "new").write_text("", "utf-8")
    (repository / "[a]").write_text("", "utf-8")
    probe = GitProbe(repository)
    assert probe.tracked(repository, ["a", "new", "[a]", "missing"]) == {"a"}
    probe.answer()


def test_remotes_with_everything_in_their_addresses(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://u:p@example.org/a.git")
    git(repository, "remote", "add", "other", "git@example.org:a.git")
    assert answer(repository).remotes == {"origin": "https://u:p@example.org/a.git", "other": "git@example.org:a.git"}


def test_no_repository_is_a_gap(tmp_path: Path) -> None:
    tree, (gap,) = GitProbe(tmp_path).answer()
    assert tree is None
    assert (gap.channel, gap.reason) == ("code.repository", "the project is in no git repository")


def test_a_broken_repository_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    tree, (gap,) = GitProbe(tmp_path).answer()
    assert tree is None
    assert "git did not answer" in gap.reason
