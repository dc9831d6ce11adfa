"""Patches are such that git takes them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reprocheck.fix.patch import patch

CASES: dict[str, tuple[bytes | None, bytes]] = {
    "plain.py": (b"a\nb\nc\nd\ne\nf\ng\nh\ni\n", b"a\nB\nc\nd\ne\nf\ng\nh\nI\n"),
    "without end.py": (b"a\nb", b"a\nc"),
    "gains end.py": (b"a\nb", b"a\nb\n"),
    "windows.py": (b"a\r\nb\r\n", b"a\r\nc\r\n"),
    "old mac.py": (b"a\rb\r", b"a\rc\r"),
    'déjà vu/ünïcode "x".py': (b"a\n", b"b\n"),
    "new/file.py": (None, b"x = 1\n"),
    "emptied.py": (b"a\n", b""),
    "filled.py": (b"", b"a\n"),
    "latin.py": (b"# caf\xe9\nx\n", b"# caf\xe9\ny\n"),
}


def git(root: Path, *arguments: str, stdin: bytes = b"") -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=root, input=stdin, env=environment, check=True, capture_output=True)  # noqa: S607 — the git of whoever runs the tests


@pytest.mark.parametrize("names", [[name] for name in CASES] + [list(CASES)], ids=lambda names: names[0][:9])
def test_git_applies_a_patch(tmp_path: Path, names: list[str]) -> None:
    git(tmp_path, "init", "-q")
    for name in names:
        before = CASES[name][0]
        if before is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(before)
    text = patch({name: CASES[name][0] for name in names}, {name: CASES[name][1] for name in names})
    git(tmp_path, "apply", "-", stdin=text)
    assert {name: (tmp_path / name).read_bytes() for name in names} == {name: CASES[name][1] for name in names}


def test_what_does_not_change_is_not_in_a_patch() -> None:
    assert patch({"a": b"x"}, {"a": b"x"}) == b""
