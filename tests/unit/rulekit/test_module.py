"""What a rule sees of a module: canonical calls, arguments, values."""

from __future__ import annotations

import ast
import gc
import weakref

import pytest

from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import ABSENT, UNKNOWN, Call, Catalog, Module
from reprocheck.rulekit.catalog import read_catalog_file

CATALOG = Catalog(
    [
        read_catalog_file(
            """
            ["lib.f"]
            roles = ["draw"]
            arguments = ["data", "seed", "shuffle"]
            seed_argument = "seed"
            random_when = { shuffle = [true, "yes"] }
            random_default = false

            ["lib.g"]
            random_when = { p = true }

            ["lib.plain"]
            roles = ["reads"]
            """,
            "test.toml",
        )
    ]
)


def module(code: str, path: str = "a.py") -> Module:
    return Module(PythonFile(SourceText(path, code), ast.parse(code)), CATALOG)


def call(arguments: str, callee: str = "lib.f") -> Call:
    found = module(f"import lib\nN = 3\ndef h(x, *args, **kwargs):\n    {callee}({arguments})\n")
    return found.calls[-1]


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("x, 1", 1),
        ("x, seed=1", 1),
        ("x, N", 3),
        ("x", ABSENT),
        ("x, shuffle=True", ABSENT),
        ("x, y()", UNKNOWN),
        ("*args", UNKNOWN),
        ("x, *args", UNKNOWN),
        ("x, **kwargs", UNKNOWN),
        ("x, 1, **kwargs", 1),
        ("x, seed=None", None),
    ],
)
def test_value_of_an_argument(arguments: str, value: object) -> None:
    assert call(arguments).value("seed") is value or call(arguments).value("seed") == value


@pytest.mark.parametrize(
    ("lines", "given", "value"),
    [
        ("t = {'seed': 3}", "x, **t", 3),
        ("t = dict(seed=N)", "x, **t", 3),
        ("t = {'shuffle': True}", "x, **t", ABSENT),
        ("t = {}", "x, **{'shuffle': True}, **t", ABSENT),
        ("t = {'shuffle': True} if x else {}", "x, **t", ABSENT),
        ("t = {'seed': 1} if x else {}", "x, **t", UNKNOWN),
        ("t = {'shuffle': True, **x}", "x, **t", UNKNOWN),
        ("t = {'shuffle': True}; t['seed'] = 1", "x, **t", UNKNOWN),
        ("t = {'shuffle': True}; t.update(x)", "x, **t", UNKNOWN),
        ("t = {'shuffle': True}; change(t)", "x, **t", UNKNOWN),
        ("t = {'shuffle': True}; t = {'seed': 1}", "x, **t", UNKNOWN),
        ("t = load()", "x, **t", UNKNOWN),
    ],
)
def test_value_of_an_argument_in_an_unpacked_table(lines: str, given: str, value: object) -> None:
    other = "def g(x):\n    t = {}\n    t.update(x)\n"
    found = module(f"import lib\nN = 3\n{other}def h(x):\n    {lines}\n    lib.f({given})\n").calls[-1]
    assert found.value("seed") is value or found.value("seed") == value
    assert found.open_ended is (value is UNKNOWN and "if x" not in lines)


@pytest.mark.parametrize(
    ("arguments", "draws"),
    [
        ("x", False),
        ("x, 1, True", True),
        ("x, shuffle='yes'", True),
        ("x, shuffle=False", False),
        ("x, shuffle=y", None),
        ("**kwargs", None),
    ],
)
def test_whether_a_call_draws(arguments: str, draws: bool | None) -> None:
    assert call(arguments).draws is draws


def test_whether_a_call_draws_by_default() -> None:
    assert call("x", "lib.g").draws is True
    assert call("p=False", "lib.g").draws is False
    assert call("x", "lib.unknown").draws is None


