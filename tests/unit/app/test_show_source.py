"""Source as it is on disk, else as the scan saw it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.app.show_source import Sources
from reprocheck.model.place import WHOLE_FILE, Cell, Excerpt, Place, Span

EXCERPT = Excerpt(2, ("seen",), 2, 1, 5)


def test_a_place_is_shown_in_its_file_and_again_when_the_file_changes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\n")
    sources, place = Sources(tmp_path), Place("a.py", Span(2, 1, 2, 4), None, EXCERPT)
    shown = sources.at(place)
    assert (shown.lines, shown.line, shown.problem) == (("one", "two", ""), 2, "")
    (tmp_path / "a.py").write_text("one\nother\nthree\n")
    assert sources.at(place).lines[1] == "other"


def test_a_cell_of_a_notebook_is_shown_alone(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": ["a = 1\n", "b = 2"]}, {"cell_type": "code", "source": "c = 3"}]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}))
    shown = Sources(tmp_path).at(
        Place("n.ipynb", Span(7, 3, 7, 9), Cell(1, 2), Excerpt(1, ("a = 1", "b = 2"), 2, 1, 6))
    )
    assert (shown.lines, shown.line, shown.cell, shown.file_line) == (("a = 1", "b = 2"), 2, 1, 7)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"one\n", "has become shorter"), (b"", "has become shorter")],
)
def test_what_is_not_there_any_more_is_shown_as_the_scan_saw_it(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "a.py").write_bytes(content)
    shown = Sources(tmp_path).at(Place("a.py", Span(3, 1, 3, 4), None, EXCERPT))
    assert (shown.lines, shown.first_line) == (("seen",), 2)
    assert said in shown.problem


def test_folders_and_odd_notebooks_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "n.ipynb").write_text("[]")
    sources = Sources(tmp_path)
    assert "is no file" in sources.at(Place("folder", WHOLE_FILE)).problem
    assert "has no cell 1 now" in sources.at(Place("n.ipynb", WHOLE_FILE, Cell(1, 1))).problem
