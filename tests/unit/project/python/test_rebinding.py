"""A name that is bound anew from its own last value."""

import ast

from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.values import text
from reprocheck.project.source import SourceText


def _file(code: str) -> PythonFile:
    return PythonFile(SourceText("example.py", code), ast.parse(code))


def _last_call(code: str) -> str | None:
    file = _file(code)
    site = file.calls[-1]
    return file.resolve(site.node.func, site.scope, site.order)


def test_a_method_of_a_name_bound_from_itself_is_the_method_of_what_it_was_first_bound_to() -> None:
    code = "import pandas\nx = pandas.read_csv('a')\nx = x.dropna()\nx = x.head()\nx.sample(3)\n"
    assert _last_call(code) == "pandas.read_csv().dropna().head().sample"


def test_a_loop_over_a_name_into_the_same_name_yields_its_elements() -> None:
    assert _last_call("import glob\nx = glob.glob('*')\nfor x in x:\n    x.upper()\n") == "glob.glob()[].upper"


def test_a_name_that_is_only_bound_from_itself_is_not_known() -> None:
    assert _last_call("def f():\n    x = x.next()\n    x.last()\n") is None


def test_a_path_extended_under_the_same_name_keeps_its_beginning() -> None:
    code = "path = 'data'\npath = path + '/train.csv'\nopen(path)\n"
    file = _file(code)
    site = file.calls[-1]
    assert text(file, site.node.args[0], site.scope, site.order) == "data/train.csv"
