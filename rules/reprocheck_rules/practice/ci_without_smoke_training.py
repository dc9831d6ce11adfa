"""Continuous integration runs, and nothing in it trains, be it for one step.

## Why
Linters and unit tests pass while the training program doesn't start any more: a renamed option, a missing import in a
branch, a shape that only data brings out. It is noticed when a result is to be reproduced.

## Fix
Let CI start the training program itself on a handful of rows: `python train.py --max-steps 2 --device cpu`, Lightning's
`fast_dev_run`, or a test that calls it.

## Notes
A job counts when it starts a program that trains, runs a pipeline (`dvc repro`, `make train`, `papermill`), or runs
tests of which one trains. Breck et al., *The ML Test Score* (2017), Infra 3.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.facts import Command
from reprocheck_rules.practice.observed import (
    calls_in,
    ci_files,
    commands_of,
    counted,
    gap_at_training,
    listed,
    tested,
    training_runs,
)

rule = Rule("PRJ005", "ci-without-smoke-training", __doc__, severity="note")

_TRAINS = re.compile(
    r"(^|[/_.-])(train|training|fit|finetune|fine_tune|examples?|benchmarks?|smoke|e2e|tutorials?|notebooks?)([/_.:-]|$)",
    re.IGNORECASE,
)
_PIPELINES = re.compile(r"^(papermill|treebeard|nbmake|--nbmake|--nbval|snakemake|kedro|zenml|mlflow|cml|cml-runner)$")
_TESTS = re.compile(r"^(pytest|py\.test|tox|nox|nose2|nosetests|unittest|hatch|test|tests|check)$")
_LEARNS = frozenset(
    {"backward", "fit", "partial_fit", "fit_generator", "train_on_batch", "train_step", "training_step", "train",
     "learn", "optimize", "apply_gradients", "value_and_grad", "minimize", "train_model", "run_training", "main",
     "train_one_epoch", "run_pipeline"}
)  # fmt: skip
_WORD = re.compile(r"[\w.-]+\.py")
_PROGRAMS = re.compile(r"(^|/)[\w.-]*(train|finetune|run_exp)[\w.-]*\.py$")


@rule.on_practice
def check(project: Project) -> Practice:
    """Commands of CI that train, and tests that do where CI runs tests."""
    runs = training_runs(project)
    if not runs:
        return not_applicable("no program that trains")
    files = ci_files(project)
    if not files:
        return not_applicable("no continuous integration, which PRJ004 reports")
    commands = list(commands_of(project, files))
    looked_at = f"{counted(len(commands), 'command')} of {counted(len(files), 'file')} of continuous integration"
    programs = {entry.path.rpartition("/")[2] for entry in runs}
    notes = [Note(c.span, "starts a program that trains", path) for path, c in commands if _starts(c, programs)]
    if any(_TESTS.search(word.rpartition("/")[2]) for _, command in commands for word in command.words) or not commands:
        notes += _training_tests(project, programs)
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    none = (
        f"none of {counted(len(commands), 'command')} starts a program that does" if commands else "it calls no command"
    )
    message = f"continuous integration never trains, not even for a step: {none}"
    return Practice(looked_at=looked_at, gap=gap_at_training(runs, message))


def _starts(command: Command, programs: set[str]) -> bool:
    words = command.words
    if any(word.rpartition("/")[2] in programs for word in words) or any(_PIPELINES.search(word) for word in words):
        return True
    first = words[0].rpartition("/")[2]
    if first in {
        "dvc",
        "make",
        "just",
        "task",
        "poetry",
        "uv",
        "pdm",
        "hatch",
        "bash",
        "sh",
        "python",
        "python3",
        "docker",
    }:
        return any(_TRAINS.search(word) for word in words[1:]) or words[:2] in {("dvc", "repro"), ("dvc", "exp")}
    return _TRAINS.search(first) is not None


class _Trying(NamedTuple):
    """What a file with tests says of training."""

    note: Note
    sure: bool
    """Whether it trains, or starts a program that does by its name."""
    started: tuple[str, ...]
    """Programs that it may start."""


def _training_tests(project: Project, programs: set[str]) -> Iterator[Note]:
    for found in project.of_files(_trying):
        if found.sure or not programs.isdisjoint(found.started):
            yield found.note


def _trying(project: Project, path: str) -> Iterator[_Trying]:
    if not any(tested(project, path)):
        return
    facts = project.index.files[path]
    span = next((call.span for call in calls_in(facts) if call.callee.rpartition(".")[2] in _LEARNS), None)
    if span is not None:
        yield _Trying(Note(span, "a test that trains", path), True, ())
        return
    note = Note(facts.functions[0].span, "a test that starts a program that trains", path)
    sure = any(_PROGRAMS.search(text) for text in facts.strings)
    started = dict.fromkeys(name for text in facts.strings for name in _WORD.findall(text))
    if sure or started:
        yield _Trying(note, sure, tuple(started))


_TRAIN = """
from sklearn.svm import SVC

SVC().fit([[0.0], [1.0]], [0, 1])
"""


def _project(command: str, **others: str) -> dict[str, str]:
    job = f"jobs:\n  test:\n    steps:\n      - run: {command}\n"
    return {
        "train.py": _TRAIN,
        ".github/workflows/ci.yml": job,
        **{k.replace("__", "/") + ".py": v for k, v in others.items()},
    }


rule.flags(_project("ruff check ."))
rule.flags(_project("pytest", tests__test_a="def test_a():\n    assert 1\n"))
rule.flags(_project("mypy src"))
rule.flags(_project("pip install -r requirements.txt"))
rule.flags(_project("docker build ."))
rule.flags({"train.py": _TRAIN, ".gitlab-ci.yml": "lint:\n  script:\n    - flake8\n"})
rule.allows(_project("python train.py --max-steps 2"))
rule.allows(
    _project("pytest", tests__test_a="from sklearn.svm import SVC\n\n\ndef test_a():\n    SVC().fit([[0]], [1])\n")
)
rule.allows(_project("dvc repro"))
rule.allows(_project("make train"))
rule.allows(_project("papermill train.ipynb out.ipynb"))
rule.allows({"train.py": _TRAIN}, title="No continuous integration is another finding")
