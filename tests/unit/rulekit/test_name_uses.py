"""Which reads of a name see a binding."""

import ast
import inspect

import pytest

from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import Catalog, Module, NameUses


def lines_of_uses(code: str, line: int) -> list[int]:
    """Lines that read the name bound on `line`."""
    text = inspect.cleandoc(code)
    tree = ast.parse(text)
    module = Module(PythonFile(SourceText("sample.py", text), tree), Catalog())
    target = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.lineno == line
    )
    return [use.lineno for use in NameUses(module).uses(target)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\nprint(x)\nx = 2\nprint(x)", [2]),
        ("x = [2]\nx = sorted(x)\nprint(x)", [2]),
        ("x = 1\nif c:\n    x = 2\nprint(x)", [4]),
        ("x = 1\nprint(y)\ndef f():\n    return x", [4]),
        ("x = 1\ndef f(x):\n    return x", []),
    ],
)
def test_a_read_sees_the_binding_that_reaches_it(code: str, expected: list[int]) -> None:
    assert lines_of_uses(code, 1) == expected


def test_both_arms_of_a_condition_reach_a_later_read() -> None:
    code = "if c:\n    x = 1\nelse:\n    x = 2\nprint(x)"
    assert lines_of_uses(code, 2) == [5]
    assert lines_of_uses(code, 4) == [5]
