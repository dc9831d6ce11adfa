"""Statements come, go and move, with the comments and blank lines that are theirs."""

from __future__ import annotations

import pytest

from fixing import code, fixed, outcome, refusal, repair, span
from reprocheck.model.fix import InsertStatements, MoveStatements, ReplaceStatements, Where
from reprocheck.model.place import WHOLE_FILE

TEXT = code('''
"""A script."""
import os

# The model.
@cached
def build():
    """Builds."""

    return 1


if __name__ == "__main__":
    for step in range(3):
        if step:
            build()
''')


def inserted(where: Where, at: str, text: str = "seed(1)\nother()") -> str:
    return fixed(TEXT, InsertStatements(span(TEXT, at), where, text))


def test_before_a_statement_means_before_its_decorators_and_comments() -> None:
    assert "import os\n\nseed(1)\nother()\n# The model.\n@cached\n" in inserted(Where.BEFORE, "def build()")


def test_before_a_block_stops_at_the_main_guard() -> None:
    last = span(TEXT, "build()", 2)
    done = fixed(TEXT, InsertStatements(last, Where.BEFORE_BLOCK, "seed(1)"))
    assert '__main__":\n    seed(1)\n    for step in range(3):\n' in done


def test_behind_a_statement_keeps_its_indentation() -> None:
    text = "if a:\n\tb = 1  # why\n"
    assert fixed(text, InsertStatements(span(text, "b = 1"), Where.AFTER, "c = 2\nif c:\n    d()")) == (
        "if a:\n\tb = 1  # why\n\tc = 2\n\tif c:\n\t    d()\n"
    )


def test_the_body_of_a_function_begins_behind_its_docstring() -> None:
    assert '"""Builds."""\n    seed(1)\n    other()\n\n    return 1' in inserted(Where.FIRST_IN_BODY, "def build")


def test_the_top_of_a_module_is_behind_its_imports() -> None:
    done = fixed(TEXT, InsertStatements(WHOLE_FILE, Where.MODULE_TOP, "SEED = 1"))
    assert done.startswith('"""A script."""\nimport os\n\nSEED = 1\n\n# The model.')


def test_a_text_in_new_statements_keeps_its_lines() -> None:
    text = "def f():\n    pass\n"
    done = fixed(text, InsertStatements(span(text, "pass"), Where.BEFORE, 'x = """a\nb"""'))
    assert done == 'def f():\n    x = """a\nb"""\n    pass\n'


@pytest.mark.parametrize(
    ("text", "at", "where"),
    [
        ("if a: b()\n", "b()", Where.BEFORE),
        ("a(); b()\n", "b()", Where.BEFORE),
        ("a(); b()\n", "a()", Where.AFTER),
        ("def f(): pass\n", "def f(): pass", Where.FIRST_IN_BODY),
    ],
)
def test_a_shared_line_is_left_alone(text: str, at: str, where: Where) -> None:
    assert refusal(text, InsertStatements(span(text, at), where, "seed(1)"))


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("a()\n\n# why b\nb()\n\nc()\n", "b()", "a()\n\nc()\n"),
        ("a()\n# about both\nb()\nc()\n", "b()", "a()\n# about both\nc()\n"),
        ("def f():\n    a()\n", "a()", "def f():\n    pass\n"),
        ("def f():\n    a()\n\n    b()\n\n\nc()\n", "b()", "def f():\n    a()\n\n\nc()\n"),
        ("a(); b()\n", "a()", "b()\n"),
        ("a()\nb()", "b()", "a()"),
        ("@first(1)\n@second\ndef f(): pass\n", "first(1)", "@second\ndef f(): pass\n"),
    ],
)
def test_a_statement_goes_with_what_is_its_own(before: str, part: str, after: str) -> None:
    assert fixed(before, ReplaceStatements(span(before, part))) == after


def test_several_statements_are_replaced_as_one() -> None:
    text = "def f():\n    a()\n    b()\n    c()\n"
    assert fixed(text, ReplaceStatements(span(text, "a()\n    b()"), "d()")) == "def f():\n    d()\n    c()\n"


