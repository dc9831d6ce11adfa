"""A program trains, and neither its settings nor its metrics go to anything that lasts.

## Why
What the terminal showed is gone with the window. A week later nobody can say what accuracy the saved weights had, with
which learning rate, or whether the run before was better: the experiment has to be done again.

## Fix
`mlflow.autolog()`, `wandb.init(config=...)`, `SummaryWriter` or DVCLive; without any of them, a line of JSON for each
run does:

    with open("runs.jsonl", "a") as file:
        json.dump({**vars(args), "accuracy": accuracy}, file)

## Notes
One finding per program. Counted as lasting is whatever the program or a module that it imports does to keep something:
trackers, TensorBoard, loggers with a file, tables, figures, checkpoints that hold metrics or settings, frameworks that
keep records by themselves, commands that send the output to a file, stages of DVC. Notebooks keep their outputs and
are passed over, and so are tests, demonstrations of a package, and main parts that try out their module. PRJ009 says
the same of the project as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.experiments.lasting_records import keeps_record, kept_outside
from reprocheck_rules.practice.observed import subject_of, training_scripts
from reprocheck_rules.randomness.gradient_trials import trains_by
from reprocheck_rules.randomness.seeding import story, trains

rule = Rule("EXP002", "untracked-training-run", __doc__, confidence="medium")

_SHOWS = re.compile(
    r"(^|/)(tests?|testing|docs?|tutorials?|benchmarks?)/|(^|/)(test\w*|demo\w*|example\w*|bench\w*|profile\w*)\.py$"
)


_TRAINS = re.compile(r"(^|/)[^/]*(train|fit|main|run|learn|pretrain|finetune)[^/]*$")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every program that trains."""
    programs = set(map(subject_of, training_scripts(project)))
    seen: set[tuple[str, object]] = set()
    for found in project.of_runs(_of_run):
        match = found.match
        if found.program not in programs or kept_outside(project, found.program[0]):
            continue
        if (match.path, match.span) not in seen:
            seen.add((match.path, match.span))
            yield match


class _Untracked(NamedTuple):
    """A run that keeps nothing by itself."""

    program: tuple[str, str, int]
    match: Match


def _of_run(project: Project, run: Run) -> Iterator[_Untracked]:
    entry = run.entry
    if entry.kind == "notebook" or not trains(run) or _SHOWS.search(entry.path) or keeps_record(project, run):
        return
    every = [h for h in run.happenings if trains_by(run, h) and not h.call.callee.startswith("scipy.")]
    if every and not _checks_itself(project, run, every):
        training = min(every, key=lambda h: (_may_prepare(project, h), len(h.hops)))
        yield _Untracked(subject_of(entry), _match(project, run, training))


def _may_prepare(project: Project, happening: Happening) -> tuple[bool, bool]:
    """Whether a `fit` is that of a transformer, and whether what it is a method of isn't known."""
    return "transformer" in happening.entry.roles, happening.name not in project.catalog.names


def _checks_itself(project: Project, run: Run, trainings: list[Happening]) -> bool:
    """Whether a main part only tries out its module, or the file is a piece that something else runs."""
    facts = project.index.files[run.entry.path]
    if run.entry.kind == "step" or (not facts.imports and not facts.stars):
        return True  # the tool that runs a step keeps what it is given and what it returns
    if run.entry.kind != "main":
        return False
    tries = bool(facts.classes) and all(h.path == run.entry.path and not h.hops for h in trainings)
    return run.entry.imported or (tries and not _TRAINS.search(run.entry.path))


def _match(project: Project, run: Run, training: Happening) -> Match:
    saved = next((h for h in run.happenings if h.active and "saves-checkpoint" in h.entry.roles), None)
    kept = "only the weights outlast it" if saved is not None else "nothing of it lasts"
    message = f"this run keeps neither its settings nor its metrics: {kept}"
    trail = [*story(project, run, training, "trains")]
    if saved is not None:
        trail.append(project.note(saved.path, saved.call.span, "saves the weights"))
    confidence = Confidence.MEDIUM if run.complete else Confidence.LOW
    return project.match(training.path, training.call.span, message, confidence=confidence, trail=trail)


_NET = """
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    loss = model(torch.ones(2, 3)).sum()
    loss.backward(){mark}
    optimizer.step()
    print(epoch, loss.item())
"""
_MARK = "  # expect: EXP002"
_SVM = """
import pandas as pd
from sklearn.svm import SVC

table = pd.read_csv("train.csv")
model = SVC(C=3)
model.fit(table[["x"]], table["y"]){mark}
print(model.score(table[["x"]], table["y"]))
"""

