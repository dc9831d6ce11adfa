"""Calls of the entries of tables that a module writes out."""

from __future__ import annotations

import ast

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Call, Function, GuardKind
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

TABLE = "from nets import Wide, Deep\nNETS = {'wide': Wide, 'deep': Deep}\n"


def function_of(text: str) -> Function:
    return extract(PythonFile(SourceText("a.py", text), ast.parse(text))).functions[-1]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return NETS[name](4)", id="a table of the module"),
        pytest.param("net = NETS[name]\n    return net(4)", id="bound first"),
        pytest.param("return {'wide': Wide, 'deep': Deep}[name](4)", id="written where it is asked"),
        pytest.param("nets = {'wide': Wide, 'deep': Deep}\n    return nets[name](4)", id="a table of the function"),
    ],
)
def test_each_entry_is_called_behind_its_question(body: str) -> None:
    function = function_of(f"{TABLE}def make(name):\n    {body}\n")
    calls = [event for event in function.events if isinstance(event, Call)]
    assert [call.callee for call in calls] == ["nets.Wide", "nets.Deep"]
    assert [(call.guard, call.side) for call in calls] == [(0, True), (0, False)]
    (guard,) = function.guards
    assert guard.kind is GuardKind.ENTRY
    assert guard.test is not None
    assert guard.test.right is not None
    assert (guard.test.operator, guard.test.right.value) == ("==", "wide")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return NETS[name]", id="not called"),
        pytest.param("return {'wide': Wide, 'size': 4}[name](4)", id="other values"),
        pytest.param("return {'wide': Wide, **more}[name](4)", id="entries from elsewhere"),
        pytest.param("return {'wide': Wide, name: Deep}[name](4)", id="a key that is not known"),
        pytest.param("return unknown[name](4)", id="a table that is not seen"),
    ],
)
def test_other_tables_call_nothing(body: str) -> None:
    function = function_of(f"{TABLE}def make(name, **more):\n    {body}\n")
    assert not [event for event in function.events if isinstance(event, Call)]
    assert function.guards == ()
