"""What facts keep for rules that follow sets and configurations: returned values, keys, and where an order arises."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Call, FileFacts, Value, ValueKind
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def facts_of(code: str) -> FileFacts:
    text = dedent(code)
    return extract(PythonFile(SourceText("a.py", text), ast.parse(text), ()))


def calls(facts: FileFacts) -> list[str]:
    return [event.callee for function in facts.functions for event in function.events if isinstance(event, Call)]


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        ("return {x for x in xs}", Value(ValueKind.DISPLAY, "set")),
        ("return set(xs)", Value(ValueKind.NAME, "builtins.set()")),
        ("found = set(xs)\n    return found", Value(ValueKind.NAME, "builtins.set()")),
        ("return", None),
        ("print(xs)", None),
    ],
)
def test_a_function_keeps_what_its_last_statement_returns(body: str, returned: Value | None) -> None:
    assert facts_of(f"def f(xs):\n    {body}\n").functions[1].returns == returned


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ('{"lr": 0.1, "seed": s}', ".lr.seed"),
        ("dict(lr=0.1, seed=s)", ".lr.seed"),
        ('{"lr": 0.1, **rest}', ".lr.*"),
        ("{name: 1}", ".*"),
        ("{}", ""),
    ],
)
def test_a_dictionary_keeps_its_keys(config: str, keys: str) -> None:
    (call,) = [e for e in facts_of(f"import t\nt.start({config})\n").functions[0].events if isinstance(e, Call)][-1:]
    assert call.arguments[0].value == Value(ValueKind.DISPLAY, "dict", keys)


def test_keys_that_are_cut_off_count_as_unknown() -> None:
    config = ", ".join(f'"a_rather_long_key_{number}": 1' for number in range(30))
    (call,) = [e for e in facts_of(f"import t\nt.start({{{config}}})\n").functions[0].events if isinstance(e, Call)]
    assert call.arguments[0].value is not None
    assert call.arguments[0].value.path.endswith(".*")


def test_an_order_given_to_what_comes_from_elsewhere_is_an_event() -> None:
    facts = facts_of(
        """
        from labels import names

        def number(xs):
            return {x: i for i, x in enumerate(xs)}

        rows = list(names())
        count = tuple(range(3))
        pairs = list([1, 2])
        """
    )
    assert [name for name in calls(facts) if name.startswith("builtins.")] == ["builtins.list", "builtins.enumerate"]
