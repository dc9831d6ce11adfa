"""Texts are compared line by line."""

from __future__ import annotations

import pytest

from reprocheck.compare.comparators.text import compare_lines
from reprocheck.compare.context import Context
from reprocheck.model.comparison import Difference, Outcome


def compare(left: list[str], right: list[str]) -> Difference:
    return compare_lines(left, right, Context(path="log.txt"), "log.txt", "text")


@pytest.mark.parametrize(
    "right",
    [["b 2\n", "a 1\n", "end, 5 s\n"], ["b 2\n", "end, 5 s\n", "a 1\n"], ["c\n", "end, 7 s\n", "b 2\n", "a 1\n"]],
)
def test_lines_in_another_order_are_called_so(right: list[str]) -> None:
    left = ["a 1\n", "b 2\n", "end, 3 s\n", *(["c\n"] if "c\n" in right else [])]
    found = compare(left, right)
    assert found.outcome is Outcome.DIVERGENT
    assert "the same lines in another order" in found.message


@pytest.mark.parametrize("right", [["b 2\n", "a 1\n", "a 1\n"], ["b 2\n", "a 3\n"], ["b 2\n", "a 1\n", "c\n"]])
def test_other_lines_are_not_called_another_order(right: list[str]) -> None:
    assert "another order" not in compare(["a 1\n", "b 2\n"], right).message
