"""Work on code built to be hard to follow stays bounded: it is counted in calls of our own functions, never timed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import FileFacts, Value, ValueKind
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.index.symbols import FunctionRef
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import Catalog, Project
from reprocheck.rulekit.catalog import read_catalog_file
from reprocheck.rulekit.execution import Run

CATALOG = """
"lib.seed" = { roles = ["seeder"], family = "python", arguments = ["seed"], seed_argument = "seed" }
"lib.draw" = { roles = ["draw"], family = "python" }
"""
LINEAR = 2.6
"""Most that twice the code may cost; sorting and tables that grow take a little more than twice."""
QUADRATIC = 4.6
DEPTH = 60
"""Calls that a run is followed down."""
REPEATS = 3
"""Times that a function is followed in one run."""
HARD_LIMIT = 120
"""Seconds after which a scan of hostile code has failed; it takes a few."""

Source = Callable[[int], dict[str, str]]


def facts_of(files: dict[str, str]) -> dict[str, FileFacts]:
    return {path: extract(PythonFile(SourceText(path, text), ast.parse(text), ())) for path, text in files.items()}


def project_of(files: dict[str, str]) -> Project:
    index = ProjectIndex(facts_of(files), paths=files)
    return Project(index, Catalog([read_catalog_file(CATALOG, "catalog.toml")]))


def run_of(files: dict[str, str], path: str = "main.py") -> Run:
    (found,) = [run for run in project_of(files).runs if run.entry.path == path]
    return found


def names_of(run: Run) -> list[str]:
    return [happening.name for happening in run.happenings]


class Counter:
    """Calls of functions of the package."""

    calls = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Count one call; the interpreter gives all that happens."""
        if event == "call" and "reprocheck" in frame.f_code.co_filename:
            self.calls += 1


@contextmanager
def counted() -> Iterator[Counter]:
    counter = Counter()
    before = sys.getprofile()
    sys.setprofile(counter)
    try:
        yield counter
    finally:
        sys.setprofile(before)


def work(files: dict[str, str]) -> int:
    """Calls that facts, index and all runs of a project take."""
    with counted() as counter:
        assert project_of(files).runs
    return counter.calls


# Programs by size. Each has an entry point `main.py`.


def ring_of_imports(size: int) -> dict[str, str]:
    """Each module imports the next and calls into it; the last imports the first."""
    files = {
        f"m{i}.py": f"import m{after}\nimport lib\n\ndef f():\n    lib.draw()\n    return m{after}.f\n"
        for i, after in enumerate([*range(1, size), 0])
    }
    return files | {"main.py": "import lib\nimport m0\nlib.seed(1)\nm0.f()\n"}


def ring_of_stars(size: int) -> dict[str, str]:
    """Each module takes all of the next; the program asks for what the last one defines, and for what none does."""
    files = {f"m{i}.py": f"from m{(i + 1) % size} import *\ndef f{i}():\n    pass\n" for i in range(size)}
    files[f"m{size - 1}.py"] += "import lib\n\ndef last():\n    lib.draw()\n"
    return files | {"main.py": "from m0 import *\nlast()\nmissing()\n"}


def many_functions(size: int) -> dict[str, str]:
    """One module whose functions call each other in a tree with links back to its root."""
    lines = ["import lib", ""]
    for i in range(size):
        lines += [f"def f{i}(x):", f"    if x > {i}:", "        return f0(x)", "    lib.draw()"]
        lines += [f"    f{child}(x + 1)" for child in (2 * i + 1, 2 * i + 2) if child < size]
    return {"main.py": "\n".join([*lines, "lib.seed(1)", "f0(0)", ""])}


def one_name_for_many_methods(size: int) -> dict[str, str]:
    """As many classes with a method `advance`, and a call of it on something unknown in each."""
    lines = ["import lib", "import other", ""]
    for i in range(size):
        lines += [f"class C{i}:", "    def advance(self, x):", "        lib.draw()", "        x.advance(self)", ""]
    return {"main.py": "\n".join([*lines, "def go(x):", "    x.advance(1)", "lib.seed(1)", "go(other.get())", ""])}


def branches(size: int) -> dict[str, str]:
    """A dispatcher of one function: each `elif` lies in the `if` before it."""
    lines = ["import lib", "", "def go(kind):", "    if kind == 0:", "        lib.seed(0)"]
    for i in range(1, size):
        lines += [f"    elif kind == {i}:", f"        lib.seed({i})"]
    return {"main.py": "\n".join([*lines, "    lib.draw()", f"go({size - 1})", ""])}


def dynamic_names(size: int) -> dict[str, str]:
    """Attributes that are made by name, and chains of them."""
    lines = ["import lib", "class Box:", "    pass", "box = Box()"]
    for i in range(size):
        lines += [f"setattr(box, 'a{i}', lib)", f"getattr(box, 'a{i}').draw()", f"globals()['g{i}'] = box.a{i}"]
        lines += [f"vars(box)['b{i}'] = box.__dict__['a{i}']", f"box.a{i}.b.c.d.e().f[{i}].g(box.a{i})"]
    return {"main.py": "\n".join([*lines, "lib.seed(1)", ""])}


def long_chain(size: int) -> dict[str, str]:
    """One expression: a call on the result of a call, as deep as the parser lets it be."""
    return {"main.py": "import lib\nlib.seed(1)\nx = lib.start()" + ".then(1)" * size + "\n"}


