"""A tracker keeps the metrics of a run and not the configuration that gave them, or one that changes afterwards.

## Why
A curve without its settings can't be told from the next one: which of them had the larger batch? A configuration that
is stored and then changed is worse, because it is believed.

## Fix
Hand everything over at the start: `wandb.init(config=vars(args))`, `mlflow.log_params(vars(args))`,
`writer.add_hparams(...)`, or write the settings to a file beside the logs. Change settings before that line only.

## Notes
Counts as recorded: arguments of the tracker, its calls for parameters, autologging, Hydra, files of JSON or YAML that
get the settings, and settings added as text. TensorBoard and CSV loggers alone give low confidence: they are often used
beside a file of settings that can't be followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call, ValueKind
from reprocheck_rules.experiments.recorded_configuration import recorded
from reprocheck_rules.practice.observed import calls_in
from reprocheck_rules.randomness.seeding import story, trains

rule = Rule("EXP003", "config-not-recorded", __doc__, confidence="medium")

_STARTS = re.compile(
    r"^(wandb\.init|mlflow\.start_run|comet_ml\.(Experiment|start)|neptune\.init(_run)?|aim\.Run|dvclive\.Live|swanlab\.init"
    r"|trackio\.init|torch\.utils\.tensorboard\.SummaryWriter|tensorflow\.summary\.(create_file_writer|FileWriter)"
    r"|accelerate\.Accelerator\.init_trackers|\?\.init_trackers)$"
)
_PLAIN = re.compile(r"SummaryWriter|summary\.")
_RECORDS = re.compile(
    r"(log_params?|log_parameters?|log_hyper\w*|log_config\w*|add_hparams|save_hyperparameters|set_tags?|config\.update"
    r"|log_dict|log_artifacts?|autolog|connect|connect_configuration|add_text|log_text|hparams|save_config|dump_config"
    r"|save_args|write_config|save_params|log_args|track_config|pprint_config|pformat)$|config=$|^wandb\.config\.|\.parameters?=$"
)
_GETS = re.compile(r"^wandb\.(agent|sweep)$|(xgboost|lightgbm|fastai|catboost|transformers)[\w.]*\.Wandb\w*$")
"""What brings the settings with it: a sweep, and callbacks that record those of their library."""
_FRAMEWORKS = ("hydra", "sacred", "kedro", "zenml", "metaflow", "tyro")
_SETTINGS = re.compile(
    r"(^|\.)(parse_args\(\)|args|arg|opts?|cfg|config|conf|hparams?|hps|params|flags|FLAGS|settings|vars\(\)|to_container\(\)"
    r"|__dict__|asdict\(\)|to_dict\(\))"
)
_WRITES = re.compile(r"(^|\.)(dump|safe_dump|write|write_text|dumps|save|to_yaml|to_json|print|info)$")
_CHANGED = re.compile(
    r"^(?:argparse\.ArgumentParser\(\)\.parse_args\(\)|\.?(?:args|config|cfg|opt|hparams|params))\.(\w+)=$"
)
_VOLATILE = re.compile(
    r"rank|device|gpu|local|world|distributed|iter|step|epoch|best|path|dir|name|resume|start|total|time|log"
)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every training run that starts a tracker."""
    done: set[tuple[str, Span]] = set()
    for found in project.of_runs(_of_run):
        if (found.path, found.span) not in done:
            done.add((found.path, found.span))
            yield from found.matches


class _Started(NamedTuple):
    """A tracker that a training run starts, and what is wrong with what it is given."""

    path: str
    span: Span
    matches: tuple[Match, ...]


def _of_run(project: Project, run: Run) -> Iterator[_Started]:
    if not trains(run):
        return
    tracker = next((h for h in run.happenings if h.active and _STARTS.match(h.name)), None)
    if tracker is not None:
        yield _Started(tracker.path, tracker.call.span, tuple(_judged(project, run, tracker)))


def _judged(project: Project, run: Run, tracker: Happening) -> Iterator[Match]:
    if _is_given(tracker) or next(recorded(project, run), None) is not None:
        yield from _changed(project, tracker)
    elif not _is_recorded(project, run):
        yield _match(project, run, tracker)


def _is_given(tracker: Happening) -> bool:
    names = {argument.name for argument in tracker.call.arguments}
    return bool(names & {"config", "params", "hparams", "**", "*", "sync_tensorboard"})


def _is_recorded(project: Project, run: Run) -> bool:
    """Whether anything that the run reaches may write its settings down."""
    return any(
        any(project.of_file(_records, path))
        for path in project.index.reached([run.entry.path])
        if path in project.index.files
    )


def _records(project: Project, path: str) -> Iterator[bool]:
    """Whether anything in a file may write settings down."""
    facts = project.index.files[path]
    targets = tuple(facts.imports.values())
    yield (
        "fastai.callback.wandb" in facts.stars
        or any(target.startswith(_FRAMEWORKS) or _GETS.search(target) for target in targets)
        or any(_RECORDS.search(f"{assignment.target}=") for assignment in facts.assignments)
        or any(
            _RECORDS.search(call.callee) or _GETS.search(call.callee) or _writes_settings(call)
            for call in calls_in(facts)
        )
    )


