"""IPython's own syntax is taken out of a cell, and the Python stays where it stands."""

from __future__ import annotations

import ast

import pytest

from reprocheck.model.place import Span
from reprocheck.project.ipython import UseKind, to_python


def translate(text: str) -> str:
    return "\n".join(to_python(text.split("\n")).lines)


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("x = 1\n%matplotlib inline\ny", "x = 1\npass\ny"),
        ("!ls -la\ny", "pass\ny"),
        ("!!ls", "pass"),
        ("if x:\n    !pip install y\nz", "if x:\n    pass\nz"),
        ("!pip install \\\n  torch \\\n  numpy\ny", "pass\n\n\ny"),
        ("files = !ls *.csv", "files = get_ipython()"),
        ("a, b.c = !ls", "a, b.c = get_ipython()"),
        ("x: list = %sql SELECT 1", "x: list = get_ipython()"),
        ("x?", "pass"),
        ("np.random??", "pass"),
        ("?x", "pass"),
        ("%timeit?", "pass"),
        ("%time fit(x)", "pass; fit(x)"),
        ("    %time y = fit(x)\n    z", "pass; y = fit(x)\nz"),
        ("if a:\n  %time y = fit(x)", "if a:\n  pass; y = fit(x)"),
        ("%timeit -n 10 -r3 fit(x)", "pass;             fit(x)"),
        ("%timeit -o -q -n1 fit(-x)", "pass;             fit(-x)"),
        ("%lprun -f fit -m a.b fit(x)", "pass;                fit(x)"),
        ("%time -x", "pass; -x"),
        ("%time f(a, \\\n  b)", "pass; f(a, \\\n  b)"),
        ("%time for x in y: f(x)", "pass"),
        ("%time", "pass"),
        ("%%time\nfit(x)", "\nfit(x)"),
        ("\n%%capture out\n%%time\n!ls\nfit(x)", "\n\n\npass\nfit(x)"),
        ("%%timeit -n 1 x = 1\nfit(x)", "pass;         x = 1\nfit(x)"),
        ("%%bash\npip install a\nfor", "\n\n"),
        ("%%writefile a.py\nimport this", "\n"),
        ("%%html\n<b>", "\n"),
        ("%%unheard_of\nx", "\n"),
        ("pip install torch\nimport torch", "pass\nimport torch"),
        ("cd ..\nls data", "pass\npass"),
        ("  x = 1\n  if x:\n      y", "x = 1\nif x:\n    y"),
        (",f a b", "pass"),
    ],
)
def test_what_only_ipython_knows_is_replaced(cell: str, python: str) -> None:
    assert translate(cell) == python
    ast.parse(python)


@pytest.mark.parametrize(
    "cell",
    [
        "x = (a\n%b)",
        "x = a \\\n%b",
        "x = '''\n!ls\n%time\n'''",
        "f(\n  '#', # (\n  b\n%c)",
        "x = 'a\\\n%b'",
        "x %= 3",
        "x = a != b",
        "x = y if z else w % 2",
        "'%s' % x",
        "# what?",
        "x = 'really?'",
        'r"x = %d"',
        "d['=!'] = 1",
        "ls - la",
        "pip = 1",
        "pip in x",
        "cd [0]",
        "@decorated\ndef f(): await g()",
    ],
)
def test_python_is_left_alone(cell: str) -> None:
    assert translate(cell) == cell
    assert to_python(cell.split("\n")).uses == ()


def test_commands_are_told_with_their_place() -> None:
    cell = "x = 1\nif x:\n    !pip install \\\n      torch\n%pip install numpy  \ny = !ls"
    assert [(use.kind, use.name, use.text, use.span) for use in to_python(cell.split("\n")).uses] == [
        (UseKind.SHELL, "", "pip install \\\n      torch", Span(3, 5, 4, 12)),
        (UseKind.MAGIC, "pip", "install numpy", Span(5, 1, 5, 19)),
        (UseKind.SHELL, "", "pip install numpy", Span(5, 1, 5, 19)),
        (UseKind.SHELL, "", "ls", Span(6, 5, 6, 8)),
    ]


@pytest.mark.parametrize("head", ["%%bash", "%%sh", "%%script bash", "%%script /bin/sh -e", "%%!"])
def test_body_of_a_shell_cell_is_commands(head: str) -> None:
    uses = to_python([head, "# why", "", "  pip install a \\", "   b", "echo"]).uses
    assert [(use.text, use.span) for use in uses if use.kind is UseKind.SHELL] == [
        ("pip install a \\\n   b", Span(4, 3, 5, 5)),
        ("echo", Span(6, 1, 6, 5)),
    ]


def test_body_of_another_interpreter_is_no_command() -> None:
    (use,) = to_python(["%%script perl", "print 1"]).uses
    assert (use.kind, use.name, use.text) == (UseKind.CELL_MAGIC, "script", "perl")


def test_indent_of_a_whole_cell_counts_in_places() -> None:
    plain = to_python(["  x", "  !ls"])
    assert plain.indent == "  "
    assert plain.uses[0].span == Span(2, 3, 2, 6)
