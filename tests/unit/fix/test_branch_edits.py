"""Of a choice that is settled, what runs stays."""

from __future__ import annotations

import pytest

from fixing import code, fixed, outcome, refusal, repair, span
from reprocheck.model.fix import DropUnused, FoldName, KeepBranch, SetArgument
from reprocheck.model.place import WHOLE_FILE

CHOICE = code('''
def f():
    if ON:
        # stays
        a = """x
    y"""

        b()
    else:
        c()
    d()
''')


def test_the_body_that_runs_moves_left_and_its_texts_stay() -> None:
    assert fixed(CHOICE, KeepBranch(span(CHOICE, "ON"), holds=True)) == code('''
    def f():
        # stays
        a = """x
        y"""

        b()
        d()
    ''').replace("    y", "    y")


@pytest.mark.parametrize(
    ("before", "holds", "after"),
    [
        ("if ON:\n    a()\nelse:\n    b()\nc()\n", False, "b()\nc()\n"),
        ("if ON:\n    a()\nc()\n", False, "c()\n"),
        ("if x:\n    a()\nelif ON:\n    b()\nelse:\n    c()\n", True, "if x:\n    a()\nelse:\n    b()\n"),
        ("if x:\n    a()\nelif ON:\n    b()\nelse:\n    c()\n", False, "if x:\n    a()\nelse:\n    c()\n"),
        ("if x:\n    a()\nelif ON:\n    b()\nd()\n", False, "if x:\n    a()\nd()\n"),
        ("if ON:\n    a()\nelif x:\n    b()\n", False, "if x:\n    b()\n"),
        ("if not ON:\n    a()\nb()\n", True, "b()\n"),
        ("if ON and x:\n    a()\n", True, "if x:\n    a()\n"),
        ("if x and ON:\n    a()\n", True, "if x:\n    a()\n"),
        ("if ON and x:\n    a()\nb()\n", False, "b()\n"),
        ("if x or ON:\n    a()\n", True, "a()\n"),
        ("y = a if ON else b\n", True, "y = a\n"),
        ("y = a if ON else (b + c)\n", False, "y = (b + c)\n"),
        ("y = [a for a in b if ON]\n", True, "y = [a for a in b]\n"),
        ("while ON:\n    a()\nelse:\n    b()\n", False, "b()\n"),
        ("if ON: a()\nb()\n", True, "a()\nb()\n"),
        ("for x in y:\n    if ON:\n        a()\n", False, "for x in y:\n    pass\n"),
        ("if ON:\n    pass\nb()\n", True, "b()\n"),
    ],
)
def test_a_settled_condition_falls(before: str, holds: bool, after: str) -> None:
    assert fixed(before, KeepBranch(span(before, "ON"), holds=holds)) == after


def test_a_call_in_front_of_the_condition_is_not_lost() -> None:
    text = "if check() and ON:\n    a()\n"
    assert refusal(text, KeepBranch(span(text, "ON"), holds=False)) == "the value is used for more than a choice"


def test_an_edit_in_the_side_that_stays_is_done_too() -> None:
    text = "if ON:\n    if OFF:\n        a()\n    b()\n"
    done = outcome(
        text, repair(KeepBranch(span(text, "ON"), holds=True)), repair(KeepBranch(span(text, "OFF"), holds=False))
    )
    assert done.texts["train.py"] == b"b()\n"


def test_an_edit_in_the_side_that_falls_falls_with_it() -> None:
    text = "if ON:\n    if OFF:\n        a()\n    b()\nc()\n"
    done = outcome(
        text, repair(KeepBranch(span(text, "ON"), holds=False)), repair(KeepBranch(span(text, "OFF"), holds=False))
    )
    assert not done.refused
    assert done.texts["train.py"] == b"c()\n"


def test_a_call_in_the_side_that_falls_waits() -> None:
    text = "if ON:\n    a()\nc()\n"
    done = outcome(
        text, repair(KeepBranch(span(text, "ON"), holds=False)), repair(SetArgument(span(text, "a()"), "b", "1"))
    )
    assert done.refused[1].later
    assert done.texts["train.py"] == b"c()\n"


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("if MODE == 'a':\n    x()\nelse:\n    y()\n", "b", "y()\n"),
        ("print(MODE)\n", "b", "print('b')\n"),
        ("z = MODE or w\n", "", "z = w\n"),
        ("def f(MODE):\n    return MODE\nif MODE is None:\n    x()\n", None, "def f(MODE):\n    return MODE\nx()\n"),
        ("z = w and MODE\n", False, "z = w and False\n"),
    ],
)
def test_a_constant_takes_the_place_of_its_name(before: str, value: str | bool | None, after: str) -> None:
    assert fixed(before, FoldName(WHOLE_FILE, "MODE", value)) == after


def test_a_text_is_not_put_into_a_text() -> None:
    assert "inside of a text" in refusal("print(f'{MODE}')\n", FoldName(WHOLE_FILE, "MODE", "b"))
    assert fixed("print(f'{MODE}')\n", FoldName(WHOLE_FILE, "MODE", value=True)) == "print(f'{True}')\n"


def test_what_only_the_dead_side_used_falls_with_it() -> None:
    text = code("""
    import json
    import os

    def only_here():
        return helper()

    def helper():
        return json.dumps(1)

    def kept():
        return os.sep

    if ON:
        only_here()
    kept()
    """)
    done = fixed(text, KeepBranch(span(text, "ON"), holds=False), DropUnused(definitions=True))
    assert done == code("""
    import os

    def kept():
        return os.sep

    kept()
    """)


def test_what_is_used_elsewhere_stays() -> None:
    text = "import json\nimport os\nif ON:\n    json.dumps(os.sep)\nx()\n"
    done = fixed(text, KeepBranch(span(text, "ON"), holds=False), DropUnused(keep=("os",)))
    assert done == "import os\nx()\n"


def test_an_export_stays() -> None:
    text = "__all__ = ['json']\nimport json\nif ON:\n    json.dumps(1)\nx()\n"
    assert "import json" in fixed(text, KeepBranch(span(text, "ON"), holds=False), DropUnused())
