"""Which bindings a read of a name sees, by Python's own rules."""

from __future__ import annotations

import ast
import symtable
import sys
from textwrap import dedent

import pytest

from reprocheck.project.python.scopes import Scope
from reprocheck.project.python.walk import Walk


def scopes(code: str) -> dict[str, Scope]:
    """Scopes by qualified name."""
    return {scope.qualname: scope for scope in Walk(ast.parse(dedent(code))).scopes}


def owner(scope: Scope, name: str) -> str | None:
    """Qualified name of the scope whose binding a read sees; None when nothing binds it."""
    found = scope.lookup(name)
    return None if found is None else found[0].scope.qualname or "<module>"


NESTED = """
x = 0
class C:
    x = 1
    y = x
    def method(self):
        return x, y, __class__
    items = [x for item in range(3)]
def outer():
    x = 2
    def inner():
        return x
    def declared():
        global x
        x = 3
        return x
    def changes():
        nonlocal x
        x = 4
    return lambda z: x + z
"""


@pytest.mark.parametrize(
    ("scope", "name", "seen"),
    [
        ("", "x", "<module>"),
        ("C", "x", "C"),
        ("C.method", "x", "<module>"),
        ("C.method", "y", None),
        ("C.<comprehension>", "x", "C"),
        ("C.<comprehension>", "item", "C.<comprehension>"),
        ("C", "item", None),
        ("outer.inner", "x", "outer"),
        ("outer.declared", "x", "<module>"),
        ("outer.changes", "x", "outer"),
        ("outer.<lambda>", "x", "outer"),
        ("outer.<lambda>", "z", "outer.<lambda>"),
        ("outer", "z", None),
    ],
)
def test_lookup(scope: str, name: str, seen: str | None) -> None:
    assert owner(scopes(NESTED)[scope], name) == seen


def test_assignment_to_a_global_is_bound_at_the_module() -> None:
    module = scopes("def f():\n    global a\n    a = 1\n    def g():\n        return a\n")[""]
    assert [binding.scope.qualname for binding in module.bindings["a"]] == ["f"]


def test_walrus_in_a_comprehension_binds_around_it() -> None:
    found = scopes("def f(xs):\n    return [last := x for x in xs]\n")
    assert "last" in found["f"].bindings
    assert "last" not in found["f.<comprehension>"].bindings


def test_attributes_of_self_are_kept_at_the_class() -> None:
    code = """
    class A:
        def __init__(this, size):
            this.size = size
            other.size = 1
            this.inner.deep = 2
            (this.left, this.right) = pair()
        @staticmethod
        def plain(this):
            this.size = 3
    def function(self):
        self.size = 4
    """
    found = scopes(code)["A"]
    assert set(found.attributes) == {"size", "left", "right"}
    assert [binding.index for binding in found.attributes["right"]] == [1]


def test_enclosing_scope_of_a_kind() -> None:
    found = scopes("class A:\n    def f(self):\n        return [lambda: x for x in y]\n")
    inner = found["A.f.<comprehension>.<lambda>"]
    assert [inner.enclosing(kind).qualname for kind in ("lambda", "function", "class") if inner.enclosing(kind)] == [  # type: ignore[union-attr]
        "A.f.<comprehension>.<lambda>",
        "A.f",
        "A",
    ]
    assert found[""].enclosing("class") is None


AGAINST_CPYTHON = [
    pytest.param(
        NESTED,
        marks=pytest.mark.skipif(
            sys.version_info >= (3, 12),
            reason="comprehensions are inlined from 3.12 on (PEP 709): the compiler has no scope to compare with",
        ),
    ),
    "import a.b as c, d.e\nfrom f import g as h, i\nfor j, (k, *l) in m:\n    pass\nwith n as (o, p): pass\n",
    "try:\n    a = 1\nexcept E as b:\n    c = 2\n",
    "match d:\n    case [e, *f] | {'g': e, **f}: pass\n    case H(i=j) as k: pass\n",
    "def f(a, /, b=1, *c, d, e=2, **g):\n    del a\n    h: int\n    i: int = 3\n    j += 1\n    return (k := 2)\n",
    "class A(B, metaclass=C):\n    d = 1\n    def e(self): return self.d\n",
    "async def f():\n    async for g in h: pass\n    async with i as j: pass\n",
]


@pytest.mark.parametrize("code", AGAINST_CPYTHON)
def test_local_names_are_those_of_the_compiler(code: str) -> None:
    def tables(table: symtable.SymbolTable) -> list[tuple[str, list[str]]]:
        kinds = {"lambda": "<lambda>", "listcomp": "<comprehension>", "genexpr": "<comprehension>"}
        here = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_local()
            and not symbol.get_name().startswith(".")
            and symbol.get_name() != "__class__"
            and (symbol.is_assigned() or symbol.is_parameter() or symbol.is_imported() or symbol.is_namespace())
        }
        name = "" if table.get_type() == "module" else kinds.get(table.get_name(), table.get_name())
        return [(name, sorted(here)), *(entry for child in table.get_children() for entry in tables(child))]

    ours = [
        (scope.name, sorted(name for name in scope.bindings if name not in scope.nonlocals))
        for scope in Walk(ast.parse(code)).scopes
    ]
    assert sorted(ours) == sorted(tables(symtable.symtable(code, "a.py", "exec")))
