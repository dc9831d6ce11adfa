"""Spans count characters whatever the text is made of."""

from __future__ import annotations

import ast
import re

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.place import Span
from reprocheck.project.source import EXCERPT_WIDTH, SourceText

NAMES = st.from_regex(re.compile(r"[a-zA-Zäöüßжλ_][\wéñ字]{0,6}"), fullmatch=True).filter(
    lambda name: name.isidentifier() and name not in {"None", "True", "False"}
)
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="'\"\\")
STRINGS = st.text(CHARACTERS, max_size=12).map(lambda text: f"'{text}'")
TRIPLE = st.lists(st.text(CHARACTERS, max_size=6), min_size=1, max_size=3).map(
    lambda lines: "'''" + "\n".join(lines) + "'''"
)
ATOMS = st.one_of(
    STRINGS, TRIPLE, st.integers(0, 99).map(str), NAMES.filter(lambda name: name not in ("if", "in", "is"))
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(inner, max_size=3).map(lambda items: "(\n " + ",\n\t".join(items) + ",\n)" if items else "()"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) + ({pair[1]})"),
        st.tuples(NAMES, inner).map(lambda pair: f"f(a={pair[1]}, b={pair[0]!r})"),
    ),
    max_leaves=6,
)
SOURCES = st.lists(st.tuples(EXPRESSIONS, st.text(CHARACTERS, max_size=8)), min_size=1, max_size=4).map(
    lambda parts: "".join(f"x = {expression}; y = {expression}  # {comment}\n" for expression, comment in parts)
)


def parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # a word that the strategy put together can be a keyword
        return None


@given(SOURCES)
def test_slice_of_a_span_is_the_source_segment_of_its_node(text: str) -> None:
    tree = parsed(text)
    if tree is None:
        return
    source = SourceText("a.py", text)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            assert source.slice(source.span(node)) == ast.get_source_segment(text, node)


@given(SOURCES, st.sampled_from(["\r\n", "\r"]))
def test_line_ends_change_no_span(text: str, end: str) -> None:
    tree, other = parsed(text), parsed(text.replace("\n", end))
    if tree is None or other is None:
        return
    here, there = SourceText("a.py", text), SourceText("a.py", text.replace("\n", end))
    assert [here.span(node) for node in tree.body] == [there.span(node) for node in other.body]
    assert here.lines == there.lines


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.data())
def test_column_of_a_byte_offset_is_the_character_there(line: str, data: st.DataObject) -> None:
    source = SourceText("a.py", line)
    text = source.line(1)
    position = data.draw(st.integers(0, len(text)))
    assert source.column(1, len(text[:position].encode())) == position + 1


@given(st.text(max_size=60))
def test_lines_are_those_of_the_tokenizer(text: str) -> None:
    lines = SourceText("a.py", text).lines
    assert lines == re.split("\r\n|\r|\n", text)
    assert not any("\n" in line or "\r" in line for line in lines)


@given(st.lists(st.text(CHARACTERS, max_size=2 * EXCERPT_WIDTH), min_size=1, max_size=5), st.data(), st.integers(0, 3))
def test_excerpt_shows_the_marked_line_and_a_mark_that_lies_in_it(
    lines: list[str], data: st.DataObject, context: int
) -> None:
    source = SourceText("a.py", "\n".join(lines))
    line = data.draw(st.integers(1, len(source.lines)))
    column = data.draw(st.integers(1, len(source.line(line)) + 1))
    end_column = data.draw(st.integers(column, len(source.line(line)) + 1))
    excerpt = source.excerpt(Span(line, column, line, end_column), context=context)
    assert excerpt.first_line <= excerpt.line == line < excerpt.first_line + len(excerpt.lines)
    shown = excerpt.lines[line - excerpt.first_line]
    assert shown == source.line(line)[excerpt.dropped : excerpt.dropped + EXCERPT_WIDTH]
    assert 1 <= excerpt.column < excerpt.end_column
    marked = source.line(line)[column - 1 : end_column - 1]
    assert marked.startswith(shown[excerpt.column - 1 : excerpt.end_column - 1].rstrip() if marked else "")
