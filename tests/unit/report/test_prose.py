"""First sentences and wrapping."""

from __future__ import annotations

import pytest

from reprocheck.report.prose import code_below, first_paragraph, first_sentence, wrap


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("", ""),
        ("One sentence.", "One sentence."),
        ("No full stop", "No full stop"),
        ("First. Second.", "First."),
        ("First\nline. Second.", "First line."),
        ("Call `a. B` first. Then.", "Call `a. B` first."),
        ("Seeds, e.g. NumPy's, are lost. Really.", "Seeds, e.g. NumPy's, are lost."),
        ("Since version 1.9 it works. Before it didn't.", "Since version 1.9 it works."),
        ("Is it? Yes.", "Is it?"),
        ("One\n\nTwo.", "One"),
    ],
)
def test_first_sentence(markdown: str, expected: str) -> None:
    assert first_sentence(markdown) == expected


def test_paragraphs_lose_code_blocks_and_link_targets() -> None:
    assert first_paragraph("```python\nx = 1\n\ny = 2\n```\n\nSee [the\nnotes](https://example.org/a).\n\nMore.") == (
        "See the notes."
    )


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (
            "Seed\nfirst:\n\n    def seed():\n        pass\n\n    seed()\n\nThen go on.",
            ["def seed():", "    pass", "", "seed()"],
        ),
        ("Seed first:\n\nThen go on.", []),
        ("Seed first.\n\n    seed()", []),
        ("", []),
    ],
)
def test_code_that_a_paragraph_introduces_is_below_it(markdown: str, expected: list[str]) -> None:
    assert code_below(markdown) == expected


def test_wraps_by_cells_not_characters() -> None:
    assert wrap("日本 日本 ab", 9) == ["日本 日本", "ab"]
    assert wrap("日本 日本 ab", 8) == ["日本", "日本 ab"]


def test_a_word_wider_than_the_line_stands_alone() -> None:
    assert wrap("a bbbbbbbb c", 4) == ["a", "bbbbbbbb", "c"]


def test_nothing_wraps_to_no_lines() -> None:
    assert wrap("  ", 10) == []
