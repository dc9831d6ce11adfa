"""Programs train on data that nothing in the project checks.

## Why
A column that arrives as text, a label that is missing, an image that is all black, a file that was cut off: a model
trains on it without complaint, and the result can't be told from a good one until it is used.

## Fix
State what the data must look like and check it where it is read: a schema (pandera, Great Expectations, TensorFlow Data
Validation, pydantic), or a few assertions on columns, ranges, classes and counts that fail loudly.

## Notes
Counts what is imported for the purpose, functions named for it, and errors raised in code that loads data. Plain
asserts are not seen, so that the confidence is medium. Demonstrations on data sets that a library delivers are left
out. Breck et al., *The ML Test Score* (2017), Data 1.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Note, Practice, Project, Rule, Span, not_applicable
from reprocheck.rulekit.facts import Call, Exit, Function
from reprocheck_rules.practice.observed import (
    counted,
    importers,
    is_source,
    is_test_path,
    listed,
    that_train,
    training_runs,
)
from reprocheck_rules.practice.read_data import reads_own_data

rule = Rule("PRJ006", "no-data-validation", __doc__, severity="note", confidence="medium")

_LIBRARIES = (
    "pandera", "great_expectations", "tensorflow_data_validation", "tfx", "deepchecks", "evidently", "whylogs",
    "cerberus", "frictionless", "soda", "pandas_schema", "schema", "jsonschema", "pydantic", "marshmallow",
    "typedframe", "datacompy", "cleanlab", "fiftyone", "pointblank", "dataframely", "patito", "ydata_profiling",
    "pandas_profiling", "voluptuous",
)  # fmt: skip
_CHECKS = re.compile(
    r"(^|[._])(validate|verify|check|sanity|assert|ensure|inspect|clean|filter)_?\w*?_?"
    r"(data|df|input|image|img|label|schema|sample|column|annotation|anns|batch|feature|nan|missing|file|corrupt|shape|values"
    r"|range|array)",
    re.IGNORECASE,
)
_LOADING = re.compile(
    r"(^|[./_])(data|datasets?|\w*loaders?|preprocess|features?|inputs?|etl|ingest)(s|ing|_|\b)", re.IGNORECASE
)
_ASSERTS = re.compile(
    r"(^|\.)(assert_\w*(equal|shape|columns|rank|type|close)\w*|check_array|check_X_y|drop_duplicates|dropna)$"
)


@rule.on_practice
def check(project: Project) -> Practice:
    """What checks data, in projects that train on data of their own."""
    runs = training_runs(project)
    if not runs:
        return not_applicable("no program that trains")
    data = list(reads_own_data(project))
    if not data:
        return not_applicable("no program reads data of the project's own, as far as can be told")
    looked_at = f"{that_train(runs)}, {counted(len(data), 'place')} that read data"
    notes = importers(project, _LIBRARIES, tests=False)
    notes += project.of_files(_checks)
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    first, *others = data
    message = "nothing checks the data that is read here to train on: no schema, and no check that is named for one"
    gap = project.match(first.path, first.span, message, trail=listed(others))
    return Practice(looked_at=looked_at, gap=gap)


def _checks(project: Project, path: str) -> Iterator[Note]:
    if not is_source(path) and not is_test_path(path):
        return
    facts = project.index.files[path]
    loading = _LOADING.search(facts.path) is not None
    for function in facts.functions:
        if function.name and _CHECKS.search(function.name):
            yield Note(function.span, f"`{function.name}` is named for checking data", facts.path)
            return
        if (loading or _LOADING.search(function.name)) and (span := _refuses(function)) is not None:
            yield Note(span, f"refuses data in `{function.name or facts.path.rpartition('/')[2]}`", facts.path)
            return
        for event in function.events:
            if isinstance(event, Call) and (
                _ASSERTS.search(event.callee) or _CHECKS.search(event.callee.rpartition(".")[2])
            ):
                yield Note(event.span, f"calls `{event.callee.rpartition('.')[2]}`", facts.path)
                return


def _refuses(function: Function) -> Span | None:
    for event in function.events:
        if isinstance(event, Exit) and event.raises and 0 <= event.guard < len(function.guards):
            return function.guards[event.guard].span
    return None


_TRAIN = """
import pandas as pd
from sklearn.svm import SVC

rows = pd.read_csv("rows.csv")
SVC().fit(rows[["a"]], rows["b"])
"""
_NET = """
import torch
from data import rows

model = torch.nn.Linear(3, 1)
model(rows()).sum().backward()
"""

rule.flags({"train.py": _TRAIN})
rule.flags({"train.py": _NET, "data.py": "import numpy as np\n\n\ndef rows():\n    return np.load('rows.npy')\n"})
rule.flags(
    {"train.py": _TRAIN, "test_train.py": "import pandera\n\n\ndef test_a():\n    pass\n"}, title="In a test only"
)
rule.flags({"train.py": _NET, "data.py": "import cv2\n\n\ndef rows():\n    return cv2.imread('a.png')\n"})
rule.flags({"train.py": _NET, "data.py": "import h5py\n\n\ndef rows():\n    return h5py.File('a.h5')['x']\n"})
rule.flags({"train.py": _TRAIN, "plots.py": "import seaborn\n\n\ndef draw(rows):\n    seaborn.heatmap(rows)\n"})
rule.allows({"train.py": "import pandera\n" + _TRAIN})
rule.allows(
    {"train.py": _TRAIN, "schema.py": "from pydantic import BaseModel\n\n\nclass Row(BaseModel):\n    a: float\n"}
)
rule.allows({"train.py": _TRAIN, "checks.py": "def check_labels(rows):\n    return rows.b.isin([0, 1]).all()\n"})
rule.allows(
    {
        "train.py": _NET,
        "data.py": """
        import numpy as np


        def load_rows():
            rows = np.load("rows.npy")
            if rows.ndim != 2:
                raise ValueError("rows must be a table")
            return rows


        def rows():
            return load_rows()
        """,
    },
    title="Refuses what it can't use",
)
rule.allows(
    {
        "train.py": """
        from sklearn.datasets import load_iris
        from sklearn.svm import SVC

        SVC().fit(*load_iris(return_X_y=True))
        """
    }
)
rule.allows({"report.py": "import pandas as pd\n\nprint(pd.read_csv('rows.csv'))\n"}, title="Nothing is trained")
