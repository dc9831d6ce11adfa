"""Newer grammar than the interpreter's is read, and every other node keeps its place."""

from __future__ import annotations

import ast
import sys
import threading

import pytest

from reprocheck.model.place import Span
from reprocheck.project.python.grammar import parse
from reprocheck.project.python.nesting import MAX_CHAIN, is_modest
from reprocheck.project.source import SourceText


def read(text: str) -> ast.Module:
    tree, problems = parse(SourceText("a.py", text))
    assert problems == ()
    assert tree is not None
    return tree


def names(text: str) -> dict[str, tuple[int, int]]:
    """Place of the last use of each name, as the character column in the text."""
    source = SourceText("a.py", text)
    return {
        node.id: (node.lineno, source.column(node.lineno, node.col_offset))
        for node in ast.walk(read(text))
        if isinstance(node, ast.Name)
    }


def assert_in_place(text: str, *wanted: str) -> None:
    """Each name is found, and stands where the text has it."""
    found = names(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for name in wanted:
        line, column = found[name]
        assert lines[line - 1][column - 1 :].startswith(name), (name, line, column)


NEWER = {
    "type alias": ("type Pair[A] = tuple[A_, A_]; after = before", ["Pair", "tuple", "A_", "after", "before"]),
    "type alias in a block": ("if cond: type X = inner\nafter", ["cond", "X", "inner", "after"]),
    "type alias continued": ("type \\\n X = inner; after", ["X", "inner", "after"]),
    "parameters of a function": ("def f[T: (int, str), *Ts, **P](x=default): return after", ["default", "after"]),
    "parameters of a class": ("class A[T](base, metaclass=meta): after = value", ["base", "meta", "value"]),
    "parameter default": ("class A[T = int](base): after", ["base", "after"]),
    "parameters over lines": (
        "def f[\n    T: bound,  # why\n\n    *Ts,\n](x=default): return after",
        ["default", "after"],
    ),
    "same quotes in f-string": ('x = f"{first["k"]} {second:>{width}}"; after', ["first", "second", "width", "after"]),
    "backslash in f-string": ('x = f"a{"\\n".join(first)!r:>{width}} {second=}"; after', ["first", "width", "after"]),
    "comment in f-string": ('x = f"{\n  first  # why\n}" + after', ["first", "after"]),
    "f-string in f-string": ('x = f"{f"{f"{first}"}"}" + after', ["first", "after"]),
    "f-string in concatenation": ('x = ("a" f"{"\\n".join(first)}" "b", after)', ["first", "after"]),
    "concatenation over lines": ('x = (\n  "a"\n  f"{first["k"]}"\n  f"{"\\n" + second}", after)', ["second", "after"]),
    "lambda in f-string": ('x = f"{(lambda y: first["k"])}" + after', ["first", "after"]),
    "wide characters": ('π = f"é{ключ["é"]}" + after', ["π", "after"]),
    "template string": ('x = t"a {first} b" + after', ["first", "after"]),
    "raw template string": ('x = rt"a\\d {first["k"]}" + after', ["first", "after"]),
    "bare except tuple": ("try: x\nexcept (Aa), b.Cc , Dd: after", ["Aa", "b", "Dd", "after"]),
    "bare except tuple with a comma behind": ("try: x\nexcept Aa, Bb,: after", ["Aa", "Bb", "after"]),
    "bare except* tuple": ("try: x\nexcept* Aa, Bb: after", ["Aa", "Bb", "after"]),
    "old and new line ends": ("type X = int\r\ndef f[T\r\n](a=first): after\r", ["X", "first", "after"]),
}


@pytest.mark.parametrize(("text", "kept"), NEWER.values(), ids=NEWER.keys())
def test_newer_grammar_keeps_places(text: str, kept: list[str]) -> None:
    assert_in_place(text, *kept)


def test_strings_stay_f_strings_where_quotes_can_be_swapped() -> None:
    strings = [
        node for node in ast.walk(read('type X = 1\nx = f"{a["k"]}/train.csv"')) if isinstance(node, ast.JoinedStr)
    ]
    assert [ast.unparse(string) for string in strings] == [ast.unparse(ast.parse("f\"{a['k']}/train.csv\"").body[0])]


def test_modern_f_strings_are_left_alone_without_need() -> None:
    tree = read('type X = 1\nx = f"{a} {b!r:>{c}}"')
    assert any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))


