"""Looking at what lies under the root, and at nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.project import work_tree
from reprocheck.project.work_tree import DiskTree, EntryKind, LineEnds, WorkTree, joined


def test_paths_that_lead_out_of_the_root_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "out").symlink_to(tmp_path)
    tree = DiskTree(root)
    for path in ("../secret", "/etc/passwd", "data/../../secret", "link", "out/secret", "a\0b", ""):
        assert tree.kind(path) is EntryKind.UNKNOWN
        assert tree.read(path) is None
        assert tree.md5(path) is None
    assert joined("a/b", "../c") == "a/c"
    assert joined("a", "../../c") is None
    assert joined("a", "/c") is None


def test_links_inside_the_root_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to("real")
    assert DiskTree(tmp_path).read("link") == b"x"


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert DiskTree(tmp_path).kind("pipe") is EntryKind.UNKNOWN
    assert DiskTree(tmp_path).md5("pipe") is None


def test_a_file_over_the_limit_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_tree, "HASH_LIMIT", 10)
    (tmp_path / "small").write_bytes(b"x" * 10)
    (tmp_path / "large").write_bytes(b"x" * 11)
    tree = DiskTree(tmp_path)
    assert tree.md5("small") is not None
    assert tree.md5("large") is None


def test_one_scan_hashes_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_tree, "HASH_TOTAL", 15)
    for name in "ab":
        (tmp_path / name).write_bytes(b"x" * 10)
    tree = DiskTree(tmp_path)
    assert tree.md5("a") is not None
    assert tree.md5("b") is None
    assert tree.md5("a") is not None


def test_line_ends_are_changed_in_text_only() -> None:
    tree = WorkTree({"unix": b"a\nb\n", "dos": b"a\r\nb\r\n", "binary": b"\0a\r\nb\r\n"})
    assert tree.md5("unix") == tree.md5("dos", LineEnds.UNIX)
    assert tree.md5("unix", LineEnds.DOS) == tree.md5("dos")
    assert tree.md5("binary") == tree.md5("binary", LineEnds.UNIX)


@pytest.mark.parametrize("on_disk", [True, False])
def test_given_files_and_a_disk_look_alike(tmp_path: Path, on_disk: bool) -> None:
    files = {"a.txt": b"1", "data/b.csv": b"2", "data/deep/c.csv": b"3"}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    tree = DiskTree(tmp_path) if on_disk else WorkTree(files)
    assert tree.names(".") == ("a.txt", "data")
    assert tree.names("data") == ("b.csv", "deep")
    assert tree.names("a.txt") is None
    assert tree.kind("data/deep") is EntryKind.FOLDER
    assert tree.kind("missing") is EntryKind.ABSENT
    assert (tree.look("data/b.csv").size, tree.read("./data/b.csv"), tree.head("a.txt", 5)) == (1, b"2", b"1")


def test_what_was_looked_at_is_remembered_and_a_change_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    os.utime(tmp_path / "a", (1, 1))
    tree = DiskTree(tmp_path)
    tree.md5("a")
    tree.kind("b")
    assert set(tree.observed) == {"a", "b"}
    assert DiskTree(tmp_path).still(tree.observed)
    (tmp_path / "b").write_text("new")
    assert not DiskTree(tmp_path).still(tree.observed)


def test_what_was_written_a_moment_ago_is_looked_at_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    tree = DiskTree(tmp_path)
    tree.kind("a")
    assert not DiskTree(tmp_path).still(tree.observed)


def test_a_digest_is_recalled_for_a_file_that_did_not_change(tmp_path: Path) -> None:
    for name in ("same", "changed"):
        (tmp_path / name).write_text("1")
        os.utime(tmp_path / name, (1, 1))
    tree = DiskTree(tmp_path)
    right = tree.md5("same")
    tree.md5("changed")
    (tmp_path / "changed").write_text("2")
    later = DiskTree(tmp_path)
    later.recall({name: (signature, "recalled") for name, (signature, _) in tree.hashed.items()})
    assert later.md5("same") == "recalled"
    assert later.md5("changed") not in ("recalled", right)


def test_given_text_counts_instead_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    assert DiskTree(tmp_path, {"a": b"new"}).read("a") == b"new"
