"""Programs train, and nothing keeps a record of the runs.

## Why
Which settings gave the number in the paper, and which code? Output on a terminal is gone with the window; a file that
the next run overwrites is gone with the next run.

## Fix
Any tracker will do, also one without a server: `mlflow.autolog()` writes to a local folder, TensorBoard keeps the
curves, DVCLive and Aim note the commit.

## Notes
Counts trackers, TensorBoard, loggers of frameworks, stages with metrics in `dvc.yaml`, log files, and programs that
write their metrics to a CSV or JSON file. EXP003 to EXP005 look at what is kept.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck_rules.practice.observed import (
    calls_in,
    counted,
    gap_at_training,
    importers,
    listed,
    reached_by_scripts,
    that_train,
    training_scripts,
)

rule = Rule("PRJ009", "no-experiment-tracking", __doc__, severity="note")

_TRACKERS = (
    "wandb", "mlflow", "tensorboard", "tensorboardX", "torch.utils.tensorboard", "comet_ml", "neptune", "clearml",
    "trains", "aim", "dvclive", "sacred", "guild", "swanlab", "trackio", "visdom", "polyaxon", "determined",
    "azureml.core.run", "azureml.core", "sagemaker", "vertexai", "google.cloud.aiplatform", "zenml", "metaflow",
    "kedro_mlflow", "labml", "tensorboard_logger", "tensorboardcolab", "clu.metric_writers",
    "flax.metrics.tensorboard", "ml_collections.tracking", "hydra", "ray.tune", "ray.air", "optuna.storages",
    "lightning.pytorch.loggers", "pytorch_lightning.loggers", "fairseq.logging", "stable_baselines3.common.logger",
    "keras_tuner", "codecarbon", "pytorch_lightning", "lightning", "stable_baselines3", "ultralytics", "mmcv",
    "mmengine", "detectron2", "transformers.TrainingArguments", "transformers.Trainer",
)  # fmt: skip
_LOGGERS = re.compile(
    r"(^|\.)(SummaryWriter|TensorBoard|CSVLogger|create_file_writer|FileWriter|init_trackers|autolog|log_metric|log_metrics"
    r"|log_params|add_scalar|log_hyperparams|WandbLogger|MLFlowLogger|DvcLiveCallback|write_metrics|save_metrics|MlflowCallback|FileHandler|savetxt)$"
)
_RECORDS = re.compile(
    r"(metrics?|results?|history|scores?|logs?|experiments?|losses|runs?|accuracy|progress)[\w.{}-]*"
    r"\.(csv|json|jsonl|tsv|txt|log|ya?ml|pkl|npy|npz|db)$|^[\w./{}-]+\.log$"
    r"|^(\.{1,2}/)?(results?|logs?|runs|metrics|experiments?|evaluations?)(/[\w./{}-]*)?$",
    re.IGNORECASE,
)
_LOG_MODULE = re.compile(r"(^|/)\w*(logger|logging|log_utils?|loggers|tracker|recorder)\w*\.py$")
_WRITES = re.compile(r"(^|\.)(open|FileHandler|DictWriter|writer|savetxt|to_csv|dump)$")


@rule.on_practice
def check(project: Project) -> Practice:
    """Trackers and files of metrics, in projects that train."""
    runs = training_scripts(project)
    if not runs:
        return not_applicable("no program that trains, but for notebooks")
    looked_at = f"{that_train(runs)}"
    notes = importers(project, _TRACKERS, tests=False)
    notes += project.of_documents(_named)
    notes += (note for path in reached_by_scripts(project) for note in project.of_file(_kept, path))
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    message = (
        f"nothing keeps a record of what {counted(len(runs), 'program')} trained: no tracker and no file of metrics"
    )
    return Practice(looked_at=looked_at, gap=gap_at_training(runs, message))


def _named(project: Project, path: str) -> Iterator[Note]:
    if path.rpartition("/")[2] == "dvc.yaml":
        for setting in project.index.documents[path].settings:
            if ".metrics" in setting.key or ".plots" in setting.key:
                yield Note(setting.span, "names metrics that a pipeline keeps", path)


def _kept(project: Project, path: str) -> Iterator[Note]:
    """What a file that programs reach does to keep metrics."""
    facts = project.index.files[path]
    found = next((call for call in calls_in(facts) if _LOGGERS.search(call.callee)), None)
    if found is not None:
        yield Note(found.span, f"`{found.callee.rpartition('.')[2]}` keeps metrics", path)
    elif _LOG_MODULE.search(path) and any(_WRITES.search(call.callee) for call in calls_in(facts)):
        yield Note(facts.functions[0].span, "a module that keeps logs", path)
    elif (name := next((text for text in facts.strings if _RECORDS.search(text)), None)) is not None:
        yield Note(facts.functions[0].span, f"names a file of results: `{name[-60:]}`", path)


_NET = """
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = model(torch.ones(2, 3)).sum()
loss.backward()
optimizer.step()
print(loss)
"""
_FOREST = "from sklearn.svm import SVC\n\nprint(SVC().fit([[0.0], [1.0]], [0, 1]).score([[0.0]], [0]))\n"

rule.flags({"train.py": _NET})
rule.flags({"train.py": _FOREST})
rule.flags({"train.py": _NET + "torch.save(model.state_dict(), 'model.pt')\n"}, title="Saves the model alone")
rule.flags({"train.py": "import logging\n" + _NET + "logging.info(loss)\n"}, title="To the terminal")
rule.flags({"train.py": _NET, "plot.py": "import matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n"})
rule.flags({"a.py": _NET, "b.py": _FOREST, "dvc.yaml": "stages:\n  train:\n    cmd: python a.py\n"})
rule.allows({"train.py": "import wandb\n" + _NET + "wandb.log({'loss': loss})\n"})
rule.allows({"train.py": "import mlflow\n\nmlflow.autolog()\n" + _FOREST})
rule.allows({"train.py": "from torch.utils.tensorboard import SummaryWriter\n" + _NET})
rule.allows(
    {"train.py": _NET, "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    metrics:\n      - scores.json\n"}
)
rule.allows({"train.py": _NET + "open('metrics.json', 'w').write(str(loss))\n"}, title="A file of metrics")
rule.allows({"show.py": "print(1)\n"}, title="Nothing is trained")
