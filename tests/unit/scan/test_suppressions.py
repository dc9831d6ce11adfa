"""How suppression comments are written, and what they cover."""

from __future__ import annotations

import pytest

from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText
from reprocheck.scan.suppressions import Found, of_python, of_text


def python(text: str) -> list[Found]:
    source = SourceText("a.py", text)
    tree, _ = parse(source)
    assert tree is not None
    return of_python(PythonFile(source, tree))


def covered(text: str) -> list[tuple[int, int]]:
    return [(found.first_line, found.last_line) for found in python(text)]


@pytest.mark.parametrize(
    ("comment", "words", "reason", "until"),
    [
        ("# reprocheck: ignore", (), "", ""),
        ("# reprocheck: ignore[RNG010]", ("RNG010",), "", ""),
        ("#reprocheck:ignore[ RNG010 , seed-from-clock ]", ("RNG010", "seed-from-clock"), "", ""),
        ("# reprocheck: ignore[RNG] -- a smoke test", ("RNG",), "a smoke test", ""),
        ("# reprocheck: ignore[RNG]: a smoke test", ("RNG",), "a smoke test", ""),
        ("# reprocheck: ignore[RNG] — why (until 2027-03-01)", ("RNG",), "why", "2027-03-01"),
        ("# reprocheck: ignore[RNG] -- (until 2027-03-01)", ("RNG",), "", "2027-03-01"),
        ("# reprocheck: ignore -- all of it", (), "all of it", ""),
        ("# reprocheck: ignore[]", (), "", ""),
    ],
)
def test_notation(comment: str, words: tuple[str, ...], reason: str, until: str) -> None:
    (found,) = python(f"x = 1  {comment}\n")
    assert (found.words, found.reason, found.until) == (words, reason, until)
    assert (found.line, found.column, found.end_column) == (1, 8, 8 + len(comment))
    (in_text,) = of_text(SourceText("a.yaml", f"x: 1  {comment}\n"))
    assert (in_text.words, in_text.reason, in_text.until) == (words, reason, until)


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # reprocheck ignore",
        "x = 1  # reprocheck: ignored[RNG]",
        "x = 1  # reprocheck: ignore[RNG010",
        "x = 1  # reprocheck: ignore RNG010",
        "x = 1  # noqa: RNG010",
        "x = '# reprocheck: ignore[RNG]'",
    ],
)
def test_what_is_no_suppression(line: str) -> None:
    assert python(line + "\n") == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = f(\n    1,\n)  # reprocheck: ignore\ny = 2\n", (1, 3)),
        ("# reprocheck: ignore\nx = f(\n    1,\n)\n", (2, 4)),
        ("# reprocheck: ignore\n\n# another\nx = 1\ny = 2\n", (4, 4)),
        ("if x:  # reprocheck: ignore\n    y()\n", (1, 1)),
        ("def f(\n    a,  # reprocheck: ignore\n    b,\n):\n    return a\n", (1, 4)),
        ("if x:\n    # reprocheck: ignore\n    y()\n    z()\n", (3, 3)),
        ("# reprocheck: ignore\n@first\n@second\ndef f():\n    pass\n", (2, 4)),
        ("x = 1\n# reprocheck: ignore\n", (2, 2)),
        ("x = '''\n# reprocheck: ignore\n'''  # reprocheck: ignore\n", (1, 3)),
    ],
)
def test_comment_covers_its_statement(text: str, lines: tuple[int, int]) -> None:
    assert covered(text) == [lines]


def test_comments_of_a_file_that_newer_grammar_makes_hard_to_read_still_count() -> None:
    (found,) = python("def first[T](x: T) -> T:\n    return x  # reprocheck: ignore[RNG]\n")
    assert found.words == ("RNG",)


def test_comment_alone_in_a_text_file_covers_the_next_line_that_is_none() -> None:
    source = SourceText("Dockerfile", "# reprocheck: ignore[ENV007]\n# Nightly on purpose.\n\nFROM a\nFROM b\n")
    (found,) = of_text(source)
    assert (found.first_line, found.last_line) == (4, 4)


def test_address_with_a_hash_in_a_text_file_is_no_comment_of_ours() -> None:
    assert of_text(SourceText("a.yaml", "url: http://a/#reprocheck:ignored\n")) == []
