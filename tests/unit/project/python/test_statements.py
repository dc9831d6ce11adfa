"""Statements in a form that survives reformatting."""

from __future__ import annotations

import ast

import pytest

from reprocheck.project.python.statements import normalized


def of(code: str) -> str:
    return normalized(ast.parse(code).body[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = "a"'),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("f(a,b)", "f(\n    a,\n    b,\n)  # c"),
        ("x = (1)", "x = 1"),
        ("x = u'a'", "x = 'a'"),
        ("x = 1_000", "x = 1000"),
        ("if x:\n    a()", "if x:\n    b()\nelse:\n    c()"),
        ("def f(x): return 1", "def f(x):\n    '''Doc.'''\n    return 2"),
        ("try:\n    a()\nexcept E: pass", "try:\n    b()\nfinally: pass"),
        ("match x:\n    case 1: pass", "match x:\n    case 2: pass"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", "x = b'a'"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = f(a)", "x = f(b)"),
        ("f(a=1)", "f(b=1)"),
        ("f(a, b)", "f(b, a)"),
        ("f(*a)", "f(**a)"),
        ("f([a], b)", "f([a, b])"),
        ("x = a + b", "x = a - b"),
        ("x = a < b", "x = a <= b"),
        ("if x: pass", "while x: pass"),
        ("def f(x): pass", "async def f(x): pass"),
        ("def f(x): pass", "def f(x=1): pass"),
        ("import a.b", "import a"),
        ("from a import b", "from .a import b"),
        ("x[1:2]", "x[1:2:3]"),
        ("x = {'a': 1}", "x = {'a', 1}"),
        ("x = [a for a in b]", "x = [a for a in c]"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert of(one) != of(other)