rule.flags({"train.py": _NET.format(mark=_MARK)}, title="Prints")
rule.flags({"fit.py": _SVM.format(mark=_MARK)}, title="An estimator")
rule.flags(
    {"train.py": _NET.format(mark=_MARK) + 'torch.save(model.state_dict(), "weights.pth")\n'}, title="Weights alone"
)
rule.flags({"train.py": "import logging\n\nlogging.basicConfig(level=logging.INFO)\n" + _NET.format(mark=_MARK)})
rule.flags(
    {
        "main.py": "from engine import fit\n\nif __name__ == '__main__':\n    fit(0.1)\n",
        "engine.py": """
        import torch

        def fit(rate):
            model = torch.nn.Linear(3, 1)
            optimizer = torch.optim.Adam(model.parameters(), lr=rate)
            loss = model(torch.ones(2, 3)).sum()
            loss.backward()  # expect: EXP002
            optimizer.step()
            return model
        """,
    },
    title="In another module",
)
rule.flags(
    {
        "tracked.py": "import wandb\n" + _NET.format(mark="") + "wandb.log({'loss': loss.item()})\n",
        "quick.py": _SVM.format(mark=_MARK),
    },
    title="One of two",
)
rule.allows({"train.py": "import mlflow\n\nmlflow.autolog()\n" + _SVM.format(mark="")}, title="MLflow")
rule.allows(
    {
        "train.py": "from torch.utils.tensorboard import SummaryWriter\n\nwriter = SummaryWriter()\n"
        + _NET.format(mark="")
        + "writer.add_scalar('loss', loss.item())\n"
    },
    title="TensorBoard",
)
rule.allows(
    {"train.py": _NET.format(mark="") + 'open("metrics.json", "w").write(str(loss.item()))\n'},
    title="A file of metrics",
)
rule.allows(
    {
        "train.py": "from settings import hp\n"
        + _NET.format(mark="")
        + 'with open(hp.train.log_file, "w") as f:\n    f.write(str(loss.item()))\n',
        "settings.py": "hp = load()\n",
    },
    title="A log that a setting names",
)
rule.allows(
    {"train.py": _NET.format(mark="") + 'with open(out + "/res.res", "a") as f:\n    f.write(str(loss.item()))\n'},
    title="A file that goes on from run to run",
)
rule.flags(
    {
        "train.py": "from settings import hp\n" + _NET.format(mark="  # expect: EXP002") + "rows = open(hp.log_file)\n",
        "settings.py": "hp = load()\n",
    },
    title="A log that is read",
)
rule.allows(
    {
        "train.py": _NET.format(mark="")
        + 'torch.save({"model": model.state_dict(), "loss": loss, "lr": 0.1}, "last.pt")\n'
    },
    title="A checkpoint with the loss",
)
rule.allows(
    {
        "train.py": "from log import keep\n" + _NET.format(mark="") + "keep(loss.item())\n",
        "log.py": 'import csv\n\ndef keep(value):\n    csv.writer(open("out.csv", "a")).writerow([value])\n',
    },
    title="A module that writes rows",
)
rule.allows({"train.py": _NET.format(mark=""), "run.sh": "python train.py | tee out/train.txt\n"}, title="Output kept")
rule.allows({"tests/test_fit.py": _SVM.format(mark="")}, title="A test")
rule.allows(
    {
        "train.py": _SVM.format(mark="")
        + "import json\nimport boto3\n\nbody = json.dumps({'score': model.score(X, y)})\n"
        + "boto3.client('s3').put_object(Bucket=bucket, Key=f'{folder}/scores.json', Body=body)\n",
        "tune.py": _SVM.format(mark="")
        + "import json\nimport boto3\n\n"
        + "boto3.client('s3').put_object(Bucket=bucket, Key=KEY, Body=json.dumps({'score': 1}).encode())\n",
    },
    title="Scores in an object store",
)
rule.allows(
    """
    from kfp import dsl

    @dsl.component(packages_to_install=["scikit-learn==1.5.2"])
    def train(rows: str) -> float:
        from sklearn.svm import SVC

        model = SVC().fit(*load(rows))
        return model.score(*load("test"))
    """,
    title="A component, whose results Kubeflow keeps",
)
rule.allows(
    {
        "look.py": """
        import jax
        import tensorflow as tf
        import torch

        print(jax.value_and_grad(lambda w: (w * w).sum())(jax.numpy.ones(3)))
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        print(tape.gradient(y, x))
        z = torch.ones(2, requires_grad=True)
        print(torch.autograd.grad((z * z).sum(), z))
        """
    },
    title="Gradients to be looked at",
)
_BY_HAND = """
import jax
import jax.numpy as jnp

step = {made}
w = jnp.ones(3)
for turn in range(10):
    w = w - 0.1 * step(w)
print(w)
"""
rule.flags({"fit.py": _BY_HAND.format(made="jax.jit(jax.grad(jnp.sum))  # expect: EXP002")}, title="Steps by hand")
rule.flags(
    {"fit.py": _BY_HAND.format(made="jax.grad(jnp.sum)  # expect: EXP002")},
    title="Steps by hand, not compiled",
)
rule.flags(
    """
    import keras
    import pandas as pd
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv("prices.csv")
    scaler = StandardScaler()
    scaler = scaler.fit(table[["x"]])
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(scaler.transform(table[["x"]]), table["y"])  # expect: EXP002
    """,
    file="forecast.py",
    title="What learns is the model, not what prepares its data",
)
_CALLED_BACK = """
import keras
from {package}.callbacks import {name}

model = keras.Sequential([keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(rows, labels, callbacks=[{name}()]){mark}
"""
rule.allows(
    {"train.py": _CALLED_BACK.format(package="football.models", name="Watch", mark="")},
    title="Callbacks of somebody else's package",
)
rule.flags(
    {"train.py": _CALLED_BACK.format(package="keras", name="EarlyStopping", mark=_MARK)},
    title="A callback that keeps nothing",
)