def test_grammar_of_this_interpreter_is_not_rewritten() -> None:
    text = "try:\n    pass\nexcept* (A, B):\n    x: int = f'{y}'\n"
    assert ast.dump(read(text)) == ast.dump(ast.parse(text))


def test_doubtful_source_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    read("x = '\\d' if 1 is 1 else ()()")
    assert not recwarn.list


PYTHON_2 = {
    "print statement": ("import a\nprint 'x'\n", Span(2, 1, 2, 8)),
    "exec statement": ("exec 'x'\n", Span(1, 1, 1, 7)),
    "backticks": ("x = '`' + `y`\n", Span(1, 11, 1, 14)),
    "except clause with a comma": ("try: pass\nexcept A, error: pass\n", Span(2, 8, 2, 16)),
    "raise with a comma": ("raise E, 'x'\n", Span(1, 1, 1, 9)),
    "ur string": ("x = ur'x'\n", Span(1, 5, 1, 7)),
    "octal number without 0o": ("os.chmod(p, 0755)\n", Span(1, 13, 1, 17)),
    "long integer": ("x = 10L\n", Span(1, 5, 1, 8)),
    "<> operator": ("'<>' if a <> b else c\n", Span(1, 11, 1, 13)),
    "parameter that unpacks a tuple": ("f(lambda (k, v): v)\n", Span(1, 3, 1, 16)),
}


@pytest.mark.parametrize(("name", "text", "span"), [(name, *rest) for name, rest in PYTHON_2.items()], ids=PYTHON_2)
def test_python_2_is_called_by_its_name(name: str, text: str, span: Span) -> None:
    tree, (problem,) = parse(SourceText("a.py", text))
    assert tree is None
    assert problem.message == f"Python 2 source: {name}"
    assert problem.fatal
    if name != "except clause with a comma":
        assert problem.span == span


def test_words_in_strings_and_comments_are_no_python_2() -> None:
    tree, (problem,) = parse(SourceText("a.py", "'''\nprint x\n'''\n# exec y\nx = '<>' +\n"))
    assert tree is None
    assert problem.message == "is not valid Python: invalid syntax"
    assert problem.span.line == 5


def test_error_is_placed_in_characters() -> None:
    _, (problem,) = parse(SourceText("a.py", "x = 1\n'é' = )\n"))
    assert problem.span == Span(2, 7, 2, 7)


def test_null_characters_are_named() -> None:
    _, (problem,) = parse(SourceText("a.py", "x = 1\r\ny\0"))
    assert (problem.message, problem.span) == ("contains null characters", Span(2, 2, 2, 3))


def test_lone_surrogates_are_a_problem() -> None:
    tree, (problem,) = parse(SourceText("a.py", "x = '\ud800'"))
    assert tree is None
    assert problem.fatal


@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="3.12 has a fixed limit of nesting")
def test_sum_of_thousands_of_terms_is_read() -> None:
    before = sys.getrecursionlimit(), threading.stack_size()
    assert len(read("x = " + " + ".join(["a"] * 3000)).body) == 1
    assert (sys.getrecursionlimit(), threading.stack_size()) == before


def test_long_generated_file_is_read() -> None:
    assert len(read("x = f(1)\n" * 100_000).body) == 100_000


@pytest.mark.parametrize(
    "text",
    [
        "type X = " + "(" * 20_000,
        "type X = " + "-" * 20_000 + "1",
        "type X = a" + ".b" * 20_000,
        "type X = a" + ".b(c, d)" * 20_000,
        "x = " + 'f"{' * 20_000 + "1" + '}"' * 20_000,
        "type X = f'{" + "-" * 20_000 + "1}'",
        "if x: type X = 1\n" + "elif x: pass\n" * 20_000,
        "type X = 1\n" + "".join(" " * depth + "if x:\n" for depth in range(500)),
    ],
    ids=["brackets", "signs", "attributes", "calls", "strings", "inside a string", "branches", "blocks"],
)
def test_hostile_nesting_ends_in_a_problem(text: str) -> None:
    tree, (problem,) = parse(SourceText("a.py", text))
    assert tree is None
    assert problem.fatal


def test_ordinary_files_are_modest() -> None:
    assert is_modest("x = {\n" + "  'a': [1, 2.5, f(x)],\n" * 10_000 + "}\n" + "y = a.b(c)[d] + e\n" * 10_000)
    assert not is_modest("x = " + "-" * (MAX_CHAIN + 1) + "1")