def _writes_settings(call: Call) -> bool:
    """`json.dump(vars(args), file)`, `logger.info(args)`, `torch.save({"args": args}, path)`."""
    values = [str(argument.value.value) for argument in call.arguments if argument.value is not None]
    if any(value.startswith("wandb.config") for value in values):
        return True
    if not _WRITES.search(call.callee):
        return False
    for argument in call.arguments:
        value = argument.value
        if value is None:
            continue
        text = str(value.value) + value.path
        if value.kind in {ValueKind.NAME, ValueKind.PARAMETER} and _SETTINGS.search(text) and "." not in value.path[1:]:
            return True
        if value.kind is ValueKind.DISPLAY and _SETTINGS.search(value.path):
            return True
    return False


def _match(project: Project, run: Run, tracker: Happening) -> Match:
    name = ".".join(tracker.name.removeprefix("?.").split(".")[-2:])
    plain = _PLAIN.search(tracker.name) is not None
    sure = run.complete and tracker.certain and not plain
    message = f"`{name}` starts a record of this run without its settings, and nothing hands them over later"
    return project.match(
        tracker.path,
        tracker.call.span,
        message,
        confidence=Confidence.MEDIUM if sure else Confidence.LOW,
        trail=story(project, run, tracker, "keeps what it is given, and no settings"),
    )


def _changed(project: Project, tracker: Happening) -> Iterator[Match]:
    """Settings that get another value in the same function, after the tracker got them."""
    facts = project.index.files[tracker.path]
    for function in facts.functions:
        events = [event for event in function.events if isinstance(event, Call)]
        if not any(event.span == tracker.call.span for event in events) or not _hands_over(tracker.call):
            continue
        for event in events:
            key = _CHANGED.match(event.callee)
            later = event.span.line > tracker.call.span.end_line
            if key is not None and later and event.guard == tracker.call.guard and not _VOLATILE.search(key[1]):
                message = f"`{key[1]}` changes after the settings were recorded: the record has the old value"
                trail = [project.note(tracker.path, tracker.call.span, "recorded here")]
                yield project.match(tracker.path, event.span, message, trail=trail)


def _hands_over(call: Call) -> bool:
    """Whether a call gets the parsed options as they are."""
    return any(
        argument.name in {"config", "params", "hparams"}
        and argument.value is not None
        and argument.value.kind is ValueKind.NAME
        and "parse_args()" in str(argument.value.value)
        for argument in call.arguments
    )


_TRAINS = """
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
loss = model(torch.ones(2, 4)).sum()
loss.backward()
optimizer.step()
"""
_OPTIONS = """
import argparse
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
args = parser.parse_args()
"""
_WANDB = "import wandb\n" + _OPTIONS

rule.flags(
    _WANDB + 'wandb.init(project="demo")  # expect: EXP003\n' + _TRAINS + "wandb.log({'loss': loss})\n", title="W&B"
)
rule.flags(
    "import mlflow\n"
    + _OPTIONS
    + "mlflow.start_run()  # expect: EXP003\n"
    + _TRAINS
    + "mlflow.log_metric('loss', 1.0)\n",
    title="MLflow, metrics alone",
)
rule.flags(
    "import comet_ml\n" + _OPTIONS + "experiment = comet_ml.Experiment()  # expect: EXP003\n" + _TRAINS, title="Comet"
)
rule.flags(
    "import neptune\n" + _OPTIONS + 'run = neptune.init_run(project="a/b")  # expect: EXP003\n' + _TRAINS,
    title="Neptune",
)
rule.flags(
    _WANDB + "wandb.init(config=args)\nargs.lr = 0.01  # expect: EXP003\n" + _TRAINS,
    title="Changed after it was recorded",
)
rule.flags(
    {
        "train.py": "from tracking import begin\n" + _OPTIONS + "begin('x')\n" + _TRAINS,
        "tracking.py": "import wandb\n\ndef begin(name):\n    wandb.init(project=name, tags=['a'])  # expect: EXP003\n",
    },
    title="In another module",
)
rule.flags(
    "from torch.utils.tensorboard import SummaryWriter\n"
    + _OPTIONS
    + "writer = SummaryWriter()  # expect: EXP003\n"
    + _TRAINS
    + "writer.add_scalar('loss', loss)\n",
    title="TensorBoard, low confidence",
)
rule.allows(_WANDB + "wandb.init(config=vars(args))\n" + _TRAINS, title="Given at the start")
rule.allows(_WANDB + "wandb.init()\nwandb.config.update(args)\n" + _TRAINS, title="Given later")
rule.allows(
    "import mlflow\n" + _OPTIONS + "mlflow.start_run()\nmlflow.log_params(vars(args))\n" + _TRAINS,
    title="Parameters logged",
)
rule.allows("import mlflow\n" + _OPTIONS + "mlflow.autolog()\nmlflow.start_run()\n" + _TRAINS, title="By itself")
rule.allows(
    "import json\n" + _WANDB + "wandb.init()\njson.dump(vars(args), open('args.json', 'w'))\n" + _TRAINS,
    title="In a file",
)
rule.allows(_WANDB + "args.lr = 0.2\nwandb.init(config=args)\n" + _TRAINS, title="Changed before")
rule.allows("import wandb\n\nwandb.init(project='x')\nwandb.log({'a': 1})\n", title="Nothing is trained")
