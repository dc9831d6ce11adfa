"""What values and conditions come to under the defaults of all options."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.model.place import Span
from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Call, DocumentFacts, Setting
from reprocheck.project.index.evaluate import UNKNOWN, Frame
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

HERE = Span(1, 1, 1, 2)
PROGRAM = """
    import argparse
    import os
    import lib
    from settings import RATE

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("data")
    args = parser.parse_args()
    WIDTH = 8
    lib.use({value})
"""


def value_of(text: str) -> object:
    """What the argument of `use` comes to."""
    files = {"train.py": dedent(PROGRAM).replace("{value}", text), "settings.py": "RATE = 0.1\n"}
    config = DocumentFacts("config.yaml", "yaml", settings=(Setting("optim.lr", 0.5, HERE),))
    facts = {path: extract(PythonFile(SourceText(path, code), ast.parse(code), ())) for path, code in files.items()}
    index = ProjectIndex(facts, {"config.yaml": config}, [*files, "config.yaml"])
    events = index.files["train.py"].functions[0].events
    call = next(event for event in events if isinstance(event, Call) and event.callee.endswith("lib.use"))
    return index.evaluator.value(call.arguments[0].value, Frame("train.py"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("3", 3, id="literal"),
        pytest.param("WIDTH", 8, id="constant"),
        pytest.param("RATE", 0.1, id="constant of another module"),
        pytest.param("args.epochs", 3, id="default of an option"),
        pytest.param("args.seed", None, id="option without a default"),
        pytest.param("args.fast", False, id="switch"),
        pytest.param("args.data", UNKNOWN, id="required"),
        pytest.param("lib.make()", UNKNOWN, id="result"),
        pytest.param("WIDTH + 1", UNKNOWN, id="computed"),
        pytest.param("os.getenv('X')", UNKNOWN, id="environment"),
    ],
)
def test_a_value_under_the_defaults(text: str, value: object) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        ("args.seed is not None", False),
        ("args.seed is None", True),
        ("not args.fast", True),
        ("args.epochs > 2 and WIDTH == 8", True),
        ("args.fast or args.data", None),
        ("args.epochs > 2 or args.data", True),
        ("args.epochs in (1, 2)", None),
        ("args.data == 'x'", None),
    ],
)
def test_a_condition_under_the_defaults(test: str, outcome: bool | None) -> None:
    text = dedent(PROGRAM).replace("lib.use({value})", f"if {test}:\n    lib.use(1)")
    facts = extract(PythonFile(SourceText("train.py", text), ast.parse(text), ()))
    index = ProjectIndex({"train.py": facts}, paths=["train.py"])
    (guard,) = index.files["train.py"].functions[0].guards
    assert guard.test is not None
    assert index.evaluator.test(guard.test, Frame("train.py"), is_main=True) is outcome
