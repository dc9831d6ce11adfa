"""Unsafe characters are spelled out."""

from __future__ import annotations

import pytest

from reprocheck.report.visible import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07", "bell\\x07"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "\\x7f"),
        ("\u202aa\u202e\u2066b\u2069", "\\u202aa\\u202e\\u2066b\\u2069"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_spells_out_what_steers_a_terminal_or_hides(text: str, expected: str) -> None:
    assert visible(text) == expected


@pytest.mark.parametrize("text", ["日本", "café", "👨‍👩‍👧", "⚠️", "a b\u202fc"])
def test_leaves_other_characters_alone(text: str) -> None:
    assert visible(text) == text


def test_without_unicode_everything_is_ascii() -> None:
    assert visible("é日🎲\x1b\ud800", unicode=False) == "\\xe9\\u65e5\\U0001f3b2\\x1b\\ud800"
