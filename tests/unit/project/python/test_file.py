"""What names mean: qualified names through imports, assignments, calls and annotations."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from textwrap import dedent

import pytest

from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def python(code: str) -> PythonFile:
    text = dedent(code)
    return PythonFile(SourceText("a.py", text), ast.parse(text))


def last_callee(code: str) -> str | None:
    file = python(code)
    return file.callee(max(file.calls, key=lambda site: (site.node.lineno, site.order)))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import numpy as np\nnp.random.rand()", "numpy.random.rand"),
        ("import os.path\nos.path.join()", "os.path.join"),
        ("from numpy import random as r\nr.rand()", "numpy.random.rand"),
        ("from . import seeds\nseeds.fix()", ".seeds.fix"),
        ("from ..util import fix\nfix()", "..util.fix"),
        ("from torch.nn import *\nLinear()", "torch.nn.Linear"),
        ("from a import *\nfrom b import *\nf()", "*.f"),
        ("len()", "builtins.len"),
        ("unknown()", None),
        ("def f(): pass\nf()", ".f"),
        ("class A:\n    def f(self): pass\nA.f()", ".A.f"),
        ("import a\nx = a.B()\nx.c()", "a.B().c"),
        ("import a\nx = y = a.b\ny()", "a.b"),
        ("import a\nf = a.b\na = 1\nf()", "a.b"),
        ("import a\nx, y = a.split()\ny.fit()", "a.split()[1].fit"),
        ("import glob\nfor p in glob.glob():\n    p.strip()", "glob.glob()[].strip"),
        ("import a\nfor i, x in enumerate(a.b()):\n    x.c()", "a.b()[].c"),
        ("import a\nfor x, y in zip(p, a.b()):\n    y.c()", "a.b()[].c"),
        ("import a\nxs = a.b()\n[x.c() for x in xs]", "a.b()[].c"),
        ("import a\nwith a.open() as f:\n    f.read()", "a.open().read"),
        ("import a\n(a.b if c else a.d)()", "a.b"),
        ("import a\nx = await_ = a.b\nx()", "a.b"),
        ("import pathlib\n(pathlib.Path() / 'x').open()", "pathlib.Path().open"),
        ("'{}'.format()", "builtins.str().format"),
        ("[].append()", "builtins.list().append"),
        ("import pandas as pd\ndef f(x: pd.DataFrame):\n    x.sample()", "pandas.DataFrame().sample"),
        ("import pandas as pd\ndef f(x: 'pd.DataFrame | None' = None):\n    x.sample()", "pandas.DataFrame().sample"),
        (
            "import pandas as pd\nfrom typing import Optional\ndef f(x: Optional[pd.DataFrame]):\n    x.sample()",
            "pandas.DataFrame().sample",
        ),
        ("def f(x):\n    x.sample()", None),
        ("try:\n    import ujson as json\nexcept ImportError:\n    import json\njson.load()", "ujson.load"),
        ("try:\n    from a import f\nexcept ImportError:\n    f = None\nf()", "a.f"),
        ("import a\nif x:\n    import b as a\na.f()", "b.f"),
        ("def f():\n    import a\n    a.g()", "a.g"),
        ("def f():\n    a.g()\nimport a", "a.g"),
        ("import a\ndel a\nprint()", "builtins.print"),
        ("a = a\na()", None),
        ("a = b\nb = a\na()", None),
        ("import a\nx = a.b()\nx = x.c()\nx.d()", "a.b().c().d"),
        ("import a\nx[0].b()\n", None),
        ("import a\na.b[0].c()", "a.b[].c"),
    ],
)
def test_resolution(code: str, name: str | None) -> None:
    assert last_callee(code) == name


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("self.helper()", ".Net.helper"),
        ("self.rng.normal()", "numpy.random.default_rng().normal"),
        ("self.late.fit()", "sklearn.svm.SVC().fit"),
        ("self.unknown.fit()", None),
        ("cls.helper()", ".Net.helper"),
        ("other.rng.normal()", None),
    ],
)
def test_attributes_of_the_own_object(call: str, name: str | None) -> None:
    code = f"""
    import numpy as np
    import sklearn.svm as svm

    class Net:
        def __init__(self):
            self.rng = np.random.default_rng(0)
            self.loop = self.loop
        def helper(self): pass
        def fit(self, cls, other):
            self.late = svm.SVC()
            {call}
    """
    assert last_callee(code) == name


def test_a_use_before_the_assignment_sees_the_earlier_value() -> None:
    code = "import a, b\nx = a.f()\nx.one()\nx = b.g()\nx.two()\n"
    file = python(code)
    assert [file.callee(site) for site in file.calls] == ["a.f", "a.f().one", "b.g", "b.g().two"]


@pytest.fixture
def _deep() -> Iterator[None]:
    """Room for the parser; what walks the tree afterwards has none to spare."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


def test_a_long_fluent_chain_is_followed() -> None:
    found = last_callee("import a\nx = a" + ".b()" * 150 + "\nx.last()\n")
    assert found is not None
    assert found.endswith(".b().last")


@pytest.mark.usefixtures("_deep")
def test_the_names_of_a_generated_chain_stay_short() -> None:
    links = 350 if sys.version_info[:2] == (3, 12) else 2_000  # 3.12's own parser refuses deeper trees
    file = python("import a\na" + ".b()" * links + "\n")
    names = [file.callee(site) for site in file.calls]
    assert names[0] == "a.b"
    assert names[-1] is None
    assert max(len(name) for name in names if name is not None) < 1000


def test_of_a_name_bound_a_thousand_times_the_binding_before_counts() -> None:
    code = "".join(f"import a{n} as x\nx.f()\n" for n in range(1000))
    file = python(code)
    assert [file.callee(site) for site in file.calls] == [f"a{n}.f" for n in range(1000)]


def test_names_that_lead_in_circles_end() -> None:
    chain = "".join(f"x{n} = x{n + 1}\n" for n in range(200)) + "x200 = x0\nx0.f()\n"
    assert last_callee(chain) is None


CODE = """\
import a

@decorated
class C:
    def f(self):
        if x:
            y = [
                a.b(),
            ]
        try:
            pass
        except E:
            z = 1
        match w:
            case 1:
                v = 2
"""


@pytest.mark.parametrize(
    ("line", "statement", "names"),
    [
        (1, "Import", ()),
        (2, None, ()),
        (3, "ClassDef", ("C",)),
        (5, "FunctionDef", ("C", "f")),
        (6, "If", ("C", "f")),
        (8, "Assign", ("C", "f")),
        (13, "Assign", ("C", "f")),
        (16, "Assign", ("C", "f")),
        (99, None, ()),
    ],
)
def test_statement_at_a_line(line: int, statement: str | None, names: tuple[str, ...]) -> None:
    found = python(CODE).statement_at(line)
    assert (None if found.statement is None else type(found.statement).__name__, found.names) == (statement, names)


def test_surroundings_of_a_node() -> None:
    file = python(CODE)
    call = file.calls[0].node
    assert isinstance(file.statement(call), ast.Assign)
    assert [type(node).__name__ for node in file.ancestors(call)] == [
        "List",
        "Assign",
        "If",
        "FunctionDef",
        "ClassDef",
        "Module",
    ]
    assert file.scope_of(call).qualname == "C.f"
    assert file.scope_of(file.tree.body[0]) is file.module
    assert file.parent(file.tree) is None
