"""Whatever a notebook holds, reading it ends, and every name that is kept leads back to its characters."""

from __future__ import annotations

import ast
import json

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.place import Span
from reprocheck.project.notebook import read_notebook
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import decode_text

LINES = st.sampled_from(
    [
        "x = 1",
        "alpha + beta",
        "f('é\\t😀', gamma)",
        "%time delta",
        "%timeit -n 3 eps(zeta)",
        "!ls \\",
        "files = !ls",
        "if alpha:",
        "    beta",
        "    %matplotlib inline",
        "    pass",
        "help?",
        "%%time",
        "%%bash",
        "'''",
        "(",
        ")",
        "",
        "pip install x",
        "тест = gamma",
        "type X = alpha",
    ]
)
SOURCES = st.lists(LINES, max_size=6).map("\n".join)


def layout(source: str, *, as_list: bool) -> object:
    return source.splitlines(keepends=True) if as_list else source


@given(
    sources=st.lists(SOURCES, max_size=4),
    as_list=st.booleans(),
    escaped=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_names_lead_back_to_their_characters(
    sources: list[str], as_list: bool, escaped: bool, indent: int | None
) -> None:
    cells = [{"cell_type": "code", "source": layout(source, as_list=as_list)} for source in sources]
    data = json.dumps({"cells": cells, "nbformat": 4}, ensure_ascii=escaped, indent=indent).encode()
    book = read_notebook("a.ipynb", data)
    assert len(book.python.lines) == max(1, sum(source.count("\n") + 1 for source in sources))
    tree, problems = parse(book.python)
    assert tree is not None, problems
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in ("get_ipython", "тест"):
            span, cell = book.locate(book.python.span(node))
            assert book.file.slice(span) == node.id
            assert node.id in sources[cell.number - 1].split("\n")[cell.line - 1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | SOURCES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "cell_type", "source", "outputs", "metadata", "kernelspec", "language", "worksheets", "input"]
            ),
            inner | st.just("code"),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_any_json_is_read(value: object) -> None:
    book = read_notebook("a.ipynb", json.dumps(value).encode())
    assert parse(book.python)[0] is not None
    book.locate(Span(1, 1, 1, 1))
    for problem in book.problems:
        assert 1 <= problem.span.line <= len(book.file.lines)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read(data: bytes) -> None:
    text, _ = decode_text(data)
    # An empty file is a placeholder; sixty bytes of anything else make no notebook.
    assert bool(read_notebook("a.ipynb", data).problems) is bool(text.strip())
