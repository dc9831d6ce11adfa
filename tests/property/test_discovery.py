"""The walk agrees with git about generated trees and ignore files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.project.discovery import discover

NAMES = st.sampled_from(["a", "b", "ab", "src", "build", "x.py", "y.log", "a.b", "[x]", "x y", "!x", "#x", "\\x"])
TREE_PATH = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
GLOBS = (
    r"* ** *.py *.log ? a* [ab] [!a] [^a-x]* [[:alpha:]] [a \!x \#x x.p[y] *** a** **b []x] [a-] \[x] *.* [\]x]* [z-a]"
)
PIECE = st.one_of(
    NAMES,
    st.sampled_from([*GLOBS.split(), "[[:nope:]]", "x\\ "]),
)
PATTERN = st.builds(
    lambda negated, rooted, pieces, closing: negated + rooted + "/".join(pieces) + closing,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PIECE, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "/**", "\r"]),
)
IGNORE_FILE = st.lists(PATTERN, min_size=1, max_size=5).map("\n".join)


GIT = shutil.which("git") or ""


@pytest.mark.skipif(not GIT, reason="needs git")
@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(TREE_PATH, min_size=1, max_size=12),
    ignores=st.dictionaries(st.sampled_from(["", "a/", "src/", "a/b/", "build/"]), IGNORE_FILE, max_size=3),
    exclude=st.one_of(st.just(""), IGNORE_FILE),
)
def test_walk_lists_what_git_lists(files: list[str], ignores: dict[str, str], exclude: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        subprocess.run([GIT, "init", "-q", "--template=", directory], check=True)
        for path in files:
            target = root / path
            if not any(parent.is_file() for parent in target.parents) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.touch()
        for place, text in ignores.items():
            if (root / place).is_dir():
                (root / place / ".gitignore").write_text(text, newline="")
        (root / ".git" / "info").mkdir()
        (root / ".git" / "info" / "exclude").write_text(exclude, newline="")
        command = [GIT, "-c", "core.excludesFile=", "ls-files", "-z", "-co", "--exclude-standard"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        assert [file.path for file in discover(root, []).files] == sorted(filter(None, listed.split("\0")))
