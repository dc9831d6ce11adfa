"""A training program reads data that nothing in the repository versions: neither git, Git LFS, DVC nor a hash.

## Why
The commit doesn't say which data made the result. Whoever has another `train.csv`, an older export or a cleaned one
gets other numbers and no warning, and after a year nobody can tell which file it was.

## Fix
`dvc add data/train.csv` (or Git LFS, lakeFS, a data set with a revision on a hub) and commit the pointer; or compare
the file's hash when it is read. When a program makes the file, keep that program in the repository.

## Notes
Looked at are tables, arrays and archives that training programs, and modules that these import, open by a relative
name which stands in the code, and the raw data of Kedro's catalogs. Silent are files that git or DVC has, that another
program, script or Makefile of the repository writes or names, and projects whose code computes hashes. Absolute paths
are DAT001.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.facts import Call, DocumentFacts, FileFacts
from reprocheck.rulekit.pipelines import Opened, opened_files, tracked_paths
from reprocheck_rules.data.kedro_catalog import CatalogData, first_data

rule = Rule("DAT003", "unversioned-data", __doc__, confidence="medium")

_TABLE = re.compile(
    r"\.(csv|tsv|jsonl|ndjson|parquet|feather|arrow|orc|avro|npy|npz|mat|h5|hdf5|tfrecords?|lmdb|xlsx?|sqlite3?|arff|libsvm)"
    r"(\.gz|\.bz2|\.xz|\.zip)?$",
    re.IGNORECASE,
)
_IN_DATA = re.compile(
    r"(^|/)(data|datasets?|inputs?|raw|corpus|corpora)/.*\.(json|txt|xml|zip|tar|tar\.gz|tgz|pkl|pickle|db)$"
)
_TRAINS = frozenset({"trains", "optimizer", "estimator"})
_FITS = (".fit", ".fit_transform", ".train_on_batch", ".backward")
_HASHES = frozenset(
    {"hashlib.md5", "hashlib.sha256", "hashlib.sha1", "hashlib.blake2b", "hashlib.file_digest", "hashlib.new"}
)
_MAKES = re.compile(
    r"to_(csv|parquet|feather|json|pickle|excel|hdf|orc|sql|npy)$|(save|write|dump|export|download|retrieve|urlretrieve)"
)
_SHELLS = frozenset({"system", "run", "call", "check_call", "check_output", "Popen", "getoutput", "popen"})
_TESTS = re.compile(r"(^|/)(tests?|testing|docs?)/|(^|/)(test_[^/]*|conftest)\.py$")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every file that a training program opens by name."""
    opened = {path: list(opened_files(project, path)) for path in project.index.files if not _TESTS.search(path)}
    read = {path: [item for item in items if not item.writes and _is_data(item)] for path, items in opened.items()}
    cataloged = list(first_data(project))
    if (not any(read.values()) and not cataloged) or _compares_hashes(project):
        return
    known = _Known(project, opened)
    yield from _cataloged(project, cataloged, known)
    found: dict[str, list[Opened]] = {}
    for path in sorted(project.index.reached(_training_programs(project))):
        for item in read.get(path, ()):
            name = item.inside("")
            if name is not None and not known.has(item):
                found.setdefault(name, []).append(item)
    for name, items in sorted(found.items()):
        first = items[0]
        message = f"`{name}` is read for training, and nothing says which version: neither git nor DVC has it"
        trail = [project.note(item.path, item.span, "read here too") for item in items[1:4]]
        yield project.match(first.path, first.span, message, trail=trail)


def _cataloged(project: Project, cataloged: list[CatalogData], known: _Known) -> Iterator[Match]:
    """What Kedro's catalog names, where anything of the project trains."""
    if cataloged and any(_trains(project, path) for path in project.index.files):
        for data in cataloged:
            if not known.has_path(data.path):
                begins = f"the pipeline begins with `{data.path}`"
                message = f"{begins}, and nothing says which version: neither git nor DVC has it"
                yield project.match(data.catalog, data.span, message)


def _is_data(item: Opened) -> bool:
    name = item.inside("")
    return name is not None and (_TABLE.search(name) or _IN_DATA.search(name)) is not None


def _training_programs(project: Project) -> list[str]:
    """Entry points whose modules train something."""
    trains = {path for path in project.index.files if _trains(project, path)}
    entries = {entry.path for entry in project.entries if not _TESTS.search(entry.path)}
    return sorted(path for path in entries if trains & project.index.reached([path]))


