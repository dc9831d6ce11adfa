"""Places for people, programs and as URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.report.places import line_place, linked, path_uri, person_place

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build


def test_a_place_in_a_file(build: Build) -> None:
    assert person_place(build.place("a/b.py", 3, 7)) == "a/b.py:3:7"
    assert line_place(build.place("a/b.py", 3, 7)) == "a/b.py:3:7"


def test_a_place_in_a_notebook_is_cell_and_line(build: Build) -> None:
    place = build.place("n.ipynb", 80, 9, cell=(5, 3))
    assert person_place(place) == "n.ipynb · cell 5:3"
    assert person_place(place, unicode=False) == "n.ipynb: cell 5:3"
    assert line_place(place) == "n.ipynb:cell 5:3:9"


def test_the_column_in_a_cell_is_that_of_the_shown_line(build: Build) -> None:
    excerpt = build.excerpt("fit(X)", mark="X", first_line=3, dropped=100)
    assert line_place(build.place("n.ipynb", 80, 9, cell=(5, 3), excerpt=excerpt)) == "n.ipynb:cell 5:3:105"


def test_a_whole_file_has_no_line_for_people() -> None:
    assert person_place(Place("a.py", WHOLE_FILE)) == "a.py"
    assert line_place(Place("a.py", WHOLE_FILE)) == "a.py:1:1"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.py", "a/b.py"),
        ("my file#1.py", "my%20file%231.py"),
        ("ä/日.py", "%C3%A4/%E6%97%A5.py"),
        ("100%.py", "100%25.py"),
        ("c:x.py", "c%3Ax.py"),
        ("a?b.py", "a%3Fb.py"),
        ("\udcff.py", "%FF.py"),
        ("\ud800.py", "%ED%A0%80.py"),
        ("\x1b\u202e", "%1B%E2%80%AE"),
    ],
)
def test_uris_are_percent_encoded(path: str, uri: str) -> None:
    assert path_uri(path) == uri


def test_links_need_a_root() -> None:
    assert linked("a.py:1", "a b.py", "file:///r/") == "\x1b]8;;file:///r/a%20b.py\x1b\\a.py:1\x1b]8;;\x1b\\"
    assert linked("a.py:1", "a b.py", None) == "a.py:1"
