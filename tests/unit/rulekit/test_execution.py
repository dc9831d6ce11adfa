"""What a run of a program is made of: order, conditions, callbacks, and what is sure of each call."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import Catalog, Project
from reprocheck.rulekit.catalog import read_catalog_file
from reprocheck.rulekit.execution import Happening, Run

CATALOG = """
"lib.seed" = { roles = ["seeder"], family = "python", arguments = ["seed"], seed_argument = "seed" }
"lib.draw" = { roles = ["draw"], family = "python" }
"lib.fit" = { roles = ["trains", "runs-callbacks"] }
"lib.keep" = { roles = ["draw"], family = "python" }
"lib.flags.exact=" = { roles = ["determinism-flag"] }
"?.backward" = { roles = ["trains"] }
"""


def run_of(files: dict[str, str], path: str = "train.py") -> Run:
    texts = {name: dedent(text).lstrip("\n") for name, text in files.items()}
    facts = {name: extract(PythonFile(SourceText(name, text), ast.parse(text), ())) for name, text in texts.items()}
    project = Project(ProjectIndex(facts, paths=texts), Catalog([read_catalog_file(CATALOG, "catalog.toml")]))
    (run,) = [run for run in project.runs if run.entry.path == path]
    return run


def happenings(text: str, **files: str) -> list[Happening]:
    return run_of({"train.py": text, **{f"{name}.py": code for name, code in files.items()}}).happenings


def test_calls_come_in_the_order_of_execution_not_of_lines() -> None:
    found = happenings(
        """
        import lib

        def later():
            lib.draw()

        lib.seed(1)
        later()
        """
    )
    assert [h.name for h in found] == ["lib.seed", "lib.draw"]
    assert [hop.name.lstrip(".") for hop in found[1].hops] == ["later"]


def test_an_import_runs_a_module_once() -> None:
    found = happenings("import lib\nimport a\nimport b\nlib.seed(1)\n", a="import b\n", b="import lib\nlib.draw()\n")
    assert [(h.path, h.name) for h in found] == [("b.py", "lib.draw"), ("train.py", "lib.seed")]


def test_a_setting_of_another_library_is_a_call() -> None:
    (found,) = happenings("import lib\nlib.flags.exact = True\n")
    assert found.name == "lib.flags.exact="


@pytest.mark.parametrize(
    ("condition", "active", "certain"),
    [
        ("args.seed is not None", False, True),
        ("args.seed is None", True, True),
        ("unknown()", True, False),
    ],
)
def test_a_condition_is_decided_by_the_defaults(condition: str, active: bool, certain: bool) -> None:
    (found,) = happenings(
        f"""
        import argparse
        import lib

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int)
        args = parser.parse_args()
        if {condition}:
            lib.seed(args.seed)
        """
    )
    assert (found.active, found.certain) == (active, certain)
    assert (found.guard is None) is (active and certain)


def test_what_stands_behind_a_return_that_is_always_taken_never_runs() -> None:
    found = happenings(
        """
        import lib

        FAST = True

        def work():
            lib.seed(1)
            if FAST:
                return
            lib.draw()

        work()
        """
    )
    assert [(h.name, h.active) for h in found] == [("lib.seed", True), ("lib.draw", False)]


def test_arguments_decide_the_conditions_of_a_function() -> None:
    found = happenings(
        """
        import lib

        def work(seed=None):
            if seed is not None:
                lib.seed(seed)

        work()
        work(3)
        """
    )
    assert [h.active for h in found] == [False, True]


def test_methods_of_built_objects_and_their_bases_are_followed() -> None:
    found = happenings(
        """
        import lib

        class Base:
            def __init__(self):
                lib.seed(1)

            def go(self):
                self.step()

        class Task(Base):
            def step(self):
                lib.draw()

        Task().go()
        """
    )
    assert [h.name for h in found] == ["lib.seed", "lib.draw"]
    assert all(h.certain for h in found)


def test_a_method_of_something_unknown_is_a_guess() -> None:
    (found,) = happenings("import lib\n\ndef go(loss):\n    loss.backward()\n\ngo(lib.other())\n")
    assert found.name == "?.backward"
    assert not found.certain


def test_a_function_that_is_handed_over_is_a_callback_unless_the_receiver_is_known_to_call_it() -> None:
    text = "import lib\n\ndef hook():\n    lib.draw()\n\nlib.{}(hook)\n"
    assert [h.callback for h in happenings(text.format("keep")) if h.name == "lib.draw"] == [True]
    assert [h.callback for h in happenings(text.format("fit")) if h.name == "lib.draw"] == [False]


def test_functions_that_nothing_calls_do_not_run() -> None:
    assert happenings("import lib\n\ndef never():\n    lib.draw()\n\nlib.seed(1)\n")[0].name == "lib.seed"
    assert len(happenings("import lib\n\ndef never():\n    lib.draw()\n\nlib.seed(1)\n")) == 1


def test_the_main_part_of_an_imported_module_does_not_run() -> None:
    found = happenings(
        "import lib\nimport a\nlib.seed(1)\n", a="import lib\nif __name__ == '__main__':\n    lib.draw()\n"
    )
    assert [h.name for h in found] == ["lib.seed"]


def test_a_whole_run_says_so() -> None:
    assert run_of({"train.py": "import lib\nlib.seed(1)\n"}).complete


def test_a_chain_of_calls_that_is_not_followed_to_its_end_is_said_to_be_incomplete() -> None:
    chain = "".join(f"def f{number}():\n    f{number + 1}()\n\n" for number in range(70))
    code = f"import lib\n\n{chain}def f70():\n    lib.seed(1)\n\nf0()\n"
    run = run_of({"train.py": code})
    assert run.happenings == []
    assert not run.complete


@pytest.mark.parametrize(
    ("path", "name", "drawn"),
    [("model.py", "prepare", 1), ("tests/test_model.py", "prepare", 0), ("model.py", "replace", 0)],
)
def test_a_method_of_something_unknown_is_no_test_s_and_none_of_python_s_own(path: str, name: str, drawn: int) -> None:
    method = f"""
    import lib

    class Net:
        def {name}(self):
            lib.draw()
    """
    run = run_of({"train.py": f"import other\n\ndef go(net):\n    net.{name}()\n\ngo(other.net())\n", path: method})
    assert len([h for h in run.happenings if h.name == "lib.draw"]) == drawn


@pytest.mark.parametrize(
    ("call", "drawn"),
    [
        ("lib.keep(Batch())", 1),
        ("list(enumerate(Batch()))", 0),
        ("lib.keep(drawing)", 1),
        ("list(map(drawing, []))", 1),
        ("inspect.signature(drawing)", 0),
    ],
)
def test_who_only_looks_at_what_it_is_given_calls_none_of_it(call: str, drawn: int) -> None:
    text = f"""
    import inspect
    import lib

    class Batch:
        def split(self):
            lib.draw()

    def drawing():
        lib.draw()

    {call}
    """
    assert len([h for h in happenings(text) if h.name == "lib.draw"]) == drawn
