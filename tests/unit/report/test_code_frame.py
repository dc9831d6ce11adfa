"""Source lines with an underline in the right place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from reprocheck.model.finding import Severity
from reprocheck.model.place import Excerpt
from reprocheck.report.code_frame import code_frame, marked_line
from reprocheck.report.paint import Paint

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build


def frame(excerpt: Excerpt, *, width: int = 80, unicode: bool = True) -> str:
    lines = code_frame(excerpt, Severity.WARNING, Paint(color=False), width=width, unicode=unicode)
    return "\n".join(lines)


def test_numbers_lines_and_underlines_the_mark(build: Build) -> None:
    excerpt = build.excerpt("def f():", "    return g(1)", "x = 2", mark="g(1)", first_line=9)
    assert frame(excerpt) == (
        "   9 │ def f():\n"
        "  10 │     return g(1)\n"
        "     │            ^^^^\n"
        "  11 │ x = 2"
    )  # fmt: skip


def test_ascii_only(build: Build) -> None:
    assert frame(build.excerpt("é = g(1)", mark="g(1)"), unicode=False) == (
        "  1 | \\xe9 = g(1)\n"
        "    |        ^^^^"
    )  # fmt: skip


def test_tabs_stop_every_four_cells(build: Build) -> None:
    assert frame(build.excerpt("\tif x:\ty = g(1)", mark="g(1)")) == (
        "  1 │     if x:   y = g(1)\n"
        "    │                 ^^^^"
    )  # fmt: skip


@pytest.mark.parametrize("before", ["日本 = ", "'👨‍👩‍👧' + ", "e\u0301 = ", "\t日\t", "🇩🇪🇯🇵 ", "⚠️ "])
def test_the_mark_stands_under_its_text_whatever_comes_before(build: Build, before: str) -> None:
    code, carets = frame(build.excerpt(f"{before}g(1)", mark="g(1)")).splitlines()
    assert cell_len(code[: code.index("g(1)")]) == cell_len(carets[: carets.index("^")])
    assert carets.endswith(" ^^^^")


def test_wide_characters_are_underlined_over_both_cells(build: Build) -> None:
    assert frame(build.excerpt("x = 日本", mark="日本")).endswith("│     ^^^^")


def test_unsafe_characters_are_spelled_out_and_the_mark_moves_along(build: Build) -> None:
    assert frame(build.excerpt("a\x1b\u202e = g(1)", mark="g(1)")) == (
        "  1 │ a\\x1b\\u202e = g(1)\n"
        "    │               ^^^^"
    )  # fmt: skip


def test_blank_lines_at_the_edges_are_left_out(build: Build) -> None:
    assert frame(build.excerpt("", "g(1)", "  ", mark="g(1)")) == "  2 │ g(1)\n    │ ^^^^"


def test_a_blank_marked_line_stays() -> None:
    assert frame(Excerpt(1, ("a", "", "b"), 2, 1, 2)) == "  1 │ a\n  2 │\n    │ ^\n  3 │ b"


def test_a_mark_behind_the_end_of_the_line_is_still_drawn() -> None:
    assert frame(Excerpt(1, ("ab",), 1, 4, 5)) == "  1 │ ab\n    │    ^"


def test_no_frame_when_the_marked_line_is_missing() -> None:
    assert frame(Excerpt(1, ("a",), 5, 1, 2)) == ""


def test_a_long_line_is_cut_at_the_right(build: Build) -> None:
    assert frame(build.excerpt("g(1)" + "x" * 50, mark="g(1)"), width=40) == (
        "  1 │ g(1)" + "x" * 29 + "…\n"
        "    │ ^^^^"
    )  # fmt: skip


def test_the_window_moves_to_a_mark_far_to_the_right(build: Build) -> None:
    excerpt = build.excerpt("short", "x" * 60 + " = g(1) + " + "y" * 60, mark="g(1)")
    assert frame(excerpt, width=40) == (
        "  1 │ …\n"
        "  2 │ …xxxxxxxx = g(1) + yyyyyyyyyyyyyy…\n"
        "    │             ^^^^"
    )  # fmt: skip


def test_a_mark_at_the_end_of_a_long_line_leaves_no_room_unused(build: Build) -> None:
    excerpt = build.excerpt("x" * 60 + " = g(1)", mark="g(1)")
    assert frame(excerpt, width=40) == (
        "  1 │ …" + "x" * 26 + " = g(1)\n"
        "    │ " + " " * 30 + "^^^^"
    )  # fmt: skip


def test_a_mark_wider_than_the_window_is_cut(build: Build) -> None:
    code, carets = frame(build.excerpt("x" * 100, mark="x" * 100), width=40).splitlines()
    assert len(code) == len(carets) == 40
    assert carets.count("^") == 34


@pytest.mark.parametrize("width", range(30, 50))
def test_cutting_wide_characters_in_half_keeps_the_mark_in_place(build: Build, width: int) -> None:
    excerpt = build.excerpt("日" * 40 + "g(1)" + "本" * 40, mark="g(1)")
    code, carets = frame(excerpt, width=width).splitlines()
    assert cell_len(code) <= width
    assert cell_len(code[: code.index("g(1)")]) == carets.index("^")


def test_characters_cut_off_by_the_excerpt_are_hinted_at(build: Build) -> None:
    assert frame(build.excerpt("+ g(1)", "", "z", mark="g(1)", dropped=90)) == (
        "  1 │ …+ g(1)\n"
        "    │    ^^^^\n"
        "  2 │\n"
        "  3 │ …z"
    )  # fmt: skip


def test_marked_line_has_no_indentation(build: Build) -> None:
    assert marked_line(build.excerpt("a", "\t  g(1) ", mark="g(1)")) == "g(1)"
    assert marked_line(Excerpt(1, ("a",), 5, 1, 2)) == ""


def test_a_long_line_starts_at_its_beginning_while_the_mark_fits(build: Build) -> None:
    code, carets = frame(build.excerpt("x" * 20 + "g(1)" + "y" * 60, mark="g(1)"), width=40).splitlines()
    assert code == "  1 │ " + "x" * 20 + "g(1)" + "y" * 9 + "…"
    assert carets == "    │ " + " " * 20 + "^^^^"
