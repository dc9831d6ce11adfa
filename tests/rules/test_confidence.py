"""How sure rules are of what is there, and may not matter."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

LOAD = "import joblib\nmodel = joblib.load('model.joblib')"
BRANCH = """
from transformers import AutoModel

def load(name):
    if name == "org/small":
        return AutoModel.from_pretrained(%s)
    else:
        return AutoModel.from_pretrained(%s)
"""
LISTED = """
import glob
import numpy as np

files = glob.glob("data/*.npy")
sample = np.load(files[0])
{use}
"""
RECENT = """
import pandas as pd

table = pd.read_parquet("scores.parquet")
recent = table[table["seen"] >= pd.Timestamp.now() - pd.Timedelta("24h")]
"""
FITTED = """
import pandas as pd
from sklearn.linear_model import Ridge
from project import make_model

table = pd.read_csv("houses.csv")
model = {model}()
model.fit(table, table["price"])
"""
EXPORT = """
name: net
dependencies:
  - _libgcc_mutex=0.1=main
  - ca-certificates=2023.12.12=h06a4308_0
  - libffi=3.4.4=h6a678d5_0
  - ncurses=6.4=h6a678d5_0
  - openssl=3.0.12=h7f8727e_0
  - zlib=1.2.13=h5eee18b_0
  - python=3.11.7=h955ad1f_0
  - pip:
      - torch==2.4.1
"""
SWITCHES = "if False: model.save('a')\\n", "if False: model.push('a')\\n", "if 0:\\n    x = 1\\n    y = 2\\n"
NOTEBOOK = """{"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
 "source": ["%s"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
"""
PROGRAM = {"train.py": "import torch\n\nif __name__ == '__main__':\n    print(torch)\n"}
FOREST = """
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

def train(x, y, p):
    {how}
    return GridSearchCV(RandomForestClassifier(), p).fit(x, y)
"""
NOISE = "import numpy as np\nrng = np.random.default_rng()\nprint(model(rng.normal(size=8)))\n"
NET = "import torch\nnet = torch.nn.Linear(2, 2)\nnet(rows()).sum().backward()\n"
SPLIT = """
import random

def {name}(rows):
    return random.sample(rows, 9)

print({name}(open("rows.txt").readlines()))
"""
DONE = """
from concurrent.futures import ProcessPoolExecutor, as_completed
import pandas as pd

def run(tasks):
    {kept} = []
    with ProcessPoolExecutor() as pool:
        for done in as_completed([pool.submit(work, task) for task in tasks]):
            {kept}.append(done.result())
    return pd.DataFrame({kept})
"""
CASES: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "a target that a model is given": ({"fit.py": FITTED.format(model="Ridge")}, "DAT014", ["high"]),
    "a target that a model made elsewhere is given": (
        {"fit.py": FITTED.format(model="make_model")},
        "DAT014",
        ["low"],
    ),
    "results in the order in which they are done": ({"run.py": DONE.format(kept="rows")}, "DET014", ["high"]),
    "failures in the order in which they are met": ({"run.py": DONE.format(kept="err_list")}, "DET014", ["low"]),
    "a load": ({"serve.py": LOAD}, "ART003", ["high"]),
    "a load that Bandit is told of": ({"serve.py": LOAD + "  # nosec"}, "ART003", ["low"]),
    "a load that Bandit is told of by number": ({"serve.py": LOAD + "  # nosec: B301"}, "ART003", ["low"]),
    "a load that Ruff is told of": ({"serve.py": LOAD + "  # noqa: T201, S301"}, "ART003", ["low"]),
    "a file that is used": ({"stats.py": LISTED.format(use="fit(sample, sample.shape)")}, "DET008", ["medium"]),
    "a file that is asked for its shape": ({"stats.py": LISTED.format(use="print(sample.shape)")}, "DET008", ["low"]),
    "rows of the last hours": ({"features/recent.py": RECENT}, "DET009", ["medium"]),
    "rows of the last hours on a dashboard": ({"app/dashboard/load.py": RECENT}, "DET009", ["low"]),
    "rows of the last hours that are watched": ({"src/monitoring_jobs.py": RECENT}, "DET009", ["low"]),
    "a generator of the moment": ({"scripts/noise.py": NOISE}, "RNG004", ["high"]),
    "a generator where speed is measured": ({"scripts/benchmark_onnx.py": NOISE}, "RNG004", ["low"]),
    "a training whose time is taken": ({"scripts/profile_training.py": NET}, "RNG001", ["low"]),
    "a training": ({"scripts/training.py": NET}, "RNG001", ["high"]),
    "a draw": ({"scripts/rows.py": SPLIT.format(name="some_rows")}, "RNG001", ["low"]),
    "a draw that splits": ({"scripts/rows.py": SPLIT.format(name="train_val_split")}, "RNG001", ["medium"]),
    "a draw in a program that splits": (
        {"scripts/split_rows.py": SPLIT.format(name="some_rows")},
        "RNG001",
        ["medium"],
    ),
    "a number that is drawn where something splits": (
        {"scripts/split_rows.py": SPLIT.replace("sample(rows, 9)", "random()").format(name="part")},
        "RNG001",
        ["low"],
    ),
    "a forest beside a state that is read": (
        {"nodes.py": FOREST.format(how='part(state=p["random_state"])')},
        "RNG011",
        ["medium"],
    ),
    "a forest beside a state that is set": (
        {"nodes.py": FOREST.format(how='p["random_state"] = 3')},
        "RNG011",
        ["low"],
    ),
    "another thing that Bandit is told of": ({"serve.py": LOAD + "  # nosec B105"}, "ART003", ["high"]),
    "parts of a notebook behind `if False`": ({"look.ipynb": NOTEBOOK % "".join(SWITCHES)}, "DBT002", ["high"]),
    "a part of a notebook behind `if False`": ({"look.ipynb": NOTEBOOK % SWITCHES[2]}, "DBT002", ["high"]),
    "a list beside few versions": (
        {**PROGRAM, "requirements.txt": "torch\n", "environment.yml": EXPORT.replace("=0.1=main", "")[:90]},
        "ENV002",
        ["medium"],
    ),
    "a list beside a whole environment": (
        {**PROGRAM, "requirements.txt": "torch\n", "environment.yml": EXPORT},
        "ENV002",
        ["low"],
    ),
    "a hub's name in its own branch": ({"net.py": BRANCH % ("name", "path")}, "ART002", ["high"]),
    "a hub's name in another branch": ({"net.py": BRANCH % ("path", "name")}, "ART002", ["low"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_as_sure_as_it_matters(tmp_path: Path, case: str) -> None:
    files, code, confidences = CASES[case]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    overrides = {"cache": False, "select": (code,), "min-confidence": "low"}
    config = load(tmp_path, overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert [finding.confidence.value for finding in result.findings] == confidences
