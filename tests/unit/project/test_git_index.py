"""What git's index and attributes say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reprocheck.project.git_index import Attributes, tracked_paths
from reprocheck.project.work_tree import DiskTree, WorkTree

GIT = shutil.which("git")
NAMES = ["a.txt", "data/train.csv", "data/train.csv.gz", "data/é.csv", "deep/er/and/deeper/model.pt", "x" * 300]


@pytest.mark.skipif(GIT is None, reason="no git here")
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_tracked_files_are_those_that_git_lists(tmp_path: Path, version: str) -> None:
    def git(*words: str) -> str:
        assert GIT is not None
        done = subprocess.run([GIT, "-C", str(tmp_path), *words], capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "-q")
    for name in [name[:200] for name in NAMES]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    git("add", "-A")
    (tmp_path / "later.txt").write_text("x")
    if version == "3":
        git("add", "-N", "later.txt")
    git("update-index", "--index-version", version)
    listed = frozenset(name for name in git("ls-files", "-z").split("\0") if name)
    assert tracked_paths(DiskTree(tmp_path)) == listed


@pytest.mark.parametrize("data", [b"", b"DIRC", b"DIRC" + b"\0\0\0\2" + b"\xff\xff\xff\xff", b"XXXX" + bytes(200)])
def test_an_index_that_is_none_is_not_known(data: bytes) -> None:
    assert tracked_paths(WorkTree({".git/index": data})) is None
    assert tracked_paths(WorkTree()) is None


def test_attributes_say_what_goes_to_lfs_and_the_innermost_file_decides() -> None:
    tree = WorkTree(
        {
            ".gitattributes": b"# comment\n*.pt filter=lfs diff=lfs -text\n/raw/** filter=lfs\nkeep.pt -filter\n",
            "sub/.gitattributes": b"*.pt !filter\n*.csv filter=lfs\n",
        }
    )
    attributes = Attributes(tree)
    found = [p for p in ("a.pt", "keep.pt", "raw/x/y", "sub/a.pt", "sub/b.csv", "b.csv") if attributes.is_lfs(p)]
    assert found == ["a.pt", "raw/x/y", "sub/b.csv"]
