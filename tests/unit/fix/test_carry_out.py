"""Fixes are carried out as a whole or not at all, over several files."""

from __future__ import annotations

from fixing import repair, span
from reprocheck.fix.carry_out import carry_out, replacements
from reprocheck.model.fix import ReplaceExpression, ReplaceText, SetArgument, WrapExpression, WriteFile
from reprocheck.model.place import Span

FILES = {
    "a.py": b"x = f(1)\n",
    "b.py": b"y = g(2)\n",
    "old.py": b"print 1\n",
    "run": b"#!/usr/bin/env python\nx = f(1)\n",
    "conf.yaml": b"fast: true\n",
}
CALL = Span(1, 5, 1, 9)


def test_one_fix_changes_several_files_and_makes_one() -> None:
    fix = repair(
        SetArgument(CALL, "seed", "0"),
        SetArgument(CALL, "seed", "0", path="b.py"),
        ReplaceText(Span(1, 7, 1, 11), "true", "false", path="conf.yaml"),
        WriteFile("new.py", "z = 1\n"),
        path="a.py",
    )
    assert carry_out([fix], FILES.get).texts == {
        "a.py": b"x = f(1, seed=0)\n",
        "b.py": b"y = g(2, seed=0)\n",
        "conf.yaml": b"fast: false\n",
        "new.py": b"z = 1\n",
    }


def test_a_fix_that_fails_in_one_file_leaves_the_others_alone() -> None:
    fix = repair(SetArgument(CALL, "seed", "0"), SetArgument(Span(1, 1, 1, 2), "seed", "0", path="b.py"), path="a.py")
    done = carry_out([fix], FILES.get)
    assert done.texts == {}
    assert done.refused[0].reason == "something else stands there"


def test_of_two_that_want_the_same_the_second_waits() -> None:
    fixes = [repair(ReplaceExpression(CALL, text), path="a.py") for text in ("h()", "i()")]
    done = carry_out(fixes, FILES.get)
    assert done.texts == {"a.py": b"x = h()\n"}
    assert done.refused[1].later


def test_the_same_fix_twice_is_done_once() -> None:
    fixes = [repair(WrapExpression(CALL, "sorted"), path="a.py")] * 2
    assert carry_out(fixes, FILES.get).texts == {"a.py": b"x = sorted(f(1))\n"}


def test_a_result_that_cannot_be_parsed_is_refused() -> None:
    fix = repair(ReplaceText(Span(1, 1, 1, 2), "x", "x y"), path="a.py")
    assert carry_out([fix], FILES.get).refused[0].reason == "the result couldn't be parsed"


def test_a_file_that_cannot_be_read_is_named() -> None:
    fix = repair(SetArgument(Span(1, 1, 1, 6), "seed", "0"), path="old.py")
    assert carry_out([fix], FILES.get).refused[0].reason == "the file can't be read for changing"


def test_a_file_that_is_there_is_not_written_over() -> None:
    done = carry_out([repair(WriteFile("b.py", "z = 1\n"), path="a.py")], FILES.get)
    assert done.refused[0].reason == "a file of that name is there"


def test_a_script_without_extension_is_python() -> None:
    fix = repair(SetArgument(Span(2, 5, 2, 9), "seed", "0"), path="run")
    assert carry_out([fix], FILES.get).texts["run"].endswith(b"x = f(1, seed=0)\n")


def test_a_fix_by_itself_as_replaced_text() -> None:
    text = "x = f(a)\n"
    fix = repair(WrapExpression(span(text, "f(a)"), "sorted"), path="a.py")
    (parts,) = replacements([fix], {"a.py": text.encode()}.get)
    assert [(part.span, part.text) for part in parts] == [
        (Span(1, 5, 1, 5), "sorted("),
        (Span(1, 9, 1, 9), ")"),
    ]
