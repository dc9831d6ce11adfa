"""TOML values are those of the standard library; keys and values know their places."""

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.toml_file import read_toml
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, Sequence
from reprocheck.project.source import SourceText


def read(text: str) -> Document:
    return read_toml(SourceText("a.toml", text))


def node(text: str, *path: str | int) -> Node:
    document = read(text)
    assert not document.problems
    found: Node | None = document.roots[0]
    for part in path:
        match found, part:
            case Mapping(), str():
                found = found.get(part)
            case Sequence(), int():
                found = found.items[part]
            case _:
                pytest.fail(f"no {part!r}")
    assert found is not None
    return found


def test_keys_and_values_have_exact_places() -> None:
    text = "# é\r\n[tool.'ü b']\r\na.\"b\" = [1, 'é', 2]  # c\r\n"
    inner = node(text, "tool", "ü b", "a")
    assert isinstance(inner, Mapping)
    assert inner.entries[0].key == Scalar("b", Span(3, 3, 3, 6))
    assert inner.entries[0].value.span == Span(3, 9, 3, 20)
    assert node(text, "tool", "ü b", "a", "b", 1) == Scalar("é", Span(3, 13, 3, 16))


def test_a_table_reaches_from_its_header_to_its_last_value() -> None:
    text = "[a]\nx = 1\n\n[b]\n[a.c]\ny = [\n]\n\n"
    assert node(text, "a").span == Span(1, 1, 7, 2)
    assert node(text, "b").span == Span(4, 1, 4, 4)
    assert node(text, "a", "c").span == Span(5, 1, 7, 2)


def test_a_table_made_by_a_dotted_key_starts_at_the_first_key_in_it() -> None:
    assert node("a.b.c = 1", "a").span == Span(1, 3, 1, 10)


def test_arrays_of_tables_collect_their_elements() -> None:
    text = "[[x]]\na = 1\n[x.y]\nb = 2\n[[x]]\n[[x.z]]\n"
    array = node(text, "x")
    assert isinstance(array, Sequence)
    assert [item.span for item in array.items] == [Span(1, 1, 4, 6), Span(5, 1, 6, 8)]
    assert node(text, "x", 0, "y", "b") == Scalar(2, Span(4, 5, 4, 6))


@pytest.mark.parametrize(
    "text",
    ["1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.999-07:00", "00:00:00.5"],
)
def test_dates_and_times_stay_text(text: str) -> None:
    assert node(f"a = {text} # c", "a") == Scalar(text, Span(1, 5, 1, 5 + len(text)))


def test_multi_line_strings_lose_their_first_line_end_and_their_escaped_ones() -> None:
    text = 'a = """\r\nx\\\r\n   y\r\n""\\""""'
    assert node(text, "a") == Scalar('xy\n"""', Span(1, 5, 4, 8))
    assert node("a = '''\nx\\n''''", "a") == Scalar("x\\n'", Span(1, 5, 2, 8))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb =\n", 2),
        ("a = 1\na = 2\n", 2),
        ("[a]\n[a]\n", 2),
        ("a = {b = 1}\n[a.c]\n", 2),
        ("a = 'x\n'", 1),
        ("a = 1\nb = 01", 2),
        ("a = 1\x00", 1),
        ("name = {{ x }}", 1),
        ("a = 2024-13-01", 1),
        ('a = "\\ud800"', 1),
        ("\ta = 1\n\nb = 1 c = 2", 3),
        ("a = 1\rb = 2", 1),
    ],
)
def test_what_the_standard_library_refuses_is_a_problem_with_its_line(text: str, line: int) -> None:
    document = read(text)
    assert [(problem.span.line, problem.fatal) for problem in document.problems] == [(line, True)]


def test_what_stands_before_an_error_is_kept() -> None:
    (root,) = read("[a]\nb = 1\nc = \n").roots
    assert isinstance(root, Mapping)
    inner = root.get("a")
    assert isinstance(inner, Mapping)
    assert inner.get("b") == Scalar(1, Span(2, 5, 2, 6))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{b = " * 100_000,
        ".".join("a" * 100_000) + " = 1",
        f"[{'.'.join('a' * 100_000)}]",
        "\n".join(f"[[{'.'.join('a' * (n + 1))}]]" for n in range(200)),
        "\n".join(f"[{'.'.join('a' * 90)}]\n{'.'.join('b' * 20)} = 1" for _ in range(1)),
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    document = read(text)
    assert "levels deep" in document.problems[0].message


def test_a_number_too_long_for_the_interpreter_is_a_problem_and_stays_text() -> None:
    document = read("a = " + "9" * 5000)
    assert len(document.problems) == 1
    (root,) = document.roots
    assert isinstance(root, Mapping)
    assert root.entries[0].value.span == Span(1, 5, 1, 5005)


def test_an_empty_file_is_an_empty_table() -> None:
    assert read("") == Document((Mapping((), Span(1, 1, 1, 1)),))


def test_a_long_file_is_read_whole() -> None:
    root = node("".join(f"[t{n}]\nk = {n}\n" for n in range(20_000)))
    assert isinstance(root, Mapping)
    assert len(root.entries) == 20_000
