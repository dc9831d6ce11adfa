"""A model is saved alone: nothing beside it says which data, settings and metrics it belongs to.

## Why
A file of weights can't be asked. Before it is served somebody must know what it was trained on, how good it was, and
whether it may replace the one that is there.

## Fix
Log it to a registry (`mlflow.sklearn.log_model(..., registered_model_name=...)`, W&B artifacts, DVC), or write a file
beside it with the data's version, the settings and the metrics.

## Notes
Low confidence, since such a file may be written elsewhere. One finding per program that trains. Silent are runs with a
tracker, checkpoints that hold more than weights, programs that write settings or metrics to a file, and stages of DVC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.artifacts import Edge, NodeKind, artifact_graph
from reprocheck.rulekit.execution import Run
from reprocheck_rules.experiments.lasting_records import keeps_record, kept_outside
from reprocheck_rules.practice.observed import subject_of, training_runs
from reprocheck_rules.randomness.seeding import trains

rule = Rule("ART007", "no-model-registry-metadata", __doc__, confidence="low")

_SHOWS = re.compile(
    r"(^|/)(tests?|testing|docs?|tutorials?|benchmarks?)/|(^|/)(test_\w*|demo\w*|benchmark\w*)\.(py|ipynb)$"
)
_REGISTRIES = re.compile(
    r"^(mlflow|wandb|neptune|comet_ml|clearml|dvc|dvclive|sagemaker|zenml|bentoml|huggingface_hub)\b"
)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every program that trains and writes a model."""
    graph = artifact_graph(project)
    models = {node.id for node in graph.nodes if node.kind is NodeKind.MODEL}
    written: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.writes and edge.artifact in models:
            written.setdefault(edge.program, []).append(edge)
    for entry in training_runs(project):
        path = entry.path
        edges = written.get(path, [])
        if not edges or any(edge.declared for edge in edges) or _SHOWS.search(path):
            continue
        if (
            subject_of(entry) not in project.once(_unrecorded)
            or kept_outside(project, path)
            or _registers(project, path)
        ):
            continue
        edge = edges[0]
        name = edge.artifact if not edge.artifact.startswith("?") else edge.uses[0].expression
        message = f"`{name}` is saved without the data's version, settings or metrics beside it"
        trail = [project.note(path, entry.span, "trains it")]
        yield project.match(edge.uses[0].path, edge.uses[0].span, message, trail=trail)


def _unrecorded(project: Project) -> frozenset[tuple[str, str, int]]:
    """Programs that train and keep no record by themselves."""
    return frozenset(project.of_runs(_of_run))


def _of_run(project: Project, run: Run) -> Iterator[tuple[str, str, int]]:
    if trains(run) and not keeps_record(project, run):
        yield subject_of(run.entry)


def _registers(project: Project, path: str) -> bool:
    """Whether the program uses something that keeps models with what they belong to."""
    reached = project.index.reached([path])
    return any(any(project.of_file(_uses_registry, found)) for found in reached if found in project.index.files)


def _uses_registry(project: Project, path: str) -> Iterator[bool]:
    yield any(_REGISTRIES.match(target) for target in project.index.files[path].imports.values())


_FIT = """
import joblib
import pandas as pd
from sklearn.svm import SVC

table = pd.read_csv("train.csv")
model = SVC().fit(table[["x"]], table["y"])
"""
_NET = """
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(torch.ones(2, 3)).sum().backward()
optimizer.step()
"""
_MARK = "  # expect: ART007"

rule.flags({"train.py": _FIT + f'joblib.dump(model, "model.joblib"){_MARK}\n'}, title="An estimator")
rule.flags({"train.py": _NET + f'torch.save(model.state_dict(), "model.pt"){_MARK}\n'}, title="Weights")
rule.flags({"train.py": _NET + f'torch.save(model, "model.pth"){_MARK}\n'}, title="A whole model")
rule.flags(
    {
        "train.py": "import pickle\n"
        + _FIT
        + f'with open("svc.pkl", "wb") as file:{_MARK}\n    pickle.dump(model, file)\n'
    },
    title="Pickled",
)
rule.flags(
    {
        "train.py": "from store import keep\n" + _NET + "keep(model)\n",
        "store.py": f'import torch\n\ndef keep(model):\n    torch.save(model.state_dict(), "weights/a.pt"){_MARK}\n',
    },
    title="In another module",
)
rule.flags({"train.py": _FIT + f'joblib.dump({{"model": model}}, "model.joblib"){_MARK}\n'}, title="In a dictionary")
rule.allows({"train.py": "import mlflow\n" + _FIT + 'joblib.dump(model, "model.joblib")\n'}, title="With a tracker")
rule.allows(
    {"train.py": _NET + 'torch.save({"model": model.state_dict(), "config": {}, "loss": 0.1}, "model.pt")\n'},
    title="With what belongs to it",
)
rule.allows(
    {"train.py": "import json\n" + _FIT + 'joblib.dump(model, "m.joblib")\njson.dump({}, open("metrics.json", "w"))\n'},
    title="Metrics beside it",
)
rule.allows(
    {
        "train.py": _FIT + 'joblib.dump(model, "model.joblib")\n',
        "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    deps: [train.py]\n    outs: [model.joblib]\n",
    },
    title="A stage of DVC",
)
rule.allows({"convert.py": 'import torch\n\ntorch.save(torch.load("a.pt"), "b.pt")\n'}, title="Nothing is trained")
rule.allows({"train.py": _FIT + "print(model)\n"}, title="Nothing is saved")