def _trains(project: Project, path: str) -> bool:
    roles = partial(_roles, project)
    calls = [event for function in project.index.files[path].functions for event in function.events]
    names = [event.callee for event in calls if hasattr(event, "callee")]
    return any(name.endswith(_FITS) or not _TRAINS.isdisjoint(roles(name)) for name in names)


def _roles(project: Project, name: str) -> frozenset[str]:
    entry = project.catalog.entry(project.catalog.canonical(name))
    return entry.roles if entry is not None else frozenset()


def _compares_hashes(project: Project) -> bool:
    return any(
        getattr(event, "callee", "") in _HASHES
        for path, facts in project.index.files.items()
        if not _TESTS.search(path)
        for function in facts.functions
        for event in function.events
    )


class _Known:
    """What the repository has, or says how to get."""

    def __init__(self, project: Project, opened: dict[str, list[Opened]]) -> None:
        self._project = project
        self._made: set[str] = set()
        # What git has although a pattern ignores it is among no paths of a scan.
        self._tracked = frozenset(tracked_paths(project.index.tree) or ())
        for path, items in opened.items():
            self._made |= _made_by(project.index.files[path], items)
        self._made |= {
            _last(str(setting.value))
            for document in project.index.documents.values()
            if document.kind == "snakemake"
            for setting in document.settings
            if ".output" in setting.key
        }
        holders: list[DocumentFacts | FileFacts] = [*project.index.documents.values(), *project.index.files.values()]
        self._commands = {_last(word) for holder in holders for c in holder.commands for word in c.words}
        self._commands |= {_last(word) for facts in project.index.files.values() for word in _shell_words(facts)}

    def has(self, item: Opened) -> bool:
        """Whether a file is versioned, or made or fetched by something that is."""
        name = _last(item.name)
        if name in self._made or name in self._commands:
            return True
        for folder in ("", item.path.rpartition("/")[0]):
            path = item.inside(folder)
            if path is not None and self._is_versioned(path):
                return True
        return any(path.endswith(f"/{name}") or path == name for path in self._project.index.paths)

    def has_path(self, path: str) -> bool:
        """The same of a path relative to the root."""
        name = _last(path)
        return name in self._made or name in self._commands or self._is_versioned(path)

    def _is_versioned(self, path: str) -> bool:
        index = self._project.index
        return path in index.paths or path in self._tracked or index.pipelines.is_made(path)


def _made_by(facts: FileFacts, opened: list[Opened]) -> set[str]:
    """Names of files that a module writes, or speaks of although it doesn't read them and writes something."""
    made = {_last(item.name) for item in opened if item.writes}
    writes = bool(made)
    for call in (event for function in facts.functions for event in function.events if isinstance(event, Call)):
        if _MAKES.match(call.callee.rpartition(".")[2]):
            writes = True
            values = [argument.value for argument in call.arguments if argument.value is not None]
            made |= {_last(str(value.value)) for value in values if isinstance(value.value, str)}
    if writes:
        made |= {_last(text) for text in facts.strings} - {_last(item.name) for item in opened}
    return made


def _shell_words(facts: FileFacts) -> Iterator[str]:
    """Words of commands that a module hands to a shell."""
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call) and event.callee.rpartition(".")[2] in _SHELLS:
                for argument in event.arguments:
                    if argument.value is not None and isinstance(argument.value.value, str):
                        yield from argument.value.value.replace("'", " ").replace('"', " ").split()