def test_argument_by_stated_position() -> None:
    found = call("a, b", "lib.unknown")
    assert isinstance(found.argument("anything", 1), ast.Name)
    assert found.argument("anything") is None
    assert found.argument("anything", 5) is None


def test_calls_are_named_in_the_catalogs_spelling() -> None:
    found = module("from lib import f as go\nimport lib\ngo()\nlib.plain().more()\nunknown()\n")
    assert [c.name for c in found.calls] == ["lib.f", "lib.plain", "lib.plain().more"]
    assert [c.name for c in found.calls_with_role("draw", "reads")] == ["lib.f", "lib.plain"]
    assert found.call(found.calls[0].node) is found.calls[0]


@pytest.mark.parametrize(
    ("code", "imported"),
    [
        ("import torch", True),
        ("import torch.nn as nn", True),
        ("from torch import nn", True),
        ("from torch.nn import *", True),
        ("def f():\n    import torch", True),
        ("import torchvision", False),
        ("from . import torch", False),
        ("torch = 1", False),
    ],
)
def test_imports(code: str, imported: bool) -> None:
    assert module(code).imports("torch", "jax") is imported


@pytest.mark.parametrize(
    ("path", "code", "is_test"),
    [
        ("tests/a.py", "", True),
        ("pkg/tests/a.py", "", True),
        ("test_a.py", "def test_it():\n    assert f()\n", True),
        ("pkg/a_test.py", "import unittest\nclass TestA(unittest.TestCase):\n    pass\n", True),
        ("test_model.py", "import torch\nevaluate(torch.load('m.pt'))\n", False),
        ("scripts/smoke_test_all_models.py", "import torch\ncheck(torch.randint(1, 9, (3,)))\n", True),
        ("smoketest.py", "check()", True),
        ("smoke_testimony.py", "check()", False),
        ("contest.py", "def test_it(): pass\n", False),
        ("latest/a.py", "", False),
    ],
)
def test_what_test_code_is(path: str, code: str, is_test: bool) -> None:
    assert module(code, path).is_test is is_test


def test_matches_point_at_what_they_are_told() -> None:
    found = call("x, 1")
    assert found.match("m").span == found.module.span(found.node)
    assert found.match("m", at=found.argument("seed")).span.column == found.node.args[1].col_offset + 1
    note = found.module.note(found.node, "here")
    assert found.match("m", trail=[note]).trail == (note,)
    assert found.module.is_test is False


def test_words_are_identifiers_that_are_read_called_or_imported() -> None:
    found = module("from os import listdir as ls\nimport a.b as c\nx = y.z\nfor q in w(1, k=2):\n    pass\n")
    assert {"listdir", "b", "y", "z", "w"} <= found.words
    assert found.words.isdisjoint({"x", "q", "k", "ls", "os", "c"})


def test_what_a_module_keeps_for_checks_is_made_once_and_goes_with_it() -> None:
    found = module("x = 1\n")
    made: list[Module] = []

    def make(seen: Module) -> list[Module]:
        made.append(seen)
        return made

    assert found.once(make) is found.once(make)
    assert made == [found]
    found.release()
    found.once(make)
    assert made == [found, found]


def test_a_released_module_leaves_nothing_to_the_garbage_collector() -> None:
    code = "class A:\n    def f(self):\n        self.x = lib.f(1)\n        return [self.x for _ in self.x]\n"
    found = module("import lib\n" + code)
    assert list(found.calls_with_role("draw"))
    alive = weakref.ref(found.file)
    gc.disable()
    try:
        found.release()
        del found
        assert alive() is None
    finally:
        gc.enable()


def test_calls_of_several_roles_stand_in_the_order_of_evaluation_and_once_each() -> None:
    found = module("import lib\nlib.plain()\nlib.f(1)\nlib.plain(lib.f(2))\n")
    lines = [(call.name, call.node.lineno) for call in found.calls_with_role("draw", "reads")]
    assert lines == [("lib.plain", 2), ("lib.f", 3), ("lib.f", 4), ("lib.plain", 4)]
