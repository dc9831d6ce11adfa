"""What is known of a value without running anything."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.values import UNKNOWN, literal, text
from reprocheck.project.source import SourceText


def ask(code: str) -> tuple[object, str | None]:
    """Literal and text of the argument of the last call of `ask`."""
    source = dedent(code)
    file = PythonFile(SourceText("a.py", source), ast.parse(source))
    site = [s for s in file.calls if isinstance(s.node.func, ast.Name) and s.node.func.id == "ask"][-1]
    node = site.node.args[0]
    return literal(file, node, site.scope, site.order), text(file, node, site.scope, site.order)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("ask(1)", 1),
        ("ask(-1.5)", -1.5),
        ("ask(not True)", False),
        ("ask(None)", None),
        ("ask((1, [2, 'x']))", (1, (2, "x"))),
        ("N = 3\ndef f():\n    ask(N)", 3),
        ("A = 3\nB = A\nask([B])", (3,)),
        ("x = 1\nx = 2\nask(x)", UNKNOWN),
        ("def f(x=1):\n    ask(x)", UNKNOWN),
        ("ask(f())", UNKNOWN),
        ("ask([1, f()])", UNKNOWN),
        ("ask(not f())", UNKNOWN),
        ("x = x\nask(x)", UNKNOWN),
        ("a, b = 1, 2\nask(b)", 2),
        ("a, b = f()\nask(b)", UNKNOWN),
        ("ask([" + "0, " * 1000 + "])", UNKNOWN),
        ("ask(1 + 2)", UNKNOWN),
    ],
)
def test_literal(code: str, value: object) -> None:
    assert ask(code)[0] == value


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("ask('a/b')", "a/b"),
        ("ask(f'runs/{name}/x')", "runs/{}/x"),
        ("ask('a' + 'b')", "ab"),
        ("ask('a' + b)", "a{}"),
        ("ask(b + c)", None),
        ("ask('a-%d' % n)", "a-%d"),
        ("ask('a-{}'.format(n))", "a-{}"),
        ("import os\nask(os.path.join(root, 'x', 'y.csv'))", "{}/x/y.csv"),
        ("import os\nask(os.path.join('a', '/b', 'c'))", "/b/c"),
        ("import os\nask(os.path.join(a, b))", None),
        ("from pathlib import Path\nask(Path('a') / 'b' / name)", "a/b/{}"),
        ("from pathlib import Path\nask(str(Path('~/x').expanduser()))", "~/x"),
        ("from pathlib import Path\nask(Path('a').joinpath('b', c))", "a/b/{}"),
        ("import os\nask(os.path.abspath(os.path.expanduser('~/data')))", "~/data"),
        ("ROOT = '/data'\ndef f():\n    ask(ROOT + '/x')", "/data/x"),
        ("p = 'a'\nask(p)\np = 'b'\n", "a"),
        ("p = 'a'\np = p + 'b'\nask(p)", "ab"),
        ("ask('a' if x else 'b')", "a"),
        ("ask(x if y else 'b')", "b"),
        ("ask(3)", None),
        ("for p in ['a']:\n    ask(p)", None),
        ("ask(" + " + ".join(["'a'"] * 3) + ")", "aaa"),
    ],
)
def test_text(code: str, value: str | None) -> None:
    assert ask(code)[1] == value


def test_circles_and_depths_end() -> None:
    assert ask("a = b\nb = a\nask(a)") == (UNKNOWN, None)
    assert ask("x = (" * 1 + "(" * 50 + "1" + ")" * 50 + ")\nask(x)")[0] == 1
    deep = "x0 = 'a'\n" + "".join(f"x{n + 1} = x{n}\n" for n in range(40)) + "ask(x40)"
    assert ask(deep) == (UNKNOWN, None)


def test_unknown_says_so() -> None:
    assert repr(UNKNOWN) == "UNKNOWN"
