"""Suppression comments are written where they cover, and nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.app.add_ignores import add_ignores
from reprocheck.app.errors import UsageError
from reprocheck.app.ignore_comments import NO_PLACE, WHOLE, with_comments
from reprocheck.app.scan_project import ScanRequest
from reprocheck.config import Config
from reprocheck.project.file_kinds import FileKind, kind_of

C = "# reprocheck: ignore[X001] -- why"
LONG = "x = f(" + "1, " * 40 + "2)"


@pytest.mark.parametrize(
    ("name", "before", "line", "after"),
    [
        ("a.py", "x = f()\n", 1, f"x = f()  {C}\n"),
        ("a.py", "x = f()", 1, f"x = f()  {C}"),
        ("a.py", "if y:\r\n    x = f()\r\n", 2, f"if y:\r\n    x = f()  {C}\r\n"),
        ("a.py", "if y:\r\n    x = f()  # noqa\r\n", 2, f"if y:\r\n    {C}\r\n    x = f()  # noqa\r\n"),
        ("a.py", f"{LONG}\n", 1, f"{C}\n{LONG}\n"),
        ("a.py", 'x = f("""\na\n""", g())\n', 3, f'x = f("""\na\n""", g())  {C}\n'),
        ("a.py", 'x = f(g(), """\na\n""")\n', 1, f'{C}\nx = f(g(), """\na\n""")\n'),
        ("a.py", "x = 1 + \\\n    f()\n", 1, f"{C}\nx = 1 + \\\n    f()\n"),
        ("a.py", "@d\n# c\ndef f(x=[]): # c\n    pass\n", 3, f"{C}\n@d\n# c\ndef f(x=[]): # c\n    pass\n"),
        ("a.py", "x = f()  # reprocheck: ignore[Y] -- b\n", 1, "x = f()  # reprocheck: ignore[Y, X001] -- b\n"),
        ("a.py", "# größe\nx = 'é' + f()\n", 2, f"# größe\nx = 'é' + f()  {C}\n"),
        ("a.py", "#!/bin/python\nx = 1\n", WHOLE, f"#!/bin/python\n{C.replace('ignore', 'ignore-file')}\nx = 1\n"),
        ("a.yaml", "a:\n  b: 1\n", 2, f"a:\n  b: 1  {C}\n"),
        ("a.yaml", "a:\n  b: 1 # c\n", 2, f"a:\n  {C}\n  b: 1 # c\n"),
        ("a.toml", "[a]\nb = 1\n", 2, f"[a]\nb = 1  {C}\n"),
        ("requirements.txt", "numpy\n", 1, f"numpy  {C}\n"),
        ("requirements.txt", "numpy==1 \\\n  --hash=sha256:0\n", 1, f"{C}\nnumpy==1 \\\n  --hash=sha256:0\n"),
        ("run.sh", "pip install x\n", 1, f"pip install x  {C}\n"),
        (".env", "A=1\n", 1, f"{C}\nA=1\n"),
        ("Dockerfile", "FROM python\nRUN a \\\n  b\n", 3, f"FROM python\nRUN a \\\n  {C}\n  b\n"),
        ("Makefile", "a:\n\tb\n", 2, f"a:\n\t{C}\n\tb\n"),
    ],
)
def test_a_comment_stands_where_it_covers(name: str, before: str, line: int, after: str) -> None:
    placed = with_comments(name, kind_of(name), before.encode(), {line: frozenset({"X001"})}, "why")
    assert (placed.data.decode(), placed.unplaced) == (after, {})
    again = with_comments(name, kind_of(name), placed.data, {}, "why")
    assert again.data == placed.data


@pytest.mark.parametrize(
    ("name", "before", "line"),
    [
        ("a.yaml", "run: |\n  one\n  two\n", 3),  # a comment would be part of the text
        ("a.yaml", 'run: "one\n  two\n  three"\n', 2),
        ("a.toml", 'a = """\none\ntwo\n"""\n', 3),
        ("run.sh", "pip install a \\\n  b \\\n  c\n", 2),
        ("run.sh", "echo 'one\n  two\n three'\n", 2),
        ("Dockerfile", "COPY <<END /a\none\ntwo\nEND\n", 3),
    ],
)
def test_where_a_comment_would_be_content_there_is_none(name: str, before: str, line: int) -> None:
    placed = with_comments(name, kind_of(name), before.encode(), {line: frozenset({"X001"})}, "why")
    assert (placed.data, placed.unplaced) == (before.encode(), {line: NO_PLACE})


def test_what_has_no_place_keeps_others_from_none() -> None:
    text = "image: redis\nrun: |\n  one\n"
    wanted = {1: frozenset({"A001"}), 3: frozenset({"B001"})}
    placed = with_comments("a.yaml", FileKind.YAML, text.encode(), wanted, "")
    assert placed.data.decode() == text.replace("redis", "redis  # reprocheck: ignore[A001]")
    assert list(placed.unplaced) == [3]


def test_findings_of_one_statement_share_a_comment() -> None:
    wanted = {1: frozenset({"B001"}), 2: frozenset({"A001"})}
    placed = with_comments("a.py", FileKind.PYTHON, b"f(\n    g(),\n)\n", wanted, "")
    assert placed.data == b"f(  # reprocheck: ignore[A001, B001]\n    g(),\n)\n"


SOURCE = "import pickle\n\n\ndef read(stream):\n    return pickle.load(stream)\n"


def project(root: Path) -> Config:
    (root / "a.py").write_bytes(SOURCE.replace("\n", "\r\n").encode())
    cells = [["import pickle\n", 'x = pickle.load("é")'], ["y = pickle.load(x)\n", "!pip install torch\n"]]
    notebook = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
            for cell in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    (root / "a.ipynb").write_text(json.dumps(notebook, indent=1), "utf-8")
    (root / "conf.json").write_text('{"env": {"cudnn_benchmark": true}}\n', "utf-8")
    return Config(root=root, select=("ART003", "DET001", "ENV008"), cache=False)


def test_all_findings_get_one_and_a_second_time_none(tmp_path: Path) -> None:
    request = ScanRequest(config=project(tmp_path))
    notebook = (tmp_path / "a.ipynb").read_text("utf-8")
    added = add_ignores(request, "seen (until 2999-01-01)", lambda _done, _total: None)
    assert added.files == ("a.ipynb", "a.py")
    assert [(finding.place.path, why) for finding, why in added.left] == [
        ("conf.json", "files of this kind hold no comments")
    ]
    comment = "  # reprocheck: ignore[ART003] -- seen (until 2999-01-01)"
    assert (tmp_path / "a.py").read_bytes() == SOURCE.replace("load(stream)", f"load(stream){comment}").replace(
        "\n", "\r\n"
    ).encode()
    changed = (tmp_path / "a.ipynb").read_text("utf-8")
    assert changed.count(comment) == 2
    pip = '    "# reprocheck: ignore[ENV008] -- seen (until 2999-01-01)\\n",\n'
    assert changed.replace(comment, "").replace(pip, "") == notebook
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert add_ignores(request, "again", lambda _done, _total: None).findings == 0
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_reason_of_several_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one line"):
        add_ignores(ScanRequest(config=project(tmp_path)), "a\nb", lambda _done, _total: None)
