"""The project has no tests.

## Why
Data that is shifted by one row, a mask that is inverted, a metric over the wrong axis: training runs through all of
these and ends with numbers. Who changes the code later has nothing but those numbers to compare with.

## Fix
Start with what is cheap and catches most: the shape of a batch, one step that lowers the loss on one batch, a transform
that is undone by its inverse. `pytest` finds `tests/test_*.py` without configuration.

## Notes
A test is a function or class named for it in a file named for it, or a doctest that CI runs. Projects of notebooks
alone are not asked for tests.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import (
    ci_files,
    commands_of,
    counted,
    gap_at_root,
    importers,
    is_source,
    listed,
    tests,
)

rule = Rule("PRJ002", "no-tests", __doc__, severity="note")

_RUNNERS = re.compile(
    r"^(pytest|py\.test|nosetests|nose2|nbval|nbmake|papermill|treebeard)$|--nbval|--nbmake|--doctest"
)
_FEW = 2


@rule.on_practice
def check(project: Project) -> Practice:
    """Files with tests, and commands that run notebooks or examples as such."""
    modules = sum(project.of_files(_defining))
    found = tests(project)
    if not modules and not found:
        return not_applicable("no module that defines anything")
    cases = sum(each.cases for each in found)
    looked_at = f"{counted(modules, 'module')} and {counted(len(found), 'file')} with {counted(cases, 'test')}"
    notes = [Note(each.first, "holds tests", each.path) for each in found]
    notes += [
        Note(command.span, "runs tests", path)
        for path, command in commands_of(project, ci_files(project))
        if any(_RUNNERS.search(word) for word in command.words)
    ]
    notes += importers(project, ("doctest", "unittest", "hypothesis"))
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    message = f"no Python file of this project holds a test: {counted(modules, 'module')} with nothing that checks them"
    return Practice(looked_at=looked_at, gap=gap_at_root(project, message))


def _defining(project: Project, path: str) -> Iterator[int]:
    """One for a module that defines something."""
    if is_source(path):
        facts = project.index.files[path]
        if len(facts.functions) > 1 or facts.classes:
            yield 1


_MODULE = """
import torch


def loss(a, b):
    return ((a - b) ** 2).mean()
"""

rule.flags({"model.py": _MODULE})
rule.flags(
    {"net/__init__.py": "", "net/model.py": _MODULE, "setup.py": "from setuptools import setup\nsetup(name='net')\n"}
)
rule.flags({"model.py": _MODULE, "tests/__init__.py": ""}, title="An empty folder of tests")
rule.flags(
    {"model.py": _MODULE, "test.py": "from model import loss\nprint(loss(1, 2))\n"}, title="Evaluates on a test set"
)
rule.flags({"model.py": _MODULE, "tests/data.py": "def rows():\n    return [1]\n"}, title="Only what tests would need")
rule.flags({"model.py": _MODULE, ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: ruff check .\n"})
rule.allows({"model.py": _MODULE, "tests/test_model.py": "def test_loss():\n    assert True\n"})
rule.allows({"model.py": _MODULE, "test_model.py": "def test_loss():\n    assert True\n"}, title="Beside the code")
rule.allows(
    {
        "model.py": _MODULE,
        "net/model_test.py": "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n",
    }
)
rule.allows({"model.py": _MODULE, "test/engine.py": "def test_sum():\n    assert 1 + 1 == 2\n"}, title="Another folder")
rule.allows(
    {"model.py": _MODULE, ".gitlab-ci.yml": "test:\n  script:\n    - pytest --doctest-modules\n"}, title="Doctests"
)
rule.allows({"settings.py": "RATE = 0.1\n"}, title="Nothing to test")
