"""Parameters that a call gives a constant decide which side of a condition runs."""

from __future__ import annotations

import ast

import pytest

from reprocheck.rulekit.flow.flags import constants_of, ends, holds

FUNCTION = "def prepare(self, table, fit=True, *, mode='train', limit=None):\n    {body}\n"


def constants(call: str, body: str = "return table", **around: object) -> dict[str, object]:
    function = ast.parse(FUNCTION.format(body=body)).body[0]
    node = ast.parse(call, mode="eval").body
    assert isinstance(function, ast.FunctionDef)
    assert isinstance(node, ast.Call)
    return dict(constants_of(function, node, around))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("prepare(rows)", {"fit": True, "mode": "train", "limit": None}),
        ("prepare(rows, False)", {"fit": False, "mode": "train", "limit": None}),
        ("prepare(rows, fit=False, mode='test')", {"fit": False, "mode": "test", "limit": None}),
        ("prepare(rows, fit=given, mode=known)", {"mode": "test", "limit": None}),
        ("prepare(rows, **options)", {}),
        ("prepare(*rows)", {}),
    ],
)
def test_a_parameter_is_what_the_call_or_its_default_says(call: str, expected: dict[str, object]) -> None:
    assert constants(call, known="test") == expected


def test_a_parameter_that_is_given_another_value_is_none() -> None:
    assert constants("prepare(rows)", "fit = table is None") == {"mode": "train", "limit": None}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("fit", False),
        ("not fit", True),
        ("mode == 'train'", False),
        ("mode != 'train'", True),
        ("limit is None", True),
        ("limit is not None", False),
        ("other", None),
        ("not other", None),
        ("fit and other", None),
        ("mode in names", None),
        ("'test' == mode", None),
    ],
)
def test_a_condition_holds_or_not_or_cannot_be_told(test: str, expected: bool | None) -> None:
    known = {"fit": False, "mode": "test", "limit": None}
    assert holds(ast.parse(test, mode="eval").body, known) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("return 1", True),
        ("raise ValueError", True),
        ("if fit:\n    a()\n    return 1", True),
        ("if fit:\n    a()\nelse:\n    return 1", False),
        ("if not fit:\n    return 1", False),
        ("if other:\n    return 1\nelse:\n    return 2", False),
        ("a()", False),
    ],
)
def test_what_ends_a_function(text: str, expected: bool) -> None:
    assert ends(ast.parse(text).body[0], {"fit": True}) is expected