def test_a_statement_moves_with_its_comment() -> None:
    text = "a()\n# scale\nfit(x)\nsplit(x)\nend()\n"
    edit = MoveStatements(span(text, "fit(x)"), span(text, "split(x)"), Where.AFTER)
    assert fixed(text, edit) == "a()\nsplit(x)\n# scale\nfit(x)\nend()\n"


def test_statements_of_two_blocks_do_not_change_places() -> None:
    text = "fit(x)\nif a:\n    split(x)\n"
    edit = MoveStatements(span(text, "fit(x)"), span(text, "split(x)"), Where.AFTER)
    assert refusal(text, edit) == "the statements aren't in one block"


LOOP = code("""
def train(args, rows):
    for epoch in range(args.epochs):
        # The same again.
        seed(args.seed)
        for row in rows:
            step(row)
""")


def test_a_statement_moves_out_of_a_loop() -> None:
    edit = MoveStatements(span(LOOP, "seed(args.seed)"), span(LOOP, "for epoch"), Where.BEFORE)
    assert fixed(LOOP, edit) == code("""
def train(args, rows):
    # The same again.
    seed(args.seed)
    for epoch in range(args.epochs):
        for row in rows:
            step(row)
""")


def test_a_statement_moves_to_before_the_block_that_another_stands_in() -> None:
    text = "with a:\n    net = build()\nseed(0)\n"
    edit = MoveStatements(span(text, "seed(0)"), span(text, "net = build()"), Where.BEFORE)
    assert fixed(text, edit) == "seed(0)\nwith a:\n    net = build()\n"


@pytest.mark.parametrize(
    ("between", "needed"),
    [
        ("args = parse()", "args"),
        ("args.seed = 3", "args"),
        ("args.merge(other)", "args"),
        ("setup(args)", "args"),
        ("from tools import seed", "seed"),
        ("for args in lists: pass", "args"),
        ("print(args)", ""),
        ("seed(args.other)", ""),
        ("net = build(args)", ""),
    ],
)
def test_a_statement_does_not_move_past_what_it_needs(between: str, needed: str) -> None:
    text = f"draw()\n{between}\nseed(args.seed)\n"
    edit = MoveStatements(span(text, "seed(args.seed)"), span(text, "draw()"), Where.BEFORE)
    if needed:
        assert refusal(text, edit) == f"it needs `{needed}`, which is made or changed on the way"
    else:
        assert fixed(text, edit) == f"seed(args.seed)\ndraw()\n{between}\n"


@pytest.mark.parametrize("changed", ["args.seed = epoch", "args = other", "epoch = 1\n        seed = epoch"])
def test_a_statement_stays_in_a_loop_that_changes_what_it_needs(changed: str) -> None:
    text = LOOP + f"        {changed}\n"
    edit = MoveStatements(span(text, "seed(args.seed)"), span(text, "for epoch"), Where.BEFORE)
    assert "on the way" in refusal(text, edit)


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_line_ends_of_the_file_are_kept(newline: str) -> None:
    text = f"import os{newline}a(){newline}b(){newline}"
    done = outcome(text, repair(InsertStatements(span("\n\nb()", "b()"), Where.BEFORE, "c()\nd()")))
    assert done.texts["train.py"].decode() == f"import os{newline}a(){newline}c(){newline}d(){newline}b(){newline}"


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (b"\xef\xbb\xbfx = 1\n", b"\xef\xbb\xbfy()\nx = 1\n"),
        (
            "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"),
            "# -*- coding: latin-1 -*-\ny()\nx = 'é'\n".encode("latin-1"),
        ),
    ],
)
def test_encodings_and_marks_are_kept(data: bytes, kept: bytes) -> None:
    line = 2 if b"coding" in data else 1
    at = span("\n" * (line - 1) + "x", "x")
    assert outcome(data, repair(InsertStatements(at, Where.BEFORE, "y()"))).texts["train.py"] == kept


def test_a_letter_that_the_encoding_lacks_is_refused() -> None:
    data = b"# coding: ascii\nx = 1\n"
    done = outcome(data, repair(InsertStatements(span("\nx", "x"), Where.BEFORE, "y = 'é'")))
    assert "has no 'é'" in done.refused[0].reason
