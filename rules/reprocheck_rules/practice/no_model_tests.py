"""There are tests, and none of them touches a model.

## Why
Tests of loaders and helpers stay green while the model learns nothing. The mistakes that cost weeks are cheap to
catch: a wrong shape, a loss that is not finite, a layer without gradient, one batch that can't be learnt by heart.

## Fix
One test that builds the model as training does, runs one batch forward and backward on a CPU, and asserts the shape
of the output, a finite loss, and a gradient in each parameter. A second one that trains on one batch until its loss
has halved.

## Notes
A test touches a model when its file imports the framework or a module of the project that defines or trains one. Breck
et al., *The ML Test Score* (2017), Infra 2 and Model 3.
"""

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.facts import FileFacts
from reprocheck_rules.practice.observed import (
    FRAMEWORKS,
    calls_in,
    counted,
    gap_at_root,
    importers,
    is_source,
    listed,
    tested,
    training_runs,
)

rule = Rule("PRJ003", "no-model-tests", __doc__, severity="note")

_BASES = (
    "Module",
    "Model",
    "LightningModule",
    "Layer",
    "BaseEstimator",
    "ClassifierMixin",
    "RegressorMixin",
    "PreTrainedModel",
)
_LEARNS = frozenset({"backward", "fit", "step", "train_step", "training_step", "zero_grad", "train", "apply_gradients"})
_PREDICTS = frozenset({"predict", "predict_proba", "forward", "backward", "fit", "make_prediction"})
_PROGRAMS = (".py", ".ipynb")
_FINITE = frozenset({"isfinite", "isnan", "isinf", "assert_allclose", "assert_close", "allclose"})


@rule.on_practice
def check(project: Project) -> Practice:
    """Test files that reach a model, by what they check of it."""
    models = {*project.of_files(_defines_model), *(run.path for run in training_runs(project))}
    if not models:
        return not_applicable("no model is defined or trained")
    files = list(project.of_files(_told))
    if not files:
        return not_applicable("no tests at all, which PRJ002 reports")
    direct = {note.path for note in importers(project, FRAMEWORKS)}
    names = {model.rpartition("/")[2] for model in models}
    touching = [each for each in files if each.note.path in direct or _reaches(project, each, models, names)]
    looked_at = f"{counted(len(files), 'file')} with tests, {len(touching)} of which touch a model"
    if touching:
        notes = sorted((each.note for each in touching), key=lambda note: (-len(note.message), note.path))
        return Practice(looked_at=looked_at, found=listed(notes))
    message = f"{counted(len(files), 'file')} with tests, and none builds or trains one of the models"
    return Practice(looked_at=looked_at, gap=gap_at_root(project, message))


def _defines_model(project: Project, path: str) -> Iterator[str]:
    if not is_source(path):
        return
    classes = project.index.files[path].classes
    if any(base.rpartition(".")[2] in _BASES for class_ in classes for base in class_.bases):
        yield path


class _Told(NamedTuple):
    """What a file with tests says."""

    note: Note
    predicts: bool
    """Whether it asks or trains something, as far as names say."""
    programs: str
    """Texts that may name programs."""


def _told(project: Project, path: str) -> Iterator[_Told]:
    for test in tested(project, path):
        facts = project.index.files[path]
        names = {call.callee.rpartition(".")[2] for call in calls_in(facts)}
        programs = " ".join(text for text in facts.strings if any(end in text for end in _PROGRAMS))
        yield _Told(Note(test.first, _said(facts, names), path), not _PREDICTS.isdisjoint(names), programs)


def _said(facts: FileFacts, names: set[str]) -> str:
    checks = [
        text
        for text, present in (
            ("shapes", "shape" in facts.attributes or "size" in names),
            ("values", bool(names & _FINITE)),
            ("a training step", bool(names & _LEARNS)),
        )
        if present
    ]
    return f"tests a model: {', '.join(checks)}" if checks else "tests with a model"


def _reaches(project: Project, told: _Told, models: set[str], names: set[str]) -> bool:
    """Whether a test imports a model's module, or starts a program by its name."""
    if told.predicts or (told.programs and any(name in told.programs for name in names)):
        return True
    path = told.note.path
    reached = project.index.reached([path]) - {path}
    return not reached.isdisjoint(models) or any("model" in each.rpartition("/")[2] for each in reached)


_MODEL = """
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        return x
"""
_OTHER = "def rows(text):\n    return text.splitlines()\n"
_TEST = "from rows import rows\n\n\ndef test_rows():\n    assert rows('a') == ['a']\n"

rule.flags({"net.py": _MODEL, "rows.py": _OTHER, "tests/test_rows.py": _TEST})
rule.flags({"net.py": _MODEL, "tests/test_settings.py": "def test_default():\n    assert 1\n"})
rule.flags({"train.py": "from sklearn.svm import SVC\n\nSVC().fit(x, y)\n", "rows.py": _OTHER, "test_rows.py": _TEST})
rule.flags(
    {"net.py": "import keras\n\n\nclass Net(keras.Model):\n    pass\n", "rows.py": _OTHER, "test_rows.py": _TEST}
)
rule.flags({"net.py": _MODEL, "rows.py": _OTHER, "tests/rows_test.py": _TEST})
rule.flags(
    {
        "net.py": "import lightning as L\n\n\nclass Net(L.LightningModule):\n    pass\n",
        "tests/test_files.py": "import os\n\n\ndef test_readme():\n    assert os.path.exists('README.md')\n",
    }
)
rule.allows(
    {"net.py": _MODEL, "tests/test_net.py": "from net import Net\n\n\ndef test_shape():\n    assert Net()(1) == 1\n"}
)
rule.allows(
    {"net.py": _MODEL, "tests/test_net.py": "import torch\n\n\ndef test_shape():\n    assert torch.ones(1).shape\n"}
)
rule.allows(
    {
        "net.py": _MODEL,
        "build.py": "from net import Net\n\n\ndef build():\n    return Net()\n",
        "tests/test_build.py": "from build import build\n\n\ndef test_build():\n    assert build()\n",
    },
    title="Through another module",
)
rule.allows(
    {
        "train.py": "from sklearn.svm import SVC\n\nSVC().fit(x, y)\n",
        "tests/test_train.py": "import subprocess\n\n\ndef test_train():\n    subprocess.run(['python', 'train.py'])\n",
    },
    title="Starts the program",
)
rule.allows({"net.py": _MODEL}, title="No tests at all is another finding")
rule.allows({"rows.py": _OTHER, "test_rows.py": _TEST}, title="No model")
