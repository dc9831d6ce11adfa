"""YAML is read as YAML 1.1 means it, with exact places, and can't be made to hang or fall over."""

import pytest
import yaml

from reprocheck.model.place import Span
from reprocheck.project.documents import yaml_file
from reprocheck.project.documents.tree import MAX_DEPTH, Mapping, Scalar, ScalarValue, Sequence, walk
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.source import SourceText, decode_text


def scalar(text: str) -> ScalarValue:
    (root,) = read_yaml(SourceText("a.yaml", text)).roots
    assert isinstance(root, Scalar)
    return root.value


def mapping(text: str) -> Mapping:
    document = read_yaml(SourceText("a.yaml", text))
    assert not document.problems
    (root,) = document.roots
    assert isinstance(root, Mapping)
    return root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1_000", -1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("017", 15),
        ("0o17", "0o17"),
        ("1:30:00", 5400),
        ("1.5", 1.5),
        ("1.5e+3", 1500.0),
        ("1:30.5", 90.5),
        ("-.inf", float("-inf")),
        ("1e-4", "1e-4"),
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31 10:00:00", "2024-01-31 10:00:00"),
        ("'1'", "1"),
        ('"\\u00e9"', "é"),
        ("!!str 1", "1"),
        ("!!int '7'", 7),
        ("!!float 3", 3.0),
        ("!!int x", "x"),
        ("!custom 1", "1"),
        ("!!python/object/apply:os.system [echo]", None),
        ("9" * 5000, "9" * 5000),
        ("1:" * 5000 + "1", "1:" * 5000 + "1"),
    ],
)
def test_scalars_are_what_yaml_1_1_says(text: str, value: ScalarValue) -> None:
    node = mapping(f"a: {text}\n").get("a")
    if isinstance(node, Scalar):
        assert node.value == value
        assert type(node.value) is type(value)
    else:
        assert isinstance(node, Sequence)  # a tag that would construct something constructs nothing


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "python"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_columns_count_characters_behind_other_alphabets(
    *, newline: str, pure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if pure:
        monkeypatch.setattr(yaml_file, "_LOADER", yaml.SafeLoader)
    text = newline.join(["# 😀 é", "é😀: 日本", "list: [ü, 'x y']", ""])
    root = mapping(text)
    value = root.get("é😀")
    assert value is not None
    assert value.span == Span(2, 5, 2, 7)
    items = root.get("list")
    assert isinstance(items, Sequence)
    assert items.span == Span(3, 7, 3, 17)
    assert items.items[1].span == Span(3, 11, 3, 16)


def test_line_separators_of_unicode_end_no_line_here() -> None:
    assert mapping("a: 'x\u2028y'\nb: 1\n").entries[1].key.span == Span(2, 1, 2, 2)


def test_a_byte_order_mark_moves_nothing() -> None:
    text, problem = decode_text("\ufeffa: é\n".encode())
    assert problem is None
    assert mapping(text).entries[0].value.span == Span(1, 4, 1, 5)


def test_a_block_mapping_ends_with_its_last_value() -> None:
    root = mapping("a:\n  b: 1\n  c: |\n    text\n\n\n# comment\nd: 2\n")
    inner = root.get("a")
    assert inner is not None
    assert inner.span == Span(2, 3, 4, 9)
    assert root.span == Span(1, 1, 8, 5)


def test_a_block_scalar_ends_with_its_text() -> None:
    value = mapping("a: |+\r\n  text \r\n\r\n  \r\n# comment\r\nb: 2\r\n").get("a")
    assert value == Scalar("text \n\n\n", Span(1, 4, 2, 7))


def test_a_missing_value_is_null_of_no_width() -> None:
    value = mapping("key:\nother: 1\n").get("key")
    assert value == Scalar(None, Span(1, 5, 1, 5))


def test_aliases_share_the_node_of_their_anchor() -> None:
    root = mapping("base: &b {x: 1}\nother:\n  <<: *b\n  y: *b\n")
    other = root.get("other")
    assert isinstance(other, Mapping)
    assert other.get("<<") is root.get("base")
    assert other.get("y") is root.get("base")


def test_an_anchor_defined_again_holds_from_there_on() -> None:
    root = mapping("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert root.get("b") is root.get("a")
    assert root.get("d") is root.get("c")


def test_anchors_end_with_their_document() -> None:
    document = read_yaml(SourceText("a", "a: &x 1\n---\nb: *x\n"))
    assert len(document.roots) == 1
    assert document.problems[0].span == Span(3, 4, 3, 4)


def test_an_alias_inside_its_own_anchor_is_null_and_a_problem() -> None:
    document = read_yaml(SourceText("a", "&a [1, *a]"))
    (root,) = document.roots
    assert isinstance(root, Sequence)
    assert root.items[1] == Scalar(None, Span(1, 8, 1, 10))
    assert [problem.fatal for problem in document.problems] == [False]


def test_an_alias_bomb_is_small() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert sum(1 for _ in walk(mapping("\n".join(lines)))) < 2000


def test_repeated_keys_are_kept_and_the_last_counts() -> None:
    root = mapping("a: 1\na: 2\n")
    assert [entry.value for entry in root.entries] == [Scalar(1, Span(1, 4, 1, 5)), Scalar(2, Span(2, 4, 2, 5))]
    assert root.get("a") == root.entries[1].value


def test_a_key_that_is_no_scalar_is_its_own_text() -> None:
    assert mapping("? [a, b]\n: 1\n").entries[0].key == Scalar("[a, b]", Span(1, 3, 1, 9))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 50_000])
def test_deep_nesting_is_refused(text: str) -> None:
    document = read_yaml(SourceText("a", text))
    assert document.roots == ()
    assert "levels deep" in document.problems[0].message


def test_nesting_up_to_the_bound_is_read() -> None:
    assert not read_yaml(SourceText("a", "[" * MAX_DEPTH + "]" * MAX_DEPTH)).problems


def test_documents_before_an_error_are_kept() -> None:
    document = read_yaml(SourceText("a", "a: 1\n---\nb: 2\n---\nc: [1\nd: }\n"))
    assert len(document.roots) == 2
    (problem,) = document.problems
    assert problem.fatal
    assert problem.span.line == 6


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{% if x %}\na: 1\n{% endif %}\n", 1),
        ("a: {{ .Values.x }}\nb: {{ .Values.y }}-{{ .Values.z }}\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: %bad", 1),
        ("a: !e!x 1", 1),
        ("%YAML 9.9\n---\na", 1),
    ],
)
def test_what_is_no_yaml_is_a_problem_with_its_line(text: str, line: int) -> None:
    document = read_yaml(SourceText("a", text))
    assert document.roots == ()
    assert [problem.span.line for problem in document.problems] == [line]


@pytest.mark.parametrize("char", ["\x00", "\x07", "\ud800"])
def test_a_character_that_yaml_refuses_is_named_with_its_place(char: str) -> None:
    document = read_yaml(SourceText("a", f"a: 1\n---\nb: é{char}\n"))
    assert len(document.roots) == 1
    assert document.problems[0].span == Span(3, 5, 3, 5)
    assert f"U+{ord(char):04X}" in document.problems[0].message


def test_an_empty_file_has_no_document() -> None:
    assert read_yaml(SourceText("a", "# nothing\n")) == read_yaml(SourceText("a", ""))
    assert read_yaml(SourceText("a", "")).roots == ()


def test_a_long_file_is_read_whole() -> None:
    assert len(mapping("".join(f"k{n}: {n}\n" for n in range(100_000))).entries) == 100_000
