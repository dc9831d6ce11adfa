"""Replaced text leaves every other byte alone, or nothing is done."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.fix.text_edits import Refused, edit_bytes, edit_text
from reprocheck.model.fix import ReplaceText
from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.source import SourceText


def _edit(line: int, column: int, end_column: int, old: str, new: str) -> ReplaceText:
    return ReplaceText(Span(line, column, line, end_column), old, new)


def test_edits_of_one_file_are_made_together_whatever_their_order() -> None:
    text = "torch\nnumpy>=1 # why\npandas\n"
    edits = [_edit(3, 1, 7, "pandas", "pandas==2.2.2"), _edit(1, 1, 6, "torch", "torch==2.4.1")]
    edits.append(_edit(2, 6, 9, ">=1", "==1.26.4"))

    assert edit_text(text, edits) == "torch==2.4.1\nnumpy==1.26.4 # why\npandas==2.2.2\n"


def test_an_empty_span_inserts_and_several_at_one_point_keep_their_order() -> None:
    here = Span(2, 1, 2, 1)
    edits = [ReplaceText(here, "", "b\n"), ReplaceText(here, "", "a\n"), ReplaceText(here, "", "b\n")]

    assert edit_text("x\ny\n", edits) == "x\nb\na\ny\n"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"torch\r\nnumpy\r\n", b"torch==1\r\nnot\r\n\r\nnumpy\r\n"),
        (b"torch\rnumpy", b"torch==1\rnot\r\rnumpy"),
        (codecs.BOM_UTF8 + b"torch", codecs.BOM_UTF8 + b"torch==1\nnot\n"),
        (b"torch # caf\xe9\r\n", b"torch==1\r\nnot\r\n # caf\xe9\r\n"),
        (codecs.BOM_UTF16_LE + "torch\r\n".encode("utf-16-le"), None),
        (codecs.BOM_UTF16_BE + "torch # ü\r\n".encode("utf-16-be"), None),
    ],
)
def test_encoding_mark_and_line_ends_stay(data: bytes, wanted: bytes | None) -> None:
    edited = edit_bytes(data, [_edit(1, 1, 6, "torch", "torch==1\nnot\n")])

    if wanted is None:
        encoding = "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        wanted = data.replace("torch".encode(encoding), "torch==1\r\nnot\r\n".encode(encoding))
    assert edited == wanted


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (_edit(1, 1, 6, "touch", "x"), "something else"),
        (_edit(1, 1, 8, "torch\nn", "x"), "has no"),
        (_edit(9, 1, 1, "", "x"), "has no"),
        (_edit(1, 0, 1, "", "x"), "has no"),
        (ReplaceText(Span(2, 1, 1, 1), "", "x"), "has no"),
    ],
)
def test_what_does_not_stand_there_is_refused(edit: ReplaceText, reason: str) -> None:
    refused = edit_text("torch\nnumpy\n", [_edit(2, 1, 6, "numpy", "y"), edit])

    assert isinstance(refused, Refused)
    assert refused.edit is edit
    assert reason in refused.reason


def test_overlapping_edits_are_refused_and_touching_ones_are_not() -> None:
    left, right = _edit(1, 1, 4, "abc", "X"), _edit(1, 3, 6, "cde", "Y")

    assert isinstance(edit_text("abcdef", [left, right]), Refused)
    assert isinstance(edit_text("abcdef", [left, _edit(1, 2, 2, "", "Y")]), Refused)
    assert edit_text("abcdef", [left, _edit(1, 4, 4, "", "Y")]) == "XYdef"


def test_a_character_that_the_encoding_lacks_is_refused() -> None:
    assert isinstance(edit_bytes(b"caf\xe9", [_edit(1, 1, 1, "", "\u20ac")]), Refused)


@given(st.text(alphabet="ab\r\n é", max_size=40), st.data())
def test_any_span_of_any_text_can_be_replaced_and_put_back(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if any(text[at - 1 : at + 1] == "\r\n" for at in (start, end) if at):
        return
    table = LineTable(text)
    span = table.span(start, end)
    edited = edit_text(text, [ReplaceText(span, SourceText("f", text).slice(span), "Z")])

    assert edited == text[:start] + "Z" + text[end:]
