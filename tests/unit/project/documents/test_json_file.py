"""JSON is read with places, comments and trailing commas, whatever its size."""

import json

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.json_file import names_in_data, read_json
from reprocheck.project.documents.tree import MAX_DEPTH, Document, Mapping, Scalar, Sequence
from reprocheck.project.source import SourceText, decode_text


def read(text: str, *, strict: bool = False) -> Document:
    return read_json(SourceText("a.json", text), strict=strict)


def test_values_have_exact_places() -> None:
    (root,) = read('{\r\n "é": [1, -2.5e3, "\\n\\u00e9", true],\r\n "b": {}}').roots
    assert isinstance(root, Mapping)
    assert root.span == Span(1, 1, 3, 10)
    assert root.entries[0].key == Scalar("é", Span(2, 2, 2, 5))
    items = root.get("é")
    assert isinstance(items, Sequence)
    assert items.span == Span(2, 7, 2, 36)
    assert items.items == (
        Scalar(1, Span(2, 8, 2, 9)),
        Scalar(-2500.0, Span(2, 11, 2, 17)),
        Scalar("\né", Span(2, 19, 2, 29)),
        Scalar(True, Span(2, 31, 2, 35)),
    )


def test_a_byte_order_mark_moves_nothing() -> None:
    text, _ = decode_text(b'\xef\xbb\xbf{"a": 1}')
    assert read(text).roots[0].span == Span(1, 1, 1, 9)


COMMENTED = '// first\n{ /* a\n * b **/ "a": [1, 2,], // last\n}\n// end'


def test_comments_and_trailing_commas_are_read_over() -> None:
    document = read(COMMENTED)
    assert not document.problems
    (root,) = document.roots
    assert isinstance(root, Mapping)
    items = root.get("a")
    assert isinstance(items, Sequence)
    assert [item.span for item in items.items] == [Span(3, 16, 3, 17), Span(3, 19, 3, 20)]


@pytest.mark.parametrize("text", [COMMENTED, "[1,]", '{"a": 1,}', "/* */ 1"])
def test_strict_reading_refuses_comments_and_trailing_commas(text: str) -> None:
    assert not read(text).problems
    assert len(read(text, strict=True).problems) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1)),
        ("[1,", (1, 4)),
        ("[1 2]", (1, 4)),
        ("[,]", (1, 2)),
        ("[1,,]", (1, 4)),
        ("{,}", (1, 2)),
        ("{1: 2}", (1, 2)),
        ('{"a" 1}', (1, 6)),
        ('{"a": 1]', (1, 8)),
        ("[1}", (1, 3)),
        ("]", (1, 1)),
        ("[1] [2]", (1, 5)),
        ('{"a":\n"x\ty"}', (2, 3)),
        ('["x', (1, 2)),
        ('["\\q"]', (1, 3)),
        ("01", (1, 1)),
        ("truex", (1, 1)),
        ("[1] /* open", (1, 5)),
        ("[\x001]", (1, 2)),
        ("'a'", (1, 1)),
        ('"a" :', (1, 5)),
    ],
)
def test_an_error_is_a_problem_with_its_place(text: str, place: tuple[int, int]) -> None:
    document = read(text)
    assert document.roots == ()
    (problem,) = document.problems
    assert (problem.span.line, problem.span.column) == place
    assert problem.fatal


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 1_000_000])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "levels deep" in read(text).problems[0].message


def test_nesting_up_to_the_bound_is_read() -> None:
    assert not read("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems


def test_repeated_keys_are_kept() -> None:
    (root,) = read('{"a": 1, "a": 2}').roots
    assert isinstance(root, Mapping)
    assert len(root.entries) == 2


def test_a_number_too_long_for_int_stays_text() -> None:
    (root,) = read("9" * 5000).roots
    assert isinstance(root, Scalar)
    assert root.value == "9" * 5000


def test_pictures_and_long_files_are_read() -> None:
    picture = "iVBORw0KGgo" * 1_000_000
    lines = ",\n".join(['"line \\n"'] * 100_000)
    (root,) = read(f'{{"png": "{picture}", "text": [{lines}]}}').roots
    assert isinstance(root, Mapping)
    items = root.get("text")
    assert isinstance(items, Sequence)
    assert items.items[-1].span == Span(100_000, 1, 100_000, 10)


def test_the_end_of_the_file_is_where_its_text_ends() -> None:
    (problem,) = read('{"a": 1,\n\n').problems
    assert problem.span == Span(1, 9, 1, 9)
    assert "found the end of the file" in problem.message


def test_a_value_on_each_line_is_data_and_no_problem() -> None:
    assert read('{"a": 1}\n{"a": 2}\n') == Document(())
    assert read("[1]\r\n  [2]\r\n") == Document(())


@pytest.mark.parametrize("text", ['{"a": 1} {"a": 2}\n', '{"a": 1}\n}\n', '{"a": 1}\nend\n'])
def test_what_stands_behind_a_value_is_a_problem(text: str) -> None:
    (problem,) = read(text).problems
    assert "the end of the file" in problem.message


def test_large_files_tell_the_names_of_their_objects_once() -> None:
    rows = ",\n".join(f'{{"id": {number}, "box": {{"width": 1.5}}, "text": "NaN"}}' for number in range(5_000))
    document = names_in_data(SourceText("labels.json", f"[{rows}]"))
    assert document is not None
    (root,) = document.roots
    assert isinstance(root, Mapping)
    assert [entry.key.value for entry in root.entries] == ["width", "id", "box", "text"]


@pytest.mark.parametrize("text", ["[1, 2, //\n 3]", '{"a": ', "[" * 100_000])
def test_large_files_that_are_not_plain_are_left_to_the_other_reader(text: str) -> None:
    assert names_in_data(SourceText("data.json", text + " " * 200_000)) is None


def test_locks_and_small_files_are_never_taken_for_data() -> None:
    assert names_in_data(SourceText("config.json", '{"a": 1}')) is None
    assert names_in_data(SourceText("Pipfile.lock", '{"a": 1}' + " " * 200_000)) is None


def test_names_that_are_data_are_left_out() -> None:
    text = json.dumps({f"token {number}": number for number in range(20_000)})
    document = names_in_data(SourceText("vocabulary.json", text))
    assert document is not None
    (root,) = document.roots
    assert isinstance(root, Mapping)
    assert root.entries == ()
