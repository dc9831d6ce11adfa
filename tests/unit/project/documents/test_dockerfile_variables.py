"""Dockerfile variables are replaced where they are known, and nothing is guessed."""

import pytest

from reprocheck.project.documents.dockerfile_variables import MAX_EXPANSION, expand

VARIABLES = {"X": "1", "EMPTY": "", "UNKNOWN": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$X", "1"),
        ("a${X}b$X", "a1b1"),
        ("$XY", None),
        ("${X:-d}", "1"),
        ("${Y:-d}", "d"),
        ("${Y-d}", "d"),
        ("${Y:-}", ""),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${X:+d}", "d"),
        ("${Y:+d}", ""),
        ("${EMPTY:+d}", ""),
        ("${EMPTY+d}", "d"),
        ("${X:?message}", "1"),
        ("${Y:?message}", None),
        ("${Y:-a${X}b}c", "a1bc"),
        ("${Y:-${Z:-${X}}}", "1"),
        ("${Y:-'}'}", "}"),
        ("$UNKNOWN", None),
        ("${UNKNOWN:-d}", None),
        ("${UNKNOWN:+d}", "d"),
        ("${X:-$UNKNOWN}", "1"),
        ("${X%1}", None),
        ("${X/1/2}", None),
        ("'$X'", "$X"),
        ("\"$X 'y'\"", "1 'y'"),
        ("\\$X", "$X"),
        ('"\\a\\"\\$"', '\\a"$'),
        ("$", "$"),
        ("a$/b", "a$/b"),
        ("${", None),
        ("${X", None),
        ("}", "}"),
        ("`$X", "`1"),
    ],
)
def test_text_is_expanded(text: str, expected: str | None) -> None:
    assert expand(text, VARIABLES) == expected


def test_the_escape_character_may_be_a_backtick() -> None:
    assert expand("`$X\\$X", VARIABLES, escape="`") == "$X\\1"


def test_expansion_is_bounded() -> None:
    assert expand("$X" * 3, {"X": "x" * MAX_EXPANSION}) is None
    assert expand("${A:-" * 10_000, {}) is None
