"""What facts keep for rules about switches: every condition, what is only called, what gets another value."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Call, FileFacts, Value, ValueKind
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def facts_of(code: str, collect: tuple[type[ast.AST], ...] = ()) -> FileFacts:
    text = dedent(code)
    return extract(PythonFile(SourceText("a.py", text), ast.parse(text), collect))


def test_a_condition_without_calls_in_it_is_kept() -> None:
    (guard,) = facts_of("FLAG = False\nx = 1\nif FLAG:\n    x = 2\nelse:\n    x = 3\n").functions[0].guards
    assert (guard.body, guard.other) == ((4, 4), (6, 6))
    assert guard.test is not None
    assert guard.test.left == Value(ValueKind.NAME, ".FLAG")


def test_a_conditional_expression_is_kept_with_both_sides() -> None:
    (choice,) = facts_of("FLAG = False\nx = (\n    1\n    if FLAG\n    else 2\n)\n").choices
    assert choice.test.kind.value == "truth"
    assert (choice.body.line, choice.other.line) == (3, 5)


def test_a_conditional_expression_on_something_unknown_is_left_out() -> None:
    assert facts_of("x = 1 if y[0] + 1 else 2\n").choices == ()


@pytest.mark.parametrize("collect", [(), (ast.Name, ast.Attribute)])
def test_what_is_called_or_read_from_is_no_reference(collect: tuple[type[ast.AST], ...]) -> None:
    facts = facts_of("f()\na.b.c()\nd.e\ng(h)\n", collect)
    assert facts.references == ("b", "e", "h")
    assert facts.owners == ("a", "d")
    assert {"f", "a", "d", "g", "h"} <= set(facts.names)
    assert facts.attributes == ("b", "c", "e")


def test_collected_names_are_the_same_whether_called_or_not() -> None:
    tree = ast.parse("f(x)\na.b(c.d)\n")
    file = PythonFile(SourceText("a.py", ""), tree, (ast.Name, ast.Attribute))
    assert sorted(node.id for node, _ in file.nodes[ast.Name]) == ["a", "c", "f", "x"]
    assert sorted(node.attr for node, _ in file.nodes[ast.Attribute]) == ["b", "d"]


def test_a_parameter_that_gets_another_value_says_so() -> None:
    function = facts_of("def f(a, b=1):\n    b = 2\n    return a\n").functions[1]
    assert [parameter.rebound for parameter in function.parameters] == [False, True]


def test_a_name_bound_on_both_sides_has_no_one_value() -> None:
    body = facts_of("import m\nif m.x:\n    w = 1\nelse:\n    w = None\nm.f(w)\n").functions[0]
    (call,) = [event for event in body.events if isinstance(event, Call)]
    assert call.arguments[0].value != Value(ValueKind.CONSTANT, None)


def test_lines_that_a_form_sets_are_kept() -> None:
    assert facts_of('a = 1  #@param {type: "number"}\nb = 2\nc = 3  # @param\n').forms == (1, 3)


def test_a_method_over_a_whole_mapping_keeps_the_name_of_its_receiver() -> None:
    body = facts_of("def f(cfg):\n    cfg['model'].items()\n    cfg.keys()\n    cfg.sort()\n").functions[1]
    assert [event.callee for event in body.events if isinstance(event, Call)] == [
        "?.model.items",
        "?.cfg.keys",
        "?.sort",
    ]


def test_a_decorator_that_is_not_known_is_counted() -> None:
    assert facts_of("def f(d):\n    @d.task\n    def g(): ...\n").functions[2].decorators == ("?",)


def test_what_a_dictionary_of_attributes_is_read_of() -> None:
    text = "record(**args.__dict__)\nrecord(run.opt.__dict__)\nnets.__dict__[name]()\nmake().__dict__\n"
    assert facts_of(text).opened == ("", "args", "nets", "opt")
    assert facts_of("run.opt.name\n").opened == ()


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("step % 100 == 0", "periodic"),
        ("(self.epoch + 1) % every == 0", "periodic"),
        ("not batch_idx % 10", "periodic"),
        ("width % 32 == 0", "compare"),
        ("step % 100 != 0", "compare"),
    ],
)
def test_a_condition_on_the_turn_of_a_loop(condition: str, kind: str) -> None:
    guard = facts_of(f"for step in steps:\n    if {condition}:\n        save()\n").functions[0].guards[1]
    assert guard.test is not None
    assert guard.test.kind.value == kind