def _last(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


_FIT = """
import pandas as pd
from sklearn.linear_model import LogisticRegression

table = pd.read_csv("data/train.csv"){mark}
model = LogisticRegression(random_state=0)
model.fit(table[["x"]], table["y"])
"""
_MARK = "  # expect: DAT003"
rule.flags({"train.py": _FIT.format(mark=_MARK)}, title="A table that is nowhere")
rule.flags(
    {
        "train.py": """
        import numpy as np
        import torch

        def main():
            features = np.load("features/all.npy")  # expect: DAT003
            model = torch.nn.Linear(4, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            loss = model(torch.from_numpy(features)).mean()
            loss.backward()
            optimizer.step()

        if __name__ == "__main__":
            main()
        """
    },
    title="An array",
)
rule.flags(
    {
        "run.py": "from loading import load\nfrom sklearn.svm import SVC\n\nx, y = load()\nSVC().fit(x, y)\n",
        "loading.py": """
        import pandas as pd

        TRAIN = "raw/measurements.parquet"

        def load():
            table = pd.read_parquet(TRAIN)  # expect: DAT003
            return table, table.pop("label")
        """,
    },
    title="In a module that the program imports",
)
rule.flags(
    {
        "train.py": """
        import json

        from sklearn.svm import SVC

        with open("data/labels.json") as file:  # expect: DAT003
            labels = json.load(file)
        SVC().fit(labels["x"], labels["y"])
        """
    },
    title="A folder of data",
)
rule.flags({"train.py": _FIT.format(mark=_MARK), "data/test.csv.dvc": "outs:\n- md5: 0\n  path: test.csv\n"})
rule.flags(
    {"train.py": _FIT.format(mark=_MARK), "data/.gitkeep": "", "README.md": "Get train.csv from the shared drive"},
    title="A README that tells where it was",
)
_KEDRO = {
    "conf/base/catalog.yml": """
        companies:
          type: pandas.CSVDataset
          filepath: data/01_raw/companies.csv  # expect: DAT003
        reviews:
          type: pandas.CSVDataset
          filepath: s3://bucket/01_raw/reviews.csv
        prices:
          type: pandas.CSVDataset
          filepath: data/01_raw/prices.csv
          versioned: true
        shuttles:
          type: pandas.ExcelDataset
          filepath: data/01_raw/shuttles.xlsx
        table:
          type: pandas.ParquetDataset
          filepath: data/03_primary/table.pq
        """,
    "src/rockets/nodes.py": "from sklearn.svm import SVC\n\n\ndef fit(table):\n    return SVC().fit(table, table)\n",
    "src/rockets/pipeline.py": """
        from kedro.pipeline import node

        from rockets.nodes import fit

        NODES = [node(fit, "companies", "table"), node(func=fit, inputs="table", outputs="shuttles")]
        """,
}
rule.flags(_KEDRO, title="Raw data in Kedro's catalog")
rule.allows(
    {
        **_KEDRO,
        "conf/base/catalog.yml": _KEDRO["conf/base/catalog.yml"].replace("  # expect: DAT003", ""),
        "data/01_raw/companies.csv.dvc": "outs:\n- md5: 00f7d50ab4278a7899d7499481c9603a\n  path: companies.csv\n",
    },
    title="Raw data that DVC has",
)
rule.flags(
    {
        "flow.py": """
        from metaflow import FlowSpec, IncludeFile, step
        from sklearn.svm import SVC

        class Train(FlowSpec):
            table = IncludeFile("table", default="data/table.csv")  # expect: DAT003

            @step
            def start(self):
                SVC().fit(self.table, self.table)

        if __name__ == "__main__":
            Train()
        """
    },
    title="A file that a flow of Metaflow includes",
)
rule.allows({"train.py": _FIT.format(mark=""), "data/train.csv": "x,y\n1,0\n"}, title="In git")
rule.allows(
    {
        "train.py": _FIT.format(mark=""),
        "data/train.csv.dvc": "outs:\n- md5: 00f7d50ab4278a7899d7499481c9603a\n  path: train.csv\n",
    },
    title="In DVC",
)
rule.allows(
    {
        "train.py": _FIT.format(mark=""),
        "dvc.yaml": "stages:\n  export:\n    cmd: python export.py\n    outs: [data]\n",
    },
    title="What a stage makes",
)
rule.allows(
    {
        "train.py": _FIT.format(mark=""),
        "make_data.py": 'import pandas as pd\n\npd.DataFrame({"x": [1], "y": [0]}).to_csv("data/train.csv")\n',
    },
    title="What another program makes",
)
rule.allows(
    {"train.py": _FIT.format(mark=""), "get_data.sh": "curl -o data/train.csv https://example.com/v1.0/train.csv\n"},
    title="What a script fetches",
)
rule.allows(
    {
        "train.py": """
        import hashlib
        from pathlib import Path

        import pandas as pd
        from sklearn.svm import SVC

        if hashlib.sha256(Path("data/train.csv").read_bytes()).hexdigest() != "0b5e":
            raise SystemExit("other data")
        table = pd.read_csv("data/train.csv")
        SVC().fit(table[["x"]], table["y"])
        """
    },
    title="Compared with a hash",
)
rule.allows(
    {
        "train.py": _FIT.format(mark=""),
        "Snakefile": 'rule table:\n    output: "data/train.csv"\n    script: "table.R"\n',
    },
    title="What a rule of Snakemake makes",
)
rule.allows(
    {
        "train.py": "import os\n\nos.system('gsutil cp gs://bucket/train.csv data/train.csv')\n" + _FIT.format(mark=""),
    },
    title="What the program itself fetches",
)
rule.allows({"report.py": 'import pandas as pd\n\nprint(pd.read_csv("data/results.csv"))\n'}, title="No training")
