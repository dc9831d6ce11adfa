"""Offsets become lines and columns, through joined lines too."""

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import JoinedText, LineTable
from reprocheck.project.source import SourceText


def test_lines_end_as_in_source_text() -> None:
    text = "a\r\nb\rc\n\u2028d\x0ce\n"
    table = LineTable(text)
    assert len(table.starts) == len(SourceText("x", text).lines)
    assert table.place(text.index("e")) == (4, 4)


def test_a_span_may_reach_over_lines() -> None:
    assert LineTable("ab\ncd").span(1, 4) == Span(1, 2, 2, 2)


def test_a_joined_text_points_back_at_its_pieces() -> None:
    text = "ab\\\n# c\ncd"
    joined = JoinedText(LineTable(text), [(0, "ab"), (8, "cd")])
    assert joined.text == "abcd"
    assert joined.span(1, 4) == Span(1, 2, 3, 3)
    assert joined.span(1, 2) == Span(1, 2, 1, 3)


def test_an_empty_stretch_of_a_joined_text_has_a_place() -> None:
    joined = JoinedText(LineTable("ab\ncd"), [(0, "ab"), (3, "cd")])
    assert joined.span(4, 4) == Span(2, 3, 2, 3)
