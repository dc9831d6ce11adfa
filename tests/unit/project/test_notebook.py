"""Notebooks are read with the place of everything, whatever state they are in."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from reprocheck.model.place import Cell, Excerpt, Span
from reprocheck.project.notebook import Notebook, read_notebook
from reprocheck.project.notebook_cells import CellKind


def code(source: object, **more: object) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source, **more}


def notebook(*cells: object, metadata: object = None, **more: object) -> bytes:
    whole = {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(whole, indent=1).encode()


def read(*cells: object, **more: object) -> Notebook:
    return read_notebook("a.ipynb", notebook(*cells, **more))


def messages(book: Notebook) -> list[str]:
    return [problem.message for problem in book.problems]


def place_of(book: Notebook, name: str) -> tuple[Span, Cell]:
    """Where the file has the first use of a name."""
    (node, *_) = [n for n in ast.walk(ast.parse(book.python.text)) if isinstance(n, ast.Name) and n.id == name]
    return book.locate(book.python.span(node))


def test_cells_keep_what_the_file_says() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    stream = {"output_type": "stream", "name": "stdout", "text": "x"}
    book = read(
        {"cell_type": "markdown", "id": "a1", "metadata": {}, "source": "# Title"},
        code(["x = 1\n", "y"], execution_count=7, outputs=[stream, error], id="b2"),
        {"cell_type": "raw", "metadata": {}, "source": []},
        metadata={"kernelspec": {"name": "python3"}, "language_info": {"name": "Python"}},
    )
    assert [(c.number, c.kind, c.source, c.id) for c in book.cells] == [
        (1, CellKind.MARKDOWN, "# Title", "a1"),
        (2, CellKind.CODE, "x = 1\ny", "b2"),
        (3, CellKind.RAW, "", ""),
    ]
    cell = book.cells[1]
    assert (cell.execution_count, cell.outputs, cell.has_error_output) == (7, 2, True)
    assert [book.file.line(number).strip() for number in cell.lines] == ['"x = 1\\n",', '"y"']
    assert (book.language, book.kernel, book.version, book.problems) == ("python", "python3", (4, 5), ())
    assert not book.cells[0].has_error_output


def test_size_of_outputs_is_that_of_their_text() -> None:
    outputs = [{"output_type": "stream", "text": ["x" * 50]}]
    for indent in (None, 1):
        data = json.dumps({"cells": [code("x", outputs=outputs)], "nbformat": 4}, indent=indent)
        start = data.index("[", data.index('"outputs"'))
        end = data.rindex("]", start, data.index('"source"')) + 1
        assert read_notebook("a.ipynb", data.encode()).cells[0].output_size == end - start


def test_code_cells_become_one_module() -> None:
    book = read(code("x = 1\n%time y"), {"cell_type": "markdown", "source": "z"}, code(""), code(["!ls\n", "z"]))
    assert book.python.lines == ["x = 1", "pass; y", "", "pass", "z"]


def test_places_lead_back_into_the_file() -> None:
    book = read(code(["x = 1\n", 'say("a\\b", first)\n']), code('"é\t" + second\nthird'))
    for name, cell in (("first", Cell(1, 2)), ("second", Cell(2, 1)), ("third", Cell(2, 2))):
        span, found = place_of(book, name)
        assert book.file.slice(span) == name
        assert found == cell


def test_place_shows_the_lines_of_the_cell() -> None:
    book = read(code("import a"), code(["x = 1\n", "    \n", "f(first)\n", "y"]))
    place = book.place(Span(4, 3, 4, 8))
    assert place.path == "a.ipynb"
    assert place.cell == Cell(2, 3)
    assert place.excerpt == Excerpt(2, ("    ", "f(first)", "y"), 3, 3, 8)


def test_span_that_leaves_its_cell_is_cut() -> None:
    book = read(code("a\nbc"), code("d"))
    span, cell = book.locate(Span(2, 1, 3, 2))
    assert (book.file.slice(span), cell) == ("bc", Cell(1, 2))


def test_indented_cell_keeps_its_place() -> None:
    book = read(code("    x\n    f(first)"))
    assert book.python.lines == ["x", "f(first)"]
    assert book.file.slice(place_of(book, "first")[0]) == "first"


def test_source_split_anywhere_is_put_together() -> None:
    book = read(code(["fi", "rst = 1; sec", "ond\nthird"]))
    assert book.python.lines == ["first = 1; second", "third"]
    assert place_of(book, "third")[0].line == book.cells[0].lines[1]


def test_broken_cell_leaves_the_others_alone() -> None:
    book = read(code("x = 1"), code("y = (\n2"), code(")\nz"), code("after"))
    assert book.python.lines == ["x = 1", "", "", "", "", "after"]
    assert messages(book) == [
        "cell 2 is not valid Python: '(' was never closed",
        "cell 3 is not valid Python: unmatched ')'",
    ]
    assert not any(problem.fatal for problem in book.problems)
    assert (
        book.file.slice(Span(*[getattr(book.problems[0].span, n) for n in ("line", "column", "line", "column")])) == ""
    )
    assert book.file.line(book.problems[0].span.line)[book.problems[0].span.column - 1] == "("
    assert place_of(book, "after")[1] == Cell(4, 1)


def test_magics_and_commands_carry_their_place() -> None:
    book = read(code("x"), code("if x:\n  !pip install a\n%load_ext autoreload"), code("%%bash\nmake"))
    assert [(m.name, m.arguments, m.whole_cell, m.place.cell) for m in book.magics] == [
        ("load_ext", "autoreload", False, Cell(2, 3)),
        ("bash", "", True, Cell(3, 1)),
    ]
    assert [(line.text, line.place.cell) for line in book.shell_lines] == [
        ("pip install a", Cell(2, 2)),
        ("make", Cell(3, 2)),
    ]
    assert book.file.slice(book.shell_lines[0].place.span) == "!pip install a"
    assert book.shell_lines[0].place.excerpt is not None


def test_format_3_is_read() -> None:
    data = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": "T"},
                    {
                        "cell_type": "code",
                        "input": "x",
                        "language": "python",
                        "prompt_number": 3,
                        "outputs": [{"output_type": "pyerr"}],
                    },
                ]
            },
            {"cells": [{"cell_type": "code", "input": ["y"], "language": "python", "outputs": []}]},
        ],
    }
    book = read_notebook("a.ipynb", json.dumps(data).encode())
    assert [(c.number, c.kind, c.execution_count, c.has_error_output) for c in book.cells] == [
        (1, CellKind.MARKDOWN, None, False),
        (2, CellKind.CODE, 3, True),
        (3, CellKind.CODE, None, False),
    ]
    assert book.python.lines == ["x", "y"]
    assert book.problems == ()


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"name": "julia-1.9"}},
    ],
)
def test_other_languages_give_no_python_and_no_problems(metadata: object) -> None:
    book = read(code("x <- c(1"), metadata=metadata)
    assert (book.python.text, book.problems, book.shell_lines) == ("", (), ())
    assert len(book.cells) == 1
    assert book.locate(Span(1, 1, 1, 1)) == (Span(1, 1, 1, 1), Cell(1, 1))


def test_cell_in_another_language_is_blanked() -> None:
    book = read(code("SELECT 1\nFROM a", metadata={"vscode": {"languageId": "sql"}}), code("x"))
    assert (book.python.lines, book.problems) == (["", "", "x"], ())


def test_python_2_is_called_by_its_name() -> None:
    assert messages(read(code("print 'x'"))) == ["cell 1 Python 2 source: print statement"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "expected a key in double quotes or '}', found the end of the file"),
        (b"[1]", "is not a notebook: an object is expected"),
        (b"{}", "has no list of cells"),
        (b'{"cells": null}', "has no list of cells"),
        (b'{"worksheets": [null]}', "has no list of cells"),
        (b'{"cells": [null]}', "cell 1 is not an object"),
        (b'{"cells": [{"cell_type": "code"}]}', "cell 1 has no source"),
        (b'{"cells": [{"source": ""}]}', "cell 1 has the unknown type ''"),
        (b'{"cells": [{"cell_type": "code", "source": 1}]}', "cell 1 has a source that is neither text nor a list"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "cell 1 has source lines that are not strings"),
    ],
)
def test_damage_is_a_problem(data: bytes, message: str) -> None:
    assert messages(read_notebook("a.ipynb", data)) == [message]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf \r\n"])
def test_a_file_that_only_holds_a_place_has_no_cells(data: bytes) -> None:
    book = read_notebook("a.ipynb", data)
    assert (book.cells, book.python.text, book.problems) == ((), "", ())


def test_wrong_types_elsewhere_do_no_harm() -> None:
    data = b'{"cells": [{"cell_type": "code", "source": "x", "outputs": {}, "metadata": 1, "execution_count": true}],'
    book = read_notebook("a.ipynb", data + b'"metadata": [], "nbformat": "4"}')
    assert (book.python.text, book.problems, book.cells[0].execution_count) == ("x", (), None)


def test_half_of_a_character_does_no_harm() -> None:
    book = read_notebook("a.ipynb", rb'{"cells": [{"cell_type": "code", "source": "x = \"\ud83d\" + first"}]}')
    assert book.problems == ()
    assert book.file.slice(place_of(book, "first")[0]) == "first"
