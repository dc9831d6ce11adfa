"""What a rule is told of a happening's arguments, and of the roles that depend on them."""

from __future__ import annotations

import ast

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import ABSENT, UNKNOWN, Catalog, Project
from reprocheck.rulekit.catalog import read_catalog_file
from reprocheck.rulekit.execution import Happening

CATALOG = """
"lib.Trainer" = { roles = ["determinism-flag", "uses-cuda"], arguments = ["rate", "device"], when = { determinism-flag = { exact = true }, uses-cuda = { device = ["gpu", "cuda"] } } }
"""  # noqa: E501 — one entry of a catalog is one line


def happening(call: str) -> tuple[Project, Happening]:
    text = f"import lib\nEXACT = True\ntrainer = lib.Trainer({call})\n"
    facts = extract(PythonFile(SourceText("train.py", text), ast.parse(text), ()))
    project = Project(
        ProjectIndex({"train.py": facts}, paths=["train.py"]), Catalog([read_catalog_file(CATALOG, "c.toml")])
    )
    ((found,),) = [run.happenings for run in project.runs]
    return project, found


@pytest.mark.parametrize(
    ("call", "exact", "cuda"),
    [
        ("", False, False),
        ("exact=True", True, False),
        ("exact=EXACT", True, False),
        ("exact=False", False, False),
        ("exact=choose()", None, False),
        ("0.1, 'gpu'", False, True),
        ("0.1, 'cpu'", False, False),
        ("**options", None, None),
    ],
)
def test_a_role_holds_by_the_arguments(call: str, exact: object, cuda: object) -> None:
    project, found = happening(call)
    assert project.holds(found, "determinism-flag") is exact
    assert project.holds(found, "uses-cuda") is cuda


def test_a_role_that_an_entry_lacks_never_holds() -> None:
    project, found = happening("exact=True")
    assert project.holds(found, "tracker") is False


@pytest.mark.parametrize(("call", "value"), [("", ABSENT), ("0.5", 0.5), ("rate=None", None), ("rate=f()", UNKNOWN)])
def test_values_are_told_from_missing_and_unknown_ones(call: str, value: object) -> None:
    project, found = happening(call)
    assert project.value(found, "rate") == value


def test_conditions_of_two_files_on_one_name_add_up() -> None:
    more = '"lib.Trainer" = { when = { tracker = { log = true } }, roles = ["tracker"] }'
    catalog = Catalog([read_catalog_file(CATALOG, "c.toml"), read_catalog_file(more, "d.toml")])
    entry = catalog.entry("lib.Trainer")
    assert entry is not None
    assert set(entry.when) == {"determinism-flag", "uses-cuda", "tracker"}
