"""How much of a project's code is glue: reading, writing, converting and passing on, instead of models and features.

## Why
In grown ML systems most code only carries data to a package and away from it. It is written once per experiment, tested
least, and binds the system to what the package looked like on that day. A number makes it visible before it is most of
the code.

## Fix
Put a package's inputs and outputs behind one interface of your own, let one loader serve all scripts, and leave
conversions to it.

## Notes
A measurement, not a fault: calls are counted by what they call. Glue are files, tables and formats read and written,
conversions between containers, command lines, logging, processes and networks; model and feature code are layers,
losses, optimizers, estimators, transforms and arithmetic on arrays and tables. Calls of the project's own functions,
and those that tell nothing, are left out. Said from 60% and two hundred counted calls on, in projects that train. The
idea is that of Sculley et al., "Hidden technical debt in machine learning systems", 2015.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from reprocheck.rulekit import Match, Note, Project, Rule
from reprocheck.rulekit.facts import Call
from reprocheck_rules.practice.observed import is_source, training_runs

rule = Rule("DBT005", "glue-code-share", __doc__, severity="note", confidence="medium")

_LEAST = 200
"""Counted calls from which a share means something."""
_SHARE = 0.6
_SHOWN = 5
_GLUE = re.compile(
    r"^(os|sys|shutil|glob|pathlib|json|yaml|csv|pickle|joblib|io|gzip|zipfile|tarfile|tempfile|argparse|click|typer|fire"
    r"|absl|logging|loguru|subprocess|requests|urllib|boto3|botocore|google\.cloud|azure|sqlite3|sqlalchemy|psycopg2"
    r"|pymongo|redis|h5py|omegaconf|hydra|dotenv|configparser|tomllib|toml|datetime|time|tqdm|flask|fastapi|streamlit"
    r"|gradio|wandb|mlflow|dvc|dvclive|airflow|prefect|zenml|kfp|pydantic|copy|builtins\.open|codecs|base64|hashlib|uuid"
    r"|warnings|traceback|contextlib|threading|multiprocessing|queue|socket|signal|inspect|importlib|types)(\.|$)"
)
_GLUE_METHODS = re.compile(
    r"\.(to_csv|to_json|to_parquet|to_pickle|to_excel|to_sql|to_dict|to_list|tolist|to_numpy|numpy|cpu|cuda|to|detach|item"
    r"|items|keys|values|get|update|append|extend|insert|pop|setdefault|split|strip|lstrip|rstrip|replace|join|format"
    r"|startswith|endswith|lower|upper|encode|decode|read|write|readline|readlines|writelines|close|flush|open|exists"
    r"|mkdir|makedirs|read_text|write_text|save|savefig|load_state_dict|state_dict|info|debug|warning|error|log|add_scalar"
    r"|add_argument|parse_args|get_logger|astype|asarray|array|from_numpy|read_csv|read_json|read_parquet|read_sql"
    r"|read_excel|load|dump|loads|dumps|copy|execute|commit|fetchall|connect|post|glob|rglob|iterdir|set_postfix|sort"
    r"|index|count|find|add|remove|discard)$"
)
_MODEL = re.compile(
    r"^(torch\.nn|torch\.optim|torch\.autograd|keras\.(layers|models|optimizers|losses|metrics|Model|Sequential)|tensorflow\.nn"
    r"|flax|haiku|optax|jax\.(nn|grad|value_and_grad|lax|vmap)|sklearn\.(?!datasets|externals)|xgboost|lightgbm|catboost"
    r"|transformers|timm|torchvision\.(models|transforms|ops)|albumentations|torchmetrics|diffusers|peft|gpytorch|pyro)\b"
)
_MODEL_METHODS = re.compile(
    r"\.(forward|backward|step|zero_grad|fit|predict|predict_proba|transform|fit_transform|score|compile|train|eval|apply"
    r"|parameters|matmul|mm|bmm|einsum|softmax|relu|sigmoid|tanh|dropout|conv2d|linear|embedding|view|reshape|permute"
    r"|transpose|squeeze|unsqueeze|expand|repeat|sum|mean|std|var|max|min|argmax|argmin|abs|exp|log1p|sqrt|pow|clamp|norm"
    r"|groupby|merge|agg|fillna|dropna|rolling|shift|diff|rank|quantile|cumsum|pivot_table|get_dummies|cut|qcut)$"
)
_NUMERIC = re.compile(r"^(numpy|torch|tensorflow|jax\.numpy|scipy|cv2|pandas|polars|librosa|PIL)\.")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """One measurement for a project that trains."""
    if not training_runs(project):
        return
    by_file = {path: Counter(glue=glue, model=model) for path, glue, model in project.of_files(_counted)}
    total = sum(by_file.values(), Counter[str]())
    counted = total["glue"] + total["model"]
    if counted < _LEAST or total["glue"] < _SHARE * counted:
        return
    worst = sorted(by_file, key=lambda path: (-by_file[path]["glue"], path))
    first = worst[0]
    share = total["glue"] / counted
    message = (
        f"{share:.0%} of {counted:,} counted calls in {len(by_file):,} files are glue (reading, writing, converting, "
        f"passing on), {1 - share:.0%} are model and feature code; most of it is in this file"
    )
    trail = [
        Note(
            project.index.files[path].functions[0].span,
            f"{by_file[path]['glue']} calls are glue, {by_file[path]['model']} not",
            path,
        )
        for path in worst[:_SHOWN]
    ]
    yield project.match(first, project.index.files[first].functions[0].span, message, trail=trail)


def _counted(project: Project, path: str) -> Iterator[tuple[str, int, int]]:
    """How many calls of either kind a file of the project's own code has."""
    if not is_source(path):
        return
    kinds = Counter(
        _kind(event.callee)
        for function in project.index.files[path].functions
        for event in function.events
        if isinstance(event, Call)
    )
    yield path, kinds["glue"], kinds["model"]


