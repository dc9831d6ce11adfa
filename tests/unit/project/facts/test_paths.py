"""What is kept of paths and tables: pieces, receivers, columns."""

from __future__ import annotations

import ast

import msgspec
import pytest

from reprocheck.project.documents.json_file import read_json
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.facts.documents import of_tree
from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Call, FileFacts, Value, ValueKind
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def facts_of(text: str) -> FileFacts:
    return extract(PythonFile(SourceText("a.py", text), ast.parse(text), ()))


def last_call(text: str) -> Call:
    found = [event for event in facts_of(text).functions[0].events if isinstance(event, Call)]
    return found[-1]


def shape(value: Value | None) -> object:
    """A value as nested lists."""
    if value is None:
        return None
    return [shape(part) for part in value.parts] if value.parts else value.value


@pytest.mark.parametrize(
    ("expression", "pieces"),
    [
        ('os.path.join("a", name, "b.csv")', ["a", "?.name", "b.csv"]),
        ('f"a/{name}.csv"', ["a/", "?.name", ".csv"]),
        ('"a/" + str(3) + ".csv"', ["a/", [3], ".csv"]),
        ('Path("a") / "b"', [["a"], "b"]),
        ("Path(__file__).parent", [["__file__"], ".."]),
        ("os.path.dirname(__file__)", ["__file__", ".."]),
        ('"%s/x.csv" % name', "{}/x.csv"),
        ('f"loss {name}"', "loss {}"),
        ("3 / 4", None),
    ],
)  # fmt: skip
def test_pieces_of_paths(expression: str, pieces: object) -> None:
    text = f"import os\nfrom pathlib import Path\nfor name in names():\n    open({expression})\n"
    assert shape(last_call(text).arguments[0].value) == pieces


def test_methods_keep_the_path_that_they_open_and_the_table_that_they_write() -> None:
    call = last_call('from pathlib import Path\n(Path("a") / "b").write_text("x")\n')
    assert shape(call.receiver) == [["a"], "b"]
    assert last_call("import zipfile\nzipfile.open('a')\n").receiver is None
    assert last_call("table = load()\ntable.to_csv('a')\n").owner == "table"


def test_columns_of_tables_in_modules_that_have_any() -> None:
    code = "t['a'] = t[['b', 'c']].sum()\nd[0] = t['e'][1]\n"
    assert facts_of(code).columns == ()
    found = facts_of("import pandas as pd\nt = pd.read_csv('x')\n" + code).columns
    assert {(use.columns, use.writes) for use in found} == {(("a",), True), (("b", "c"), False), (("e",), False)}


def test_statements_of_sql_are_kept_whole() -> None:
    query = "SELECT " + "a_long_column, " * 30 + "1 FROM visits"
    assert last_call(f"f('{query}')\ndef f(q): pass\n").arguments[0].value == Value(ValueKind.CONSTANT, query)


def test_numbers_too_long_for_tens_are_kept_in_sixteens() -> None:
    source = SourceText("a.yaml", f"big: 0x{'f' * 6_000}\n")
    facts = of_tree(source, read_yaml(source), "yaml")
    assert [setting.value for setting in facts.settings] == [f"0x{'f' * 6_000}"]


def test_numbers_beyond_machine_words_can_be_kept() -> None:
    source = SourceText("a.json", '{"big": 1000000000000000019884624838656, "small": 3}')
    facts = of_tree(source, read_json(source), "json")
    assert {setting.key: setting.value for setting in facts.settings} == {
        "big": "1000000000000000019884624838656",
        "small": 3,
    }
    assert msgspec.msgpack.encode(facts)
