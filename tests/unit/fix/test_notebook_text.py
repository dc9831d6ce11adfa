"""Fixes of notebooks change the JSON strings of the code and no other byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixing import outcome, repair, span
from reprocheck.fix.carry_out import Outcome
from reprocheck.model.fix import AddImport, InsertStatements, KeepBranch, ReplaceStatements, Where, WrapExpression
from reprocheck.project.notebook import read_notebook

PATH = "explore.ipynb"
CELLS = [
    ("markdown", "# Title\nos.listdir(d)"),
    ("code", "%matplotlib inline\nimport os\n"),
    ("code", "# Lists.\nfor n in os.listdir('ü'):\n    print(n)\nif ON:\n    a()\nelse:\n    b()"),
    ("code", "    x = os.listdir(d)\n    !ls\n    y = 1"),
]


def notebook(*, lists: bool = True, indent: int | None = 1, ascii_only: bool = False, newline: str = "\n") -> bytes:
    cells = [
        {
            "cell_type": kind,
            "metadata": {},
            "source": source.splitlines(keepends=True) if lists else source,
            **({"outputs": [{"text": "os.listdir(d)"}], "execution_count": 3} if kind == "code" else {}),
        }
        for kind, source in CELLS
    ]
    metadata = {"language_info": {"name": "python"}}
    value = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\n"
    return text.replace("\n", newline).encode()


def changed(data: bytes, part: str, edit: Any, *rest: Any) -> Outcome:  # noqa: ANN401
    module = read_notebook(PATH, data).python.text
    return outcome(data, repair(edit(span(module, part), *rest), path=PATH), path=PATH)


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_nothing_but_the_expression_changes(lists: bool, indent: int | None, ascii_only: bool, newline: str) -> None:
    data = notebook(lists=lists, indent=indent, ascii_only=ascii_only, newline=newline)
    done = changed(data, "os.listdir('ü')", WrapExpression, "sorted").texts[PATH]
    letter = b"\\u00fc" if ascii_only else "ü".encode()
    assert done == data.replace(b"os.listdir('" + letter + b"')", b"sorted(os.listdir('" + letter + b"'))")


def test_new_lines_are_strings_of_their_own() -> None:
    data = notebook()
    done = changed(data, "print(n)", InsertStatements, Where.AFTER, "a = 'é'\nb()").texts[PATH]
    assert json.loads(done)["cells"][2]["source"][:5] == [
        "# Lists.\n", "for n in os.listdir('ü'):\n", "    print(n)\n", "    a = 'é'\n", "    b()\n",
    ]  # fmt: skip
    assert b'    print(n)\\n",\n    "    a = ' in done.replace(b"\n     ", b"\n    ").replace(b"\n   ", b"\n   ")
    rest = [line for line in done.splitlines() if b"a = " not in line and b"    b()" not in line]
    assert rest == [line for line in data.splitlines() if b"    b()" not in line]


def test_removed_lines_leave_no_empty_strings() -> None:
    data = notebook()
    done = changed(data, "ON", KeepBranch, False).texts[PATH]
    assert json.loads(done)["cells"][2]["source"] == [
        "# Lists.\n", "for n in os.listdir('ü'):\n", "    print(n)\n", "b()",
    ]  # fmt: skip


def test_the_last_line_of_a_cell_goes_with_the_line_end_above() -> None:
    done = changed(notebook(), "y = 1", ReplaceStatements).texts[PATH]
    assert sources(done)[3] == "    x = os.listdir(d)\n    !ls"


def test_a_cell_that_is_indented_stays_so() -> None:
    done = changed(notebook(), "x = os.listdir(d)", InsertStatements, Where.AFTER, "z = 2").texts[PATH]
    assert sources(done)[3] == "    x = os.listdir(d)\n    z = 2\n    !ls\n    y = 1"


def test_an_import_goes_to_the_cell_of_the_imports() -> None:
    data = notebook()
    module = read_notebook(PATH, data).python.text
    edits = (AddImport("random"), InsertStatements(span(module, "for n in"), Where.BEFORE, "random.seed(0)"))
    done = sources(outcome(data, repair(*edits, path=PATH), path=PATH).texts[PATH])
    assert done[1] == "%matplotlib inline\nimport os\nimport random\n"
    assert done[2].startswith("random.seed(0)\n# Lists.\nfor n in")


def test_what_only_ipython_understands_is_not_touched() -> None:
    data = notebook()
    module = read_notebook(PATH, data).python.text
    assert "    pass" not in module
    done = outcome(data, repair(ReplaceStatements(span(module, "pass", 2), "x = 1"), path=PATH), path=PATH)
    assert done.refused[0].reason == "IPython's own syntax stands there"