def hierarchy(size: int) -> dict[str, str]:
    """Classes each derived from the one before, all of which call what they override."""
    lines = ["import lib", "", "class C0:", "    def run(self):", "        lib.draw()", ""]
    for i in range(1, size):
        lines += [f"class C{i}(C{i - 1}):", "    def run(self):", "        super().run()", ""]
    return {"main.py": "\n".join([*lines, "lib.seed(1)", f"C{min(size, DEPTH) - 2}().run()", ""])}


def recursion(size: int) -> dict[str, str]:
    """Functions that call themselves and each other with ever new arguments."""
    lines = ["import lib", ""]
    for i in range(size):
        lines += [f"def f{i}(n):", "    lib.draw()", f"    f{i}(n + 1)", f"    f{(i + 1) % size}({i})"]
        lines += [f"    f{i}({other})" for other in range(2 * REPEATS)]
    return {"main.py": "\n".join([*lines, "lib.seed(1)", "f0(0)", ""])}


@pytest.mark.parametrize(
    ("source", "size", "most"),
    [
        pytest.param(ring_of_imports, 40, LINEAR, id="ring of imports"),
        pytest.param(ring_of_stars, 40, QUADRATIC, id="ring of stars"),
        pytest.param(many_functions, 400, LINEAR, id="functions"),
        pytest.param(one_name_for_many_methods, 400, LINEAR, id="one name for many methods"),
        pytest.param(branches, 150, LINEAR, id="branches"),
        pytest.param(dynamic_names, 150, LINEAR, id="dynamic names"),
        pytest.param(long_chain, 80, QUADRATIC, id="long chain"),
        pytest.param(hierarchy, 100, QUADRATIC, id="hierarchy"),
        pytest.param(recursion, 150, LINEAR, id="recursion"),
    ],
)
def test_twice_the_code_costs_about_twice_the_work(source: Source, size: int, most: float) -> None:
    assert work(source(2 * size)) <= most * work(source(size))


# What is found in spite of the bounds


def test_all_of_a_ring_of_imports_runs_once() -> None:
    run = run_of(ring_of_imports(30))
    assert names_of(run) == ["lib.seed", "lib.draw"]
    assert run.complete


def test_a_name_is_found_around_a_circle_of_stars() -> None:
    run = run_of(ring_of_stars(50))
    assert names_of(run) == ["lib.draw"]
    assert run.complete


def test_names_that_no_star_brings_end_the_search() -> None:
    symbols = project_of(ring_of_stars(300)).index.symbols
    assert symbols.resolve("main.py", "*.missing") is None
    assert isinstance(symbols.resolve("m7.py", ".f7"), FunctionRef)


def test_recursion_is_followed_a_few_times_only() -> None:
    run = run_of(recursion(3))
    draws = [happening.path for happening in run.happenings if happening.name == "lib.draw"]
    assert 3 <= len(draws) <= 3 * REPEATS
    assert run.complete


def test_a_seed_at_the_bottom_of_a_tree_of_functions_is_found() -> None:
    run = run_of(many_functions(200))
    assert names_of(run).count("lib.seed") == 1
    assert names_of(run).count("lib.draw") >= 200
    assert run.complete


def test_a_run_over_too_many_events_says_that_it_is_not_whole() -> None:
    run = run_of(many_functions(4000))
    assert not run.complete


def test_a_name_that_thousands_of_methods_share_means_none_of_them() -> None:
    assert names_of(run_of(one_name_for_many_methods(3000))) == ["lib.seed"]


def test_only_the_last_of_many_branches_is_taken() -> None:
    run = run_of(branches(300))
    active = [happening for happening in run.happenings if happening.active]
    assert [happening.name for happening in active] == ["lib.seed", "lib.draw"]
    assert [argument.value for argument in active[0].call.arguments] == [Value(ValueKind.CONSTANT, 299)]


def test_a_method_is_found_at_the_root_of_a_deep_hierarchy() -> None:
    run = run_of(hierarchy(DEPTH))
    assert names_of(run) == ["lib.seed", "lib.draw"]


# Whole scans, in a process of their own that is ended when it hangs


def scan(folder: Path, files: dict[str, str], *codes: str) -> str:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "reprocheck", "scan", str(folder), "--no-cache", "--isolated", "--exit-zero"]
    command += ["--jobs", "1", "-o", "concise", *(["--select", ",".join(codes)] if codes else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HARD_LIMIT, check=False)
    assert done.returncode in {0, 4}, done.stderr
    return done.stdout


def test_a_scan_of_ten_thousand_functions_ends(tmp_path: Path) -> None:
    files = many_functions(10_000)
    files["main.py"] = files["main.py"].replace("import lib", "import random as lib").replace("lib.draw", "lib.random")
    out = scan(tmp_path, files, "RNG001", "RNG003", "DBT009")
    assert "RPC" not in out


def test_dead_branches_of_three_thousand_are_found(tmp_path: Path) -> None:
    lines = ["MODE = 'fast'", "", "def go(x):", "    if MODE == 'slow':", "        a()"]
    for i in range(1, 3000):
        lines += [f"    elif MODE == 'slow{i}':", f"        b({i}, x)"]
    out = scan(tmp_path, {"main.py": "\n".join([*lines, "go(1)", ""])}, "DBT001")
    assert "3000 lines never run" in out
    assert "RPC" not in out
