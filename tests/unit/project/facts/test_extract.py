"""What is kept of a module: events in order, what they stand under, definitions, imports."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import (
    Call,
    Exit,
    FileFacts,
    Function,
    GuardKind,
    Import,
    Value,
    ValueKind,
)
from reprocheck.project.facts.model import Test as Condition
from reprocheck.project.facts.model import TestKind as Form
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def facts_of(code: str) -> FileFacts:
    text = dedent(code)
    return extract(PythonFile(SourceText("a.py", text), ast.parse(text)))


def function(code: str, name: str = "") -> Function:
    return next(found for found in facts_of(code).functions if found.name == name)


def told(found: Function) -> list[str]:
    """Events in one word each."""
    words = []
    for event in found.events:
        match event:
            case Call():
                words.append(event.callee)
            case Import():
                words.append(f"import {event.target}")
            case Exit():
                words.append("raise" if event.raises else "return")
    return words


def test_calls_come_in_the_order_of_their_evaluation() -> None:
    assert told(function("import m\nm.a(m.b(), m.c())\nm.d().e()\n")) == [
        "import m",
        "m.b",
        "m.c",
        "m.a",
        "m.d",
        "m.d().e",
    ]


def test_decorators_and_defaults_run_where_the_definition_stands() -> None:
    code = """
        import m
        @m.decorate(m.first())
        def f(x=m.second()):
            m.inside()
        m.last()
        """
    assert told(function(code)) == ["import m", "m.first", "m.decorate", "m.second", "m.last"]
    assert told(function(code, "f")) == ["m.inside"]


def test_class_bodies_and_lambdas_belong_to_what_surrounds_them() -> None:
    code = """
        import m
        class A:
            x = m.of_class()
            y = lambda self: m.of_lambda()
            def f(self):
                return [m.of_comprehension() for _ in m.items()]
        """
    assert told(function(code)) == ["import m", "m.of_class", "m.of_lambda"]
    assert told(function(code, "A.f")) == ["m.items", "m.of_comprehension"]


def test_assignments_to_what_others_see_are_events_and_kept_by_name() -> None:
    facts = facts_of("import m, os\nm.flags.fast = True\nos.environ['X'] = '1'\nLIMIT = 3\nlocal.x = 4\n")
    assert told(facts.functions[0]) == ["import m", "import os", "m.flags.fast=", "os.environ.X="]
    assert {a.target: a.value for a in facts.assignments} == {
        "m.flags.fast": Value(ValueKind.CONSTANT, True),
        "os.environ.X": Value(ValueKind.CONSTANT, "1"),
        ".LIMIT": Value(ValueKind.CONSTANT, 3),
        "?.x": Value(ValueKind.CONSTANT, 4),
    }


def test_attributes_of_the_instance_are_assignments_of_the_class() -> None:
    facts = facts_of("class A:\n    kind = 'a'\n    def __init__(self, n):\n        self.n = n\n")
    assert {a.target: a.function for a in facts.assignments} == {".A.kind": 0, ".A.n": 1}


def test_what_a_name_holds_is_followed_to_its_source() -> None:
    code = "import m\ndef f(cfg):\n    opts = cfg.train\n    m.g(opts.lr, opts['n'], opts.get('k'))\n"
    call = function(code, "f").events[-1]
    assert isinstance(call, Call)
    assert [argument.value for argument in call.arguments] == [
        Value(ValueKind.PARAMETER, "cfg", path) for path in (".train.lr", ".train.n", ".train.k")
    ]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("3", Value(ValueKind.CONSTANT, 3)),
        ("-2.5", Value(ValueKind.CONSTANT, -2.5)),
        ("None", Value(ValueKind.CONSTANT, None)),
        ("f'a{x}b'", Value(ValueKind.TEXT, "a{}b")),
        ("[1, 2]", Value(ValueKind.DISPLAY, "list")),
        ("lambda: 1", Value(ValueKind.DISPLAY, "lambda")),
        ("m.seed()", Value(ValueKind.NAME, "m.seed()")),
        ("LIMIT", Value(ValueKind.NAME, ".LIMIT")),
        ("self.rate", Value(ValueKind.SELF, None, ".rate")),
        ("1 + 2", None),
        ("b'x'", None),
        ("1 << 70", None),
        (str(1 << 70), None),
        ("'" + "x" * 300 + "'", None),
    ],
)
def test_what_is_known_of_an_argument(argument: str, value: Value | None) -> None:
    code = f"import m\nLIMIT = 1\nclass A:\n    def f(self, x):\n        m.call({argument})\n"
    (call,) = [e for e in function(code, "A.f").events if isinstance(e, Call) and e.callee == "m.call"]
    assert call.arguments[0].value == value


def test_arguments_keep_their_names_and_unpacking() -> None:
    (call,) = [e for e in function("import m\nm.f(1, *a, k=2, **b)\n").events if isinstance(e, Call)]
    assert [argument.name for argument in call.arguments] == ["", "*", "k", "**"]


def test_callees_of_unknown_receivers_parameters_and_the_instance() -> None:
    code = """
        class A(B):
            def f(self, x, callback):
                callback(1)
                x.go()
                self.missing()
                self.g()
                super().f(x)
            def g(self): ...
        """
    assert told(function(code, "A.f")) == [
        "@callback",
        "?.go",
        "self.missing",
        ".A.g",
        "builtins.super",
        "builtins.super().f",
    ]  # fmt: skip


def test_an_annotated_parameter_says_what_its_methods_are() -> None:
    code = "from m import Model\ndef f(x: Model, y: 'Model | None'):\n    x.fit()\n    y.fit()\n"
    assert told(function(code, "f")) == ["m.Model().fit", "m.Model().fit"]


# Conditions


def test_events_know_their_condition_and_side() -> None:
    found = function("import m\ndef f(a):\n    if a:\n        m.x()\n    else:\n        m.y()\n    m.z()\n", "f")
    assert [(e.callee, e.guard, e.side) for e in found.events if isinstance(e, Call)] == [
        ("m.x", 0, True),
        ("m.y", 0, False),
        ("m.z", -1, True),
    ]
    (guard,) = found.guards
    assert guard.kind is GuardKind.IF
    assert guard.test == Condition(Form.TRUTH, (), "", Value(ValueKind.PARAMETER, "a"))


def test_an_elif_lies_on_the_other_side_of_the_condition_before() -> None:
    code = """
        import m
        def f(a):
            if a == 1:
                m.x()
            elif a == 2:
                m.y()
            else:
                m.z()
        """
    found = function(code, "f")
    calls = {e.callee: e for e in found.events if isinstance(e, Call)}
    inner = found.guards[calls["m.y"].guard]
    assert found.guards[inner.parent].test == Condition(
        Form.COMPARE, (), "==", Value(ValueKind.PARAMETER, "a"), Value(ValueKind.CONSTANT, 1)
    )
    assert (inner.parent_side, calls["m.y"].side, calls["m.z"].side) == (False, True, False)
    assert calls["m.z"].guard == calls["m.y"].guard


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("while a:", GuardKind.LOOP),
        ("for _ in a:", GuardKind.LOOP),
        ("if a:", GuardKind.IF),
    ],
)
def test_kinds_of_guards(statement: str, kind: GuardKind) -> None:
    found = function(f"import m\ndef f(a):\n    {statement}\n        m.x()\n", "f")
    assert [guard.kind for guard in found.guards] == [kind]
    (call,) = [e for e in found.events if isinstance(e, Call)]
    assert call.loop is (kind is GuardKind.LOOP)


def test_lambdas_and_classes_stand_under_what_they_are_written_in() -> None:
    code = """
    import m
    if __name__ == "__main__":
        m.run(lambda: m.make())
        class Local:
            field = m.field()
        def later():
            m.later()
    """
    found = function(code)
    assert [(e.callee, e.guard) for e in found.events if isinstance(e, Call) and e.callee.startswith("m.")] == [
        ("m.make", 0),
        ("m.run", 0),
        ("m.field", 0),
    ]
    assert [e.guard for e in function(code, "later").events if isinstance(e, Call)] == [-1]


def test_attempts_and_matches_are_guards_without_a_test() -> None:
    code = """
        import m
        def f(a):
            try:
                m.x()
            except OSError:
                m.y()
            match a:
                case 1:
                    m.z()
        """
    found = function(code, "f")
    assert [(guard.kind, guard.test) for guard in found.guards] == [(GuardKind.TRY, None), (GuardKind.MATCH, None)]


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("not a", Form.NOT),
        ("a and b", Form.AND),
        ("a or b", Form.OR),
        ("a is None", Form.COMPARE),
        ("__name__ == '__main__'", Form.MAIN),
        ("(n := a)", Form.TRUTH),
        ("1 < a < 3", Form.UNKNOWN),
        ("a + b", Form.UNKNOWN),
    ],
)
def test_forms_of_conditions(condition: str, kind: Form) -> None:
    (guard,) = function(f"import m\ndef f(a, b):\n    if {condition}:\n        m.x()\n", "f").guards
    assert guard.test is not None
    assert guard.test.kind is kind


def test_a_condition_nested_beyond_reason_is_not_told() -> None:
    (guard,) = function("def f(a):\n    if " + "not " * 80 + "a:\n        g()\n", "f").guards
    test, levels = guard.test, 0
    while test is not None and test.parts:
        test, levels = test.parts[0], levels + 1
    assert test == Condition(Form.UNKNOWN)
    assert levels < 40


def test_only_exits_under_a_condition_are_events() -> None:
    code = "def f(a):\n    if a:\n        return 1\n    if not a:\n        raise ValueError\n    return 2\n"
    found = function(code, "f")
    assert [(e.guard, e.raises) for e in found.events if isinstance(e, Exit)] == [(0, False), (1, True)]


# Imports, names, definitions


def test_imports_are_events_with_what_they_run() -> None:
    code = """
        import a.b
        from . import c
        from ..d import e as f
        from g import *
        if a:
            import h
        def later():
            import i
        """
    facts = facts_of(code)
    events = [e for e in facts.functions[0].events if isinstance(e, Import)]
    assert {e.target for e in events} == {"a.b", ".c", "..d.e", "g", "h"}
    assert {e.target for e in events if e.guard >= 0} == {"h"}
    assert told(facts.functions[1]) == ["import i"]
    assert facts.stars == ("g",)
    assert facts.imports == {"a": "a", "c": ".c", "f": "..d.e", "h": "h"}


def test_parameters_with_defaults_annotations_and_order() -> None:
    found = function("import m\ndef f(a, /, b: m.B, c=1, *rest, d, e=None, **more): ...\n", "f")
    assert [(p.name, p.required, p.annotation) for p in found.parameters] == [
        ("a", True, ""),
        ("b", True, "m.B()"),
        ("c", False, ""),
        ("d", True, ""),
        ("e", False, ""),
    ]
    assert found.parameters[2].default == Value(ValueKind.CONSTANT, 1)
    assert found.parameters[4].default == Value(ValueKind.CONSTANT, None)


def test_classes_with_bases_decorators_and_fields() -> None:
    code = """
        import dataclasses, m
        @dataclasses.dataclass
        class A(m.Base, dict):
            rate: float = 0.1
            name: str
            size = 3
            class Inner: ...
        """
    outer, inner = facts_of(code).classes
    assert (outer.name, outer.bases, outer.decorators) == ("A", ("m.Base", "builtins.dict"), ("dataclasses.dataclass",))
    assert [(f.name, f.value) for f in outer.fields] == [
        ("rate", Value(ValueKind.CONSTANT, 0.1)),
        ("name", None),
        ("size", Value(ValueKind.CONSTANT, 3)),
    ]
    assert inner.name == "A.Inner"


def test_methods_and_nested_functions_are_told_apart() -> None:
    code = "class A:\n    def f(self):\n        def g(): ...\nasync def h(): ...\n"
    assert {found.name: found.method for found in facts_of(code).functions} == {
        "": False,
        "A.f": True,
        "A.f.g": False,
        "h": False,
    }


def test_the_name_a_result_is_given() -> None:
    found = function("import m\nx = m.a()\nself.y = m.b()\nz = m.c() + 1\n")
    assert [e.result for e in found.events if isinstance(e, Call) and not e.callee.endswith("=")] == ["x", "y", ""]


@pytest.mark.parametrize(
    ("code", "dynamic"), [("setattr(a, 'b', 1)\n", True), ("exec(x)\n", True), ("vars()\n", True), ("f(x)\n", False)]
)
def test_code_that_could_change_anything_is_dynamic(code: str, *, dynamic: bool) -> None:
    assert facts_of(code).dynamic is dynamic


def test_names_attributes_and_strings_that_occur() -> None:
    facts = facts_of("import a\nx = a.b.c\ny['key'] = f('text', d.e)\n" + "z = '" + "l" * 100 + "'\n")
    assert set(facts.attributes) == {"b", "c", "e"}
    assert {"key", "text"} == set(facts.strings)
    assert {"a", "d", "f"} <= set(facts.names)


def test_self_referential_assignments_end() -> None:
    code = """
        a = a
        x.y = x.y
        b = c
        c = b
        class K:
            z = z
            def __init__(self):
                self.p = self.q
                self.q = self.p
                self.p.go()
        f = f(f)
        g = g[g]
        b.go(a, f, g)
        """
    facts = facts_of(code)
    assert told(facts.functions[1])[-1].endswith("go")
    assert {".a", ".b", ".K.z", ".K.p", "?.y"} <= {assignment.target for assignment in facts.assignments}


def test_a_text_that_utf_8_has_no_form_for_is_spelled_out_in_the_outline() -> None:
    packed = facts_of(r"""
        import pandas

        MARK = "\ud800"
        TABLE = {"\udcff": ["a", "\ud800"]}
    """).outline
    assert b"ud800" in packed
    assert b"udcff" in packed
