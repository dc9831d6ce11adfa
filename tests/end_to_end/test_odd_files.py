"""One bad file never hides the rest: each is a diagnostic, the others are reported as ever."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PLANTED = "import pickle\n\npickle.load(stream)\n"
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def cell(*lines: str) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "source": list(lines), "outputs": [], "execution_count": None}


READABLE = {
    "latin1_declared.py": ("# -*- coding: latin-1 -*-\n# größe\n" + PLANTED).encode("latin-1"),
    "bom.py": b"\xef\xbb\xbf" + PLANTED.encode(),
    "crlf.py": PLANTED.replace("\n", "\r\n").encode(),
    "cr_only.py": PLANTED.replace("\n", "\r").encode(),
    "form_feeds.py": ("\f" + PLANTED.replace("\n\n", "\n\f\n")).encode(),
    "no_last_newline.py": PLANTED.strip().encode(),
    "newer_grammar.py": (
        "type Pair[T] = tuple[T, T]\n\n\ndef first[T](pair: Pair[T]) -> T:\n    return f'{pair['a']}'\n\n\n" + PLANTED
    ).encode(),
    "generated.py": (PLANTED + "".join(f"VALUE_{n} = {n}\n" for n in range(100_000))).encode(),
    "long_sum.py": (PLANTED + "total = " + " + ".join(f"x{n}" for n in range(3_000)) + "\n").encode(),
    "long_chain.py": (PLANTED + "y = x" + ".a()" * 1_000 + "\n").encode(),
    "many_elifs.py": (PLANTED + "if x == 0:\n    pass\n" + "elif x == 1:\n    pass\n" * 1_000).encode(),
}
"""Odd files in which everything can be read; each has one finding."""
FLAWED = {
    "latin1.py": ("# größe\n" + PLANTED).encode("latin-1"),
    "unknown_encoding.py": ("# -*- coding: klingon -*-\n" + PLANTED).encode(),
}
"""Files that are read differently than Python would: a diagnostic, and the finding all the same."""
UNREADABLE = {
    "python2.py": b"print 'hello %s' % name\nexec code in scope\nraise ValueError, 'x'\n",
    "null.py": b"x = 1\0\n",
    "broken.py": b"def f(:\n",
    "binary.py": bytes(range(256)) * 20,
    "deep.py": b"x = " + b"(" * 3_000 + b")" * 3_000 + b"\n",
    "broken.ipynb": b'{"cells": [',
    "list.ipynb": b"[]",
    "broken.toml": b"a = [\n",
    "broken.json": b'{"a": }',
    "broken.yaml": b"a: [1\nb: }\n",
}
"""Files that nobody can make sense of."""


def scanned(run: Run, *arguments: str) -> tuple[int, list[tuple[str, int, str]]]:
    done = run("scan", "-o", "json", "--no-cache", *arguments)
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout)["findings"]
    return done.returncode, [(f["path"], f["span"]["line"], f["code"]) for f in found]


def test_odd_but_readable_files_are_reported_like_any_other(run: Run, project: Path) -> None:
    for name, data in READABLE.items():
        (project / name).write_bytes(data)
    code, found = scanned(run)
    assert sorted((path, rule) for path, _, rule in found) == sorted((name, "ART003") for name in READABLE)
    assert code == 1
    by_path = {path: line for path, line, _ in found}
    assert by_path["bom.py"] == by_path["crlf.py"] == by_path["cr_only.py"] == by_path["form_feeds.py"] == 3


def test_files_read_with_a_guess_are_named_and_reported(run: Run, project: Path) -> None:
    for name, data in FLAWED.items():
        (project / name).write_bytes(data)
    code, found = scanned(run)
    assert found == [
        ("latin1.py", 1, "RPC001"),
        ("latin1.py", 4, "ART003"),
        ("unknown_encoding.py", 1, "RPC001"),
        ("unknown_encoding.py", 4, "ART003"),
    ]
    assert code == 1


def test_unreadable_files_are_named_and_make_the_scan_incomplete(run: Run, project: Path) -> None:
    for name, data in UNREADABLE.items():
        (project / name).write_bytes(data)
    code, found = scanned(run)
    assert {path for path, _, _ in found} == set(UNREADABLE)
    assert {rule for _, _, rule in found} == {"RPC001"}
    assert code == 4
    (project / "good.py").write_text(PLANTED, "utf-8")
    code, found = scanned(run)
    assert ("good.py", 3, "ART003") in found
    assert code == 1
    assert scanned(run, "--fail-on", "never")[0] == 4


def test_a_notebook_is_read_but_for_its_broken_cell(run: Run, project: Path) -> None:
    cells = [cell("import pickle\n", "pickle.load(a)"), cell("def broken(:"), cell("pickle.load(b)")]
    (project / "a.ipynb").write_text(json.dumps({**NOTEBOOK, "cells": cells}, indent=1), "utf-8")
    _, found = scanned(run)
    assert [rule for _, _, rule in found] == ["ART003", "RPC001", "ART003"]


def test_what_is_no_file_is_left_alone(run: Run, project: Path) -> None:
    (project / "good.py").write_text(PLANTED, "utf-8")
    (project / "folder.py").mkdir()
    (project / "folder.py" / "inner.py").write_text(PLANTED, "utf-8")
    (project / "loop").symlink_to(project, target_is_directory=True)
    (project / "self.py").symlink_to("self.py")
    (project / "dangling.py").symlink_to("nowhere.py")
    (project / "device.py").symlink_to("/dev/zero")
    os.mkfifo(project / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(project)  # the path of a socket must be short
        try:
            server.bind("socket.py")
        finally:
            os.chdir(here)
        code, found = scanned(run)
    assert found == [("folder.py/inner.py", 3, "ART003"), ("good.py", 3, "ART003")]
    assert code == 1
    assert run("scan", "pipe.py").returncode == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_named(run: Run, project: Path) -> None:
    (project / "good.py").write_text(PLANTED, "utf-8")
    (project / "secret.py").write_text(PLANTED, "utf-8")
    (project / "secret.py").chmod(0)
    code, found = scanned(run)
    assert found == [("good.py", 3, "ART003"), ("secret.py", 1, "RPC001")]
    assert code == 1


def test_a_name_with_odd_characters_is_shown_without_harm(run: Run, project: Path) -> None:
    (project / "\x1b[31mred\n.py").write_text(PLANTED, "utf-8")
    (project / "größe 🎲.py").write_text(PLANTED, "utf-8")
    done = run("scan", "-o", "concise")
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 3
    assert "größe 🎲.py:3:1" in done.stdout
    with open(os.fsencode(project) + b"/\xff.py", "wb") as stream:  # noqa: PTH123 — a name that pathlib's text can't hold
        stream.write(PLANTED.encode())
    done = run("scan", "-o", "concise")
    assert done.returncode == 1
    assert "not UTF-8" in done.stderr
