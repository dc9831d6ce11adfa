"""Plots, trees, and texts that fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from reprocheck.model.comparison import Difference, Outcome
from reprocheck.model.run_report import Difference as RunDifference
from reprocheck.model.run_report import RunDifferences
from reprocheck.tui.editor import editor_command
from reprocheck.tui.state.lines import fitted, fitted_left
from reprocheck.tui.state.plot import OTHER, plot
from reprocheck.tui.state.tree import TreeLines, of_differences, of_runs
from reprocheck.tui.widgets.bars import hints_text


def drawn(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> list[str]:
    lines = plot("loss", first, second, width=30, height=4, parts_at=None)
    return ["".join(text for text, _ in line) for line in lines]


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = drawn([(0, 1.0), (9, 2.0)], [])
    assert lines[0] == "loss"
    assert lines[1].startswith("2 ┤")
    assert lines[4].startswith("1 ┤")
    assert lines[1].rstrip()[-1] > "\u2800"
    assert lines[4][3] > "\u2800"
    assert lines[-1].endswith("9 steps")


def test_the_second_curve_has_a_shape_of_its_own_where_it_goes_elsewhere() -> None:
    same = [(float(step), float(step)) for step in range(10)]
    assert OTHER not in "".join(drawn(same, same)[1:5])
    assert OTHER in "".join(drawn(same, [(step, 9 - value) for step, value in same])[1:5])


@pytest.mark.parametrize(
    "curve", [[(0.0, 1.0)], [(0.0, 5.0), (1.0, 5.0)], [(0.0, -1e308), (1.0, 1e308)], [(0.0, 1e-300), (9.0, 1e300)]]
)
def test_odd_curves_are_drawn_too(curve: list[tuple[float, float]]) -> None:
    lines = drawn(curve, [])
    assert any(character > "\u2800" for line in lines[1:5] for character in line)
    assert all(cell_len(line) <= 30 for line in lines[1:])


def test_values_over_many_decades_are_drawn_by_their_logarithm() -> None:
    assert drawn([(0, 0.001), (1, 10.0)], [])[0] == "loss, logarithmic"


TREE = (
    Difference(name="a.txt", outcome=Outcome.IDENTICAL),
    Difference(
        name="model.pt",
        outcome=Outcome.DIVERGENT,
        kind="torch",
        children=(Difference(name="weight", outcome=Outcome.DIVERGENT, left="1", right="2"),),
    ),
)


def test_a_tree_opens_and_closes_and_has_the_worst_first() -> None:
    lines = TreeLines(of_differences(TREE))
    texts = ["".join(text for text, _ in lines.parts(line, 60)).rstrip() for line in range(len(lines))]
    assert texts == ["▾ ≠ model.pt [torch]  divergent", "    ≠ weight  1 | 2", "  = a.txt  identical"]
    lines.move(1)
    lines.fold(opened=False)
    assert lines.current is not None
    assert lines.current.name == "model.pt [torch]"
    lines.fold(opened=False)
    assert len(lines) == 2
    lines.fold(opened=True)
    assert len(lines) == 3


def test_two_records_are_a_tree_by_section() -> None:
    found = RunDifferences(
        first="a", second="b", differences=(RunDifference("seeds", "x", "1", "2"), RunDifference("seeds", "y", "", "3"))
    )
    (section,) = of_runs(found)
    assert (section.name, section.said) == ("seeds", "2 different")
    assert [child.said for child in section.children] == ["1 → 2", "- → 3"]


@pytest.mark.parametrize("width", [0, 1, 2, 5, 7, 30])
def test_texts_fit_to_the_cell(width: int) -> None:
    for text in ("plain text", "表記ゆれ mixed", "\x1b[31mred", ""):
        assert cell_len(fitted(text, width)) == width
        assert cell_len(fitted_left(text, width)) == width
        assert "\x1b" not in fitted(text, 30)


def test_hints_fit_and_help_is_always_among_them() -> None:
    hints = [("a", "accept"), ("x", "false positive"), ("/", "filter"), ("?", "help")]
    assert hints_text(hints, 80).plain == "a accept  x false positive  / filter  ? help"
    assert hints_text(hints, 20).plain == "a accept  ? help"
    assert hints_text(hints, 6).plain == "? help"


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        (("vim",), ["vim", "+3", "/p/a.py"]),
        (("/usr/bin/nano", "-w"), ["/usr/bin/nano", "-w", "+3", "/p/a.py"]),
        (("code",), ["code", "--wait", "--goto", "/p/a.py:3:5"]),
        (("code", "--wait"), ["code", "--wait", "--goto", "/p/a.py:3:5"]),
        (("subl",), ["subl", "--wait", "/p/a.py:3:5"]),
        (("hx",), ["hx", "/p/a.py:3:5"]),
    ],
)
def test_editors_are_told_the_line_as_they_want_it(editor: tuple[str, ...], command: list[str]) -> None:
    assert editor_command(editor, Path("/p/a.py"), 3, 5) == command