def _kind(callee: str) -> str:
    """`glue`, `model`, or nothing for calls of the project's own code and those that tell nothing."""
    if callee.startswith((".", "@", "self.")) and "()" not in callee:
        return ""
    if _MODEL.match(callee):
        return "model"
    if _GLUE.match(callee) or _GLUE_METHODS.search(callee):
        return "glue"
    return "model" if _MODEL_METHODS.search(callee) or _NUMERIC.match(callee) else ""


def _project(glue: int, model: int, *, mark: str = "") -> dict[str, str]:
    """A training script with so many calls of either kind."""
    lines = ["import json  # expect: DBT005" if mark else "import json", "import os", "", "import torch", ""]
    lines += ["layers = []", "loss = torch.nn.Linear(2, 1)(torch.ones(2, 2)).sum()", "loss.backward()"]
    lines += [f"os.makedirs(os.path.join('out', '{number}'))" for number in range(glue // 2)]
    lines += [f"layers.append(torch.nn.Linear({number + 1}, 2))" for number in range(model)]
    return {"train.py": "\n".join(lines) + "\n"}


rule.flags(_project(300, 20, mark="x"), title="Nine in ten")
rule.flags(_project(400, 100, mark="x"), title="Three in four")
rule.flags(
    {**_project(300, 20, mark="x"), "model.py": "import torch\n\nnet = torch.nn.Linear(1, 1)\n"}, title="Two files"
)
rule.flags(
    {**_project(260, 5, mark="x"), "tests/test_a.py": "import torch\n\ntorch.nn.ReLU()\n"}, title="Tests don't count"
)
rule.flags(
    {**_project(260, 5, mark="x"), "docs/conf.py": "import torch\n\ntorch.nn.ReLU()\n"}, title="Nor does documentation"
)
rule.flags({**_project(260, 5, mark="x"), "empty/__init__.py": ""}, title="An empty file")
rule.allows(_project(100, 20), title="Too little to say")
rule.allows(_project(150, 250), title="Models for the most part")
rule.allows({"serve.py": "import os\n" + "os.makedirs('a')\n" * 300}, title="Nothing is trained")
rule.allows({"tests/test_x.py": _project(300, 20)["train.py"]}, title="A test")
rule.allows({"README.md": "# A project\n"}, title="No code")
rule.allows(
    {
        "train.py": "from own import step\nimport torch\n\ntorch.ones(1).sum().backward()\n" + "step()\n" * 300,
        "own.py": "def step():\n    pass\n",
    },
    title="Calls of its own code tell nothing",
)
