"""What one walk leaves behind: calls in evaluation order, loops, branches, dead code."""

from __future__ import annotations

import ast
import symtable
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from reprocheck.project.python.scopes import Kind
from reprocheck.project.python.walk import Walk


def walk(code: str, *kinds: type[ast.AST]) -> Walk:
    return Walk(ast.parse(dedent(code)), kinds)


def called(found: Walk) -> list[str]:
    """Names of the callees in the order of the walk."""
    return [ast.unparse(site.node.func).rpartition(".")[2] for site in found.calls]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("f(g(), h(x=i()))", ["g", "i", "h", "f"]),
        ("a().b().c()", ["a", "b", "c"]),
        ("x[f()] = g()", ["g", "f"]),
        ("f() if g() else h()", ["g", "f", "h"]),
        ("a() + b() * c()", ["a", "b", "c"]),
        ("@d()\ndef f(x=e()) -> r():\n    g()\n", ["d", "e", "g"]),
        ("@d()\nclass A(b(), m=c()):\n    x = e()\n", ["d", "b", "c", "e"]),
        ("[f(x) for x in g() if h(x)]", ["g", "h", "f"]),
        ("{k(): v() for a in i()}", ["i", "k", "v"]),
        ("with a() as b, c():\n    d()\n", ["a", "c", "d"]),
        ("f'{a()!r:>{b()}}'", ["a", "b"]),
        ("try:\n    a()\nexcept b():\n    c()\nelse:\n    d()\nfinally:\n    e()\n", ["a", "b", "c", "d", "e"]),
        ("match a():\n    case B(c=1) if d():\n        e()\n", ["a", "d", "e"]),
        ("lambda x=a(): b()", ["a", "b"]),
        ("async def f():\n    await a()\n    yield b()\n", ["a", "b"]),
        ("x: a() = b()", ["b"]),
        ("assert a(), b()", ["a", "b"]),
        ("del a()[b()]", ["a", "b"]),
        ("(x := a())", ["a"]),
        ("x += a()", ["a"]),
        ("print(*a(), **b())", ["a", "b", "print"]),
        ("raise a() from b()", ["a", "b"]),
    ],
)
def test_calls_in_evaluation_order(code: str, names: list[str]) -> None:
    found = walk(code)
    assert called(found) == names
    orders = [site.order for site in found.calls]
    assert orders == sorted(set(orders))


def test_every_call_is_found() -> None:
    for module in (ast, symtable):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        inside = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert {id(site.node) for site in Walk(tree).calls} == inside - in_annotations(tree)


def in_annotations(tree: ast.AST) -> set[int]:
    return {
        id(node)
        for owner in ast.walk(tree)
        for field in ("annotation", "returns")
        if isinstance(getattr(owner, field, None), ast.AST)
        for node in ast.walk(getattr(owner, field))
    }


def test_loop_and_branch_of_a_call() -> None:
    code = """
    a()
    for x in b():
        c()
        if d():
            while e():
                f()
        def inner():
            g()
    else:
        h()
    """
    walked = walk(code)
    found = dict(zip(called(walked), walked.calls, strict=True))
    kinds = {name: (type(site.loop).__name__, type(site.branch).__name__) for name, site in found.items()}
    assert kinds == {
        "a": ("NoneType", "NoneType"),
        "b": ("NoneType", "NoneType"),
        "c": ("For", "For"),
        "d": ("For", "For"),
        "e": ("While", "While"),
        "f": ("While", "While"),
        "g": ("NoneType", "NoneType"),
        "h": ("NoneType", "NoneType"),
    }


def test_statement_of_a_call_is_the_innermost_one() -> None:
    found = walk("x = 1\nif a(\n):\n    y = [b()]\nc()\n")
    assert [site.statement.lineno for site in found.calls] == [2, 4, 5]


def test_code_behind_an_exit_is_dead() -> None:
    code = """
    def f(x):
        if x:
            return 1
            a = 1
            b = 2
        for y in x:
            continue
            c = 3
        raise E
    def g():
        return 2
    """
    found = walk(code)
    assert [(type(d.after).__name__, d.first.lineno, d.last.lineno, d.scope.qualname) for d in found.dead_code] == [
        ("Return", 5, 6, "f"),
        ("Continue", 9, 9, "f"),
    ]


def test_wanted_nodes_are_kept_with_their_scope() -> None:
    code = "if a:\n    pass\nelif b:\n    pass\ndef f():\n    if c: x = 1\n    x: int = 2\n"
    found = walk(code, ast.If, ast.AnnAssign)
    assert [(ast.unparse(node.test), scope.qualname) for node, scope in found.nodes[ast.If]] == [
        ("a", ""),
        ("b", ""),
        ("c", "f"),
    ]
    assert len(found.nodes[ast.AnnAssign]) == 1
    assert walk(code, ast.While).nodes == {ast.While: []}


def test_long_chains_are_walked_without_recursion() -> None:
    links = 400 if sys.version_info[:2] == (3, 12) else 3_000  # 3.12's own parser refuses deeper trees
    sums = " + ".join(f"f{n}()" for n in range(links))
    elifs = "if x: a()\n" + "elif x: b()\n" * links
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        trees = [ast.parse(text) for text in (sums, elifs)]
    finally:
        sys.setrecursionlimit(before)
    assert [len(Walk(tree).calls) for tree in trees] == [links, links + 1]


def test_strings_and_attributes_that_could_be_names_are_kept() -> None:
    found = walk(f"a.b.c().d\nx = 'seed'\ny = {'z' * 100!r}\nf'part{{q}}'\n")
    assert found.attributes >= {"b", "c", "d"}
    assert "seed" in found.strings
    assert all(len(text) < 100 for text in found.strings)


@pytest.mark.parametrize(
    ("code", "kind", "index"),
    [
        ("n = 1", Kind.ASSIGN, None),
        ("a, n = f()", Kind.ASSIGN, 1),
        ("a, n = 1, 2", Kind.ASSIGN, None),
        ("a, *n = f()", Kind.ASSIGN, 1),
        ("n: int", Kind.ASSIGN, None),
        ("n += 1", Kind.AUGMENTED, None),
        ("for n in x: pass", Kind.LOOP, None),
        ("for a, n in x: pass", Kind.LOOP, 1),
        ("with x as n: pass", Kind.WITH, None),
        ("try: pass\nexcept E as n: pass", Kind.EXCEPT, None),
        ("import n", Kind.IMPORT, None),
        ("from a import b as n", Kind.IMPORT, None),
        ("def n(): pass", Kind.FUNCTION, None),
        ("class n: pass", Kind.CLASS, None),
        ("del n", Kind.DELETE, None),
        ("match x:\n    case {'a': 1, **n}: pass", Kind.PATTERN, None),
        ("match x:\n    case [1, *n]: pass", Kind.PATTERN, None),
    ],
)
def test_how_a_name_is_bound(code: str, kind: Kind, index: int | None) -> None:
    (binding,) = walk(code).module.bindings["n"]
    assert (binding.kind, binding.index) == (kind, index)
    assert binding.gives is (kind not in {Kind.DELETE, Kind.AUGMENTED})
