"""Programs save models to plain files, and nothing records which file is which model.

## Why
`model.pt` of today overwrites the one of yesterday. Which data, settings and code made the file that is served, and
to which one can be gone back when it fails? A folder of files doesn't say.

## Fix
A registry (MLflow, Weights & Biases, Comet, ClearML, a model hub, BentoML), or DVC for the models that matter:
anything that keeps versions with what made them.

## Notes
Counts registries and stores of artifacts, stages of DVC with models among their outs, and models pushed to a hub.
Only for projects that save models. Breck et al., *The ML Test Score* (2017), Infra 7.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.facts import Call
from reprocheck_rules.practice.observed import (
    at_files,
    calls_in,
    importers,
    listed,
    reached_by_scripts,
    training_scripts,
)

rule = Rule("PRJ014", "no-model-registry", __doc__, severity="note")

_LIBRARIES = (
    "bentoml", "mlem", "modelstore", "huggingface_hub", "sagemaker", "azureml", "azure.ai.ml",
    "google.cloud.aiplatform", "hopsworks", "hsml", "dvclive", "clearml", "neptune", "zenml", "metaflow", "truss",
    "mlflow", "tfx", "modelscope", "kitops", "tensorflow_hub",
)  # fmt: skip
_REGISTERS = re.compile(
    r"(^|[._])(register_model|log_model|save_model_version|create_model_version|push_to_hub|upload_file|upload_folder|log_artifacts?"
    r"|use_artifact|link_model|OutputModel|upload_model|Artifact|register|ModelCard|save_to_hub|push_to_registry|log_checkpoint|hf_push)$"
)
_REGISTRY_CALL = re.compile(r"^(mlflow|wandb|comet_ml|neptune|clearml|aim|huggingface_hub|sagemaker|azureml|\?)\.")
_SAVES = re.compile(
    r"^(torch\.save|joblib\.dump|pickle\.dump|cloudpickle\.dump|dill\.dump|safetensors\.torch\.save_file|numpy\.savez)$"
    r"|\.(save_pretrained|save_checkpoint|save_weights|save_model)$|^keras\.models\.save_model$|^tensorflow\.saved_model\.save$"
)
_MODEL = re.compile(r"(model|net|weights|checkpoint|ckpt|pipeline|clf|classifier|regressor)", re.IGNORECASE)
_VERSION = re.compile(r"^_*(model_|package_|pipeline_)?version_*$|^_version$", re.IGNORECASE)
_VERSIONED = re.compile(r"(model|weights|checkpoint|ckpt)[^/]*\.dvc$|(^|/)models?/.*\.dvc$", re.IGNORECASE)


@rule.on_practice
def check(project: Project) -> Practice:
    """What is saved, and what keeps versions of it."""
    runs = training_scripts(project)
    reached = reached_by_scripts(project) if runs else ()
    saves = [note for path in reached for note in project.of_file(_saved, path)]
    if not saves:
        return not_applicable("no program that trains saves a model, but for notebooks")
    looked_at = f"files that save models: {len(saves)}"
    notes = importers(project, _LIBRARIES, tests=False)
    notes += project.of_files(_registered)
    notes += (note for save in saves for note in project.of_file(_versioned, save.path))
    notes += project.of_documents(_outs)
    notes += at_files(sorted(path for path in project.index.paths if _VERSIONED.search(path)), "a model that DVC keeps")
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    first, *others = saves
    message = "models are saved to plain files, and nothing keeps versions of them with what made them"
    return Practice(looked_at=looked_at, gap=project.match(first.path, first.span, message, trail=listed(others)))


def _saved(project: Project, path: str) -> Iterator[Note]:
    found = next((c for c in calls_in(project.index.files[path]) if _SAVES.search(c.callee) and _is_model(c)), None)
    if found is not None:
        yield Note(found.span, "saves a model", path)


def _registered(project: Project, path: str) -> Iterator[Note]:
    calls = calls_in(project.index.files[path])
    found = next((c for c in calls if _REGISTERS.search(c.callee) and _REGISTRY_CALL.match(c.callee)), None)
    if found is not None:
        yield Note(found.span, f"`{found.callee.removeprefix('?.')}` keeps versions", path)


def _versioned(project: Project, path: str) -> Iterator[Note]:
    if any(_VERSION.search(name) for name in project.index.files[path].names):
        for save in project.of_file(_saved, path):
            yield Note(save.span, "saves a model under a name with its version", path)


def _outs(project: Project, path: str) -> Iterator[Note]:
    if path.rpartition("/")[2] == "dvc.yaml":
        for setting in project.index.documents[path].settings:
            if ".outs" in setting.key and _MODEL.search(f"{setting.key} {setting.value}"):
                yield Note(setting.span, "a model that DVC keeps", path)


def _is_model(call: Call) -> bool:
    """Pickles hold all sorts of things: those count that something about the call calls a model."""
    if not call.callee.startswith(("pickle.", "cloudpickle.", "dill.", "joblib.", "numpy.")):
        return True
    texts = [
        str(argument.value.value) + argument.value.path for argument in call.arguments if argument.value is not None
    ]
    return any(_MODEL.search(text) for text in texts)


_NET = """
import torch

model = torch.nn.Linear(3, 1)
model(torch.ones(2, 3)).sum().backward()
torch.save(model.state_dict(), "model.pt")
"""
_FOREST = """
import joblib
from sklearn.svm import SVC

model = SVC().fit([[0.0], [1.0]], [0, 1])
joblib.dump(model, "model.joblib")
"""

rule.flags({"train.py": _NET})
rule.flags({"train.py": _FOREST})
rule.flags({"train.py": _NET, ".gitignore": "*.pt\n"})
rule.flags({"train.py": "import wandb\n" + _NET + "wandb.init()\n"}, title="Tracks runs, not models")
rule.flags(
    {"train.py": _NET, "dvc.yaml": "stages:\n  prepare:\n    cmd: python prepare.py\n    outs:\n      - rows.csv\n"}
)
rule.flags({"train.py": _FOREST.replace("joblib.dump", "pickle.dump").replace("import joblib", "import pickle")})
rule.allows({"train.py": "import mlflow\n\nmlflow.sklearn.autolog()\n" + _FOREST})
rule.allows({"train.py": "import wandb\n" + _NET + "wandb.log_artifact('model.pt')\n"})
rule.allows(
    {"train.py": _NET, "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    outs:\n      - model.pt\n"}
)
rule.allows({"train.py": _NET, "models/net.pt.dvc": "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n"})
rule.allows({"train.py": "from huggingface_hub import upload_file\n" + _NET})
rule.allows(
    {"train.py": _NET.replace('torch.save(model.state_dict(), "model.pt")', "print(model)")}, title="Saves nothing"
)
