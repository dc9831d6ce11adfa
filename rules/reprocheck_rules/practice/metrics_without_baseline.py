"""Models are trained, and nothing compares them with a baseline or with the model before.

## Why
An accuracy of 93 % says nothing where 92 % of the rows have one label. A simpler model is often as good and much
easier to reproduce and keep; only a comparison tells.

## Fix
Train the simplest thing beside it (`sklearn.dummy`, the last value, a linear model) and report both; let CI compare
with the metrics of the main branch (`dvc metrics diff`).

## Notes
Counts dummy estimators, modules, functions and texts that speak of a baseline or benchmark, comparisons of metrics in
commands, and read-me files that report against others. Breck et al., *The ML Test Score* (2017), Model 5.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import (
    at_files,
    counted,
    gap_at_training,
    importers,
    listed,
    that_train,
    training_scripts,
)

rule = Rule("PRJ016", "metrics-not-compared-to-baseline", __doc__, severity="note")

_WORD = re.compile(
    r"baseline|benchmark|champion|challenger|leaderboard|ablation|differential|regression_test"
    r"|compare_?(models?|with|to|predictions|runs|metrics)|(previous|prior|reference)_?(model|predictions|best)"
    r"|dummy_?(classifier|regressor|model)",
    re.IGNORECASE,
)
_COMPARERS = frozenset({"dvc", "mlflow", "cml", "guild"})
_COMPARES = re.compile(r"^(diff|compare|--compare|show)$")
_LIBRARIES = ("sklearn.dummy", "mlflow.models.evaluation", "autorank", "baycomp", "evaluate", "torchbench", "lm_eval")


@rule.on_practice
def check(project: Project) -> Practice:
    """Signs of a comparison, in names, texts, commands and read-me files."""
    runs = training_scripts(project)
    if not runs:
        return not_applicable("no program that trains, but for notebooks")
    index = project.index
    notes = importers(project, _LIBRARIES)
    notes += at_files(sorted(path for path in index.paths if _WORD.search(path)), "is named for a comparison")
    notes += project.of_files(_spoken)
    notes += project.of_documents(_compared)
    notes += project.of_documents(_reported)
    looked_at = f"{that_train(runs)}, and all names, texts and commands of the project"
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    message = f"nothing compares what {counted(len(runs), 'program')} trained with a baseline or with the model before"
    return Practice(looked_at=looked_at, gap=gap_at_training(runs, message))


def _spoken(project: Project, path: str) -> Iterator[Note]:
    facts = project.index.files[path]
    function = next((function for function in facts.functions if _WORD.search(function.name)), None)
    if function is not None:
        yield Note(function.span, f"`{function.name}` is named for a comparison", path)
    elif any(_WORD.search(text) for text in facts.strings) or any(_WORD.search(name) for name in facts.names):
        yield Note(WHOLE_FILE, "speaks of a baseline or benchmark", path)


def _compared(project: Project, path: str) -> Iterator[Note]:
    for command in project.index.documents[path].commands:
        compares = command.words[0] in _COMPARERS and any(_COMPARES.match(word) for word in command.words)
        if compares:
            yield Note(command.span, "compares metrics", path)


def _reported(project: Project, path: str) -> Iterator[Note]:
    document = project.index.documents[path]
    if document.kind == "readme" and any(not topic.startswith("licen") for topic in document.topics):
        yield Note(WHOLE_FILE, "reports against a baseline or benchmark", path)


_NET = """
import torch

model = torch.nn.Linear(3, 1)
loss = model(torch.ones(2, 3)).sum()
loss.backward()
print("loss", loss)
"""
_FOREST = "from sklearn.svm import SVC\n\nprint(SVC().fit([[0.0], [1.0]], [0, 1]).score([[0.0]], [0]))\n"

rule.flags({"train.py": _NET})
rule.flags({"train.py": _FOREST})
rule.flags({"train.py": _NET, "README.md": "# Net\n\nReaches 93 %.\n"})
rule.flags({"train.py": _NET, "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    metrics: [m.json]\n"})
rule.flags({"train.py": _FOREST, "tests/test_train.py": "def test_a():\n    assert 1\n"})
rule.flags({"a.py": _NET, "b.py": _NET, "params.yaml": "lr: 0.1\n"})
rule.allows({"train.py": "from sklearn.dummy import DummyClassifier\n" + _FOREST})
rule.allows({"train.py": _NET, "baseline.py": "print('mean')\n"})
rule.allows({"train.py": _NET + "\n\ndef train_baseline():\n    pass\n"})
rule.allows({"train.py": _NET, "README.md": "# Net\n\n| baseline | 91 % |\n| net | 93 % |\n"})
rule.allows(
    {"train.py": _NET, ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: dvc metrics diff main\n"}
)
rule.allows({"show.py": "print(1)\n"}, title="Nothing is trained")
