"""Cells that hold the same number written in another way."""

from __future__ import annotations

from reprocheck.compare.content import Content
from reprocheck.compare.contents import compare_contents
from reprocheck.compare.context import Context
from reprocheck.compare.tolerances import parse_tolerances
from reprocheck.model.comparison import Difference, Outcome


def compare(left: bytes, right: bytes, *tolerances: str) -> Difference:
    context = Context(path="a.csv", tolerances=parse_tolerances(tolerances))
    return compare_contents(Content.of_bytes("a.csv", left), Content.of_bytes("a.csv", right), context)


def test_another_way_of_writing_a_number_is_content_that_is_called_so() -> None:
    found = compare(b"id,x\n007,1.5\n", b"id,x\n7,1.50\n")
    assert found.outcome is Outcome.DIVERGENT
    assert [part.name for part in found.children] == ["id", "x"]
    assert all("the same number written in another way" in part.message for part in found.children)


def test_a_tolerance_for_numbers_covers_how_they_are_written() -> None:
    left, right = b"x,name\n1.0,a\n0.333333333,b\n", b"x,name\n1.000000,a\n0.333333,b\n"
    assert compare(left, right).outcome is Outcome.DIVERGENT
    assert compare(left, right, "*.csv:x=abs:1e-6").outcome is Outcome.EQUIVALENT
    assert compare(left, right, "*.csv:x=abs:1e-9").outcome is Outcome.DIVERGENT
    assert compare(left, right.replace(b"a", b"c"), "*.csv=abs:1e-6").outcome is Outcome.DIVERGENT


def test_a_byte_order_mark_is_no_content_and_other_columns_are_no_other_order() -> None:
    found = compare(b"x,y\n1,2\n", b"\xef\xbb\xbfx,y\n1,2\n")
    assert found.outcome is Outcome.EQUIVALENT
    other = compare(b"x,y\n1,2\n", b"x,z\n1,2\n")
    assert (other.outcome, other.message) == (Outcome.DIVERGENT, "")
    assert compare(b"x\n1\n2\n", b"x\n2\n1\n").message == "the same rows in another order"


def test_another_end_of_a_line_of_text_is_called_so() -> None:
    context = Context(path="a.txt")
    found = compare_contents(Content.of_bytes("a.txt", b"a\nb\n"), Content.of_bytes("a.txt", b"a\r\nb"), context)
    assert [(part.message, part.right) for part in found.children] == [
        ("another end of line", "\r\n"),
        ("another end of line", "(none)"),
    ]


def test_a_table_without_a_header_is_compared_from_its_first_row_on() -> None:
    left, right = b"0,1.0\n1,2.0\n", b"0,1.0000001\n1,2.0\n"
    found = compare(left, right)
    assert [(part.name, "row 1" in part.message or "row 1" in str(part)) for part in found.children] == [
        ("column 2", True)
    ]
    assert compare(left, right, "*.csv=abs:1e-6").outcome is Outcome.EQUIVALENT
    assert compare(left, b"0,1.0\n1,2.0\n2,3.0\n").children[0].message == "another number of rows"
    assert compare(left, b"1,2.0\n0,1.0\n").message == "the same rows in another order"
    assert compare(left, b"step,loss\n0,1.0\n").children[0].message == "other columns"
