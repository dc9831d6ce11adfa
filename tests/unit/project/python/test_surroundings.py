"""What surrounds a node."""

from __future__ import annotations

import ast

import pytest

from reprocheck.project.python.surroundings import parents_of, statement_at

CODE = """\
if a: b; c
else: d
match x:
    case {"k": v, **rest} if v:
        y
    case Point(x=0) | None: z; w
try: a
except B as b: b
except (C,
   D): d
else:
    e
finally: f
@deco(
   1)
class A(metaclass=M):
    x: int = 1; y = 2
    @d
    async def f(self, *args: int, key=3, **kwargs): return {**self, 1: f"{key!r:>{x}}"}
for i, *j in x:
    global g
    g = lambda a, /, b=1: a < b <= 3 and not -a
else:
    q = [k for k in x if k]; r[1:2] += (yield)
import p.q as s
from . import t
"""
_SHARED = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


def test_every_node_has_the_parent_that_holds_it_in_the_order_of_a_walk() -> None:
    tree = ast.parse(CODE)
    expected = [
        (child, node)
        for node in ast.walk(tree)
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, _SHARED)
    ]
    assert list(parents_of(tree).items()) == expected


@pytest.mark.parametrize(
    ("line", "shown", "siblings"),
    [
        (1, "b", 2),
        (2, "d", 1),
        (5, "y", 1),
        (6, "z", 2),
        (10, "d", 1),
        (12, "e", 1),
        (15, "class A", 7),
        (18, "async def f", 3),
        (23, "for i", 7),
        (24, "q = ", 2),
    ],
)
def test_statement_of_a_line_comes_with_its_siblings(line: int, shown: str, siblings: int) -> None:
    found = statement_at(ast.parse(CODE), line)
    assert found.statement is not None
    assert shown in ast.unparse(found.statement)
    assert len(found.siblings) == siblings
    assert found.siblings[found.position] is found.statement
