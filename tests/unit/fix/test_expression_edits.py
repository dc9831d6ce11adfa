"""Arguments and expressions change; the text around them doesn't."""

from __future__ import annotations

import pytest

from fixing import code, fixed, outcome, refusal, repair, span
from reprocheck.model.fix import RemoveArgument, ReplaceExpression, SetArgument, WrapExpression

ONE_PER_LINE = """
loader = DataLoader(
    rows,
    shuffle=True,  # each epoch
)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(seed=0)"),
        ("f(a)", "f(a, seed=0)"),
        ("f(a, )", "f(a, seed=0, )"),
        ("f(a, seed=None)", "f(a, seed=0)"),
        ("f(a, seed=(1))", "f(a, seed=0)"),
        ("f(*a, **k)", "f(*a, **k, seed=0)"),
        ("f(x for x in y)", "f((x for x in y), seed=0)"),
        ("f((x for x in y))", "f((x for x in y), seed=0)"),
        ("f(\n    a  # why\n)", "f(\n    a,  # why\n    seed=0\n)"),
        ("f(\n    a)", "f(\n    a,\n    seed=0)"),
        ("f(\n    a)  # why", "f(\n    a,\n    seed=0)  # why"),
        ("f(\n\ta,\n)", "f(\n\ta,\n\tseed=0,\n)"),
    ],
)
def test_an_argument_is_given_in_the_style_of_the_call(before: str, after: str) -> None:
    text, call = f"x = {before}\n", before.removesuffix("  # why")
    assert fixed(text, SetArgument(span(text, call), "seed", "0")) == f"x = {after}\n"


def test_a_comment_behind_the_last_argument_stays_with_it() -> None:
    text = code(ONE_PER_LINE)
    call = text.removeprefix("loader = ").rstrip("\n")
    assert fixed(text, SetArgument(span(text, call), "generator", "g")) == code("""
    loader = DataLoader(
        rows,
        shuffle=True,  # each epoch
        generator=g,
    )
    """)


def test_two_fixes_of_one_call_are_both_done() -> None:
    text = "x = f(a)\n"
    done = fixed(text, SetArgument(span(text, "f(a)"), "b", "1"), SetArgument(span(text, "f(a)"), "c", "2"))
    assert done == "x = f(a, b=1, c=2)\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, b=1)", "f(a)"),
        ("f(b=1)", "f()"),
        ("f(b=1, c=2)", "f(c=2)"),
        ("f(a, b=1,)", "f(a,)"),
        ("f(\n    a,  # first\n    b=1,  # second\n)", "f(\n    a,  # first\n)"),
        ("f(\n    b=1,\n    c=2,\n)", "f(\n    c=2,\n)"),
    ],
)
def test_an_argument_is_taken_away_with_its_comma(before: str, after: str) -> None:
    assert fixed(f"x = {before}\n", RemoveArgument(span(f"x = {before}\n", before), "b")) == f"x = {after}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a, b=1): pass", "def f(a): pass"),
        ("def f(b=1): pass", "def f(): pass"),
        ("def f(a: int = 2, b: list[int] = (), c=3): pass", "def f(a: int = 2, c=3): pass"),
        ("def f(a: int = 2, b: list[int] = ()): pass", "def f(a: int = 2): pass"),
        ("def f(a, *, b=1): pass", "def f(a): pass"),
        ("def f(a, *, b=1, c=2): pass", "def f(a, *, c=2): pass"),
        ("def f(a, b=1, *rest, **more): pass", "def f(a, *rest, **more): pass"),
    ],
)
def test_a_parameter_is_taken_away(before: str, after: str) -> None:
    assert fixed(f"{before}\n", RemoveArgument(span(before, before), "b")) == f"{after}\n"


def test_arguments_that_go_together_leave_no_comma() -> None:
    text = "x = f(a, b=1, c=2, d=3)\n"
    call = span(text, "f(a, b=1, c=2, d=3)")
    done = outcome(text, *(repair(RemoveArgument(call, name)) for name in "bcd"))
    assert done.texts["train.py"] == b"x = f(a)\n"


@pytest.mark.parametrize(
    ("before", "expression", "after"),
    [
        ("for n in os.listdir(d): pass", "os.listdir(d)", "for n in sorted(os.listdir(d)): pass"),
        ("x = 1, 2", "1, 2", "x = sorted((1, 2))"),
        ("x = (1, 2)", "(1, 2)", "x = sorted((1, 2))"),
        ("x = list(a for a in b)", "(a for a in b)", "x = list(sorted(a for a in b))"),
        ("é = 'ü'; x = f(a)", "f(a)", "é = 'ü'; x = sorted(f(a))"),
    ],
)
def test_an_expression_is_wrapped(before: str, expression: str, after: str) -> None:
    assert fixed(f"{before}\n", WrapExpression(span(before, expression), "sorted")) == f"{after}\n"


def test_wraps_inside_of_each_other_keep_their_order() -> None:
    text = "x = outer(inner(a))\n"
    done = fixed(
        text,
        WrapExpression(span(text, "inner(a)"), "list"),
        WrapExpression(span(text, "a"), "sorted"),
        WrapExpression(span(text, "outer(inner(a))"), "tuple"),
    )
    assert done == "x = tuple(outer(list(inner(sorted(a)))))\n"


@pytest.mark.parametrize(
    ("before", "part", "new", "after"),
    [
        ("x = a.b", "a", "c + d", "x = (c + d).b"),
        ("x = f(a)", "a", "c + d", "x = f(c + d)"),
        ("x = (a) * 2", "a", "c + d", "x = (c + d) * 2"),
        ("x = a", "a", "c if d else e", "x = c if d else e"),
        ("x = -a", "a", "b()", "x = -b()"),
    ],
)
def test_an_expression_in_place_of_another_means_the_same_there(before: str, part: str, new: str, after: str) -> None:
    assert fixed(f"{before}\n", ReplaceExpression(span(before, part), new)) == f"{after}\n"


def test_what_stands_elsewhere_by_now_is_refused() -> None:
    text = "x = f(a)\n"
    assert refusal(text, SetArgument(span(text, "x = f"), "seed", "0")) == "something else stands there"


def test_a_builtin_that_means_something_else_is_not_called() -> None:
    text = "def sorted(x): return x\nfor n in f(): pass\n"
    assert refusal(text, WrapExpression(span(text, "f()"), "sorted")) == "`sorted` means something else in this file"
