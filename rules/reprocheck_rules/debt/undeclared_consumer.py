"""Code reads a file or table that another component writes, and nothing declares that the two belong together.

## Why
Who changes the writer sees no reader: a renamed column, another separator or another split arrives in the other
component without a word, often as slightly worse numbers. Undeclared consumers are what makes a change to an ML system
expensive.

## Fix
Declare the edge: a stage each in `dvc.yaml`, Snakemake or a Makefile with what it reads and writes; or agree on a
schema that the reader checks (pandera, pydantic, Great Expectations). At the least, keep the path in one constant that
both import, and say in the read-me file what is run first.

## Notes
Looked at are names that are known in full on both sides. Silent are files that a pipeline declares, that git or DVC
keeps, or whose path both programs take from one place; programs that one script, pipeline, Makefile or read-me file
names together, that import or start one another, and notebooks that are numbered; readers that check a schema. In one
folder, or by the default of an option, the confidence is low.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from reprocheck.rulekit import Confidence, Match, Note, Project, Rule
from reprocheck.rulekit.artifacts import PROGRAMS, Edge, Node, NodeKind, Use, artifact_graph

rule = Rule("DBT004", "undeclared-consumer", __doc__, confidence="medium")

_KINDS = frozenset({NodeKind.DATA, NodeKind.MODEL, NodeKind.TABLE})
_PASSING = re.compile(r"(^|/)(tmp|temp|cache|\.cache|logs?|tests?)(/|$)|^/tmp/", re.IGNORECASE)
_TESTS = re.compile(r"(^|/)(tests?|testing|docs?)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$")
_SCHEMAS = (
    "pandera", "great_expectations", "pydantic", "jsonschema", "marshmallow", "cerberus", "tensorflow_data_validation",
    "patito", "dataframely", "evidently", "deepchecks", "soda", "pyspark.sql.types", "sqlmodel", "sqlalchemy.orm",
)  # fmt: skip
_NUMBERED = re.compile(r"^(\d+|part|step|lesson|section|chapter|day)[\d_.\s-]", re.IGNORECASE)
_COLUMNS = 3
_SHOWN = 4


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every artifact with a writer and a reader that are not the same program."""
    graph = artifact_graph(project)
    edges: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        edges.setdefault(edge.artifact, []).append(edge)
    together = _Together(project)
    for node in graph.nodes:
        if node.kind in PROGRAMS or node.kind not in _KINDS or not node.exact or _PASSING.search(node.id):
            continue
        used = edges.get(node.id, [])
        if node.kept or any(edge.declared for edge in used) or _lies_in_declared(node, graph.edges):
            continue
        yield from _of_artifact(project, node, used, together)


def _lies_in_declared(node: Node, edges: tuple[Edge, ...]) -> bool:
    return any(edge.declared and node.id.startswith(f"{edge.artifact}/") for edge in edges)


def _of_artifact(project: Project, node: Node, used: list[Edge], together: _Together) -> Iterator[Match]:
    writers = [edge for edge in used if edge.writes and _counts(edge)]
    readers = [edge for edge in used if not edge.writes and _counts(edge)]
    loose = [
        reader
        for reader in readers
        if writers
        and all(writer.program != reader.program for writer in writers)
        and not any(together.are(writer, reader) for writer in writers)
        and not _checks_schema(project, reader)
    ]
    if not loose:
        return
    first, writer = loose[0], writers[0]
    use, source = first.uses[0], writer.uses[0]
    far = _folder(first.program) != _folder(writer.program) and not (use.by_option or source.by_option)
    thing = "the table " if node.kind is NodeKind.TABLE else ""
    message = (
        f"{_taken(use)}{thing}`{node.name}` is what `{writer.program}` writes, and nothing declares it: no stage of a "
        "pipeline, no schema, no shared path"
    )
    trail = [project.note(source.path, source.span, f"`{writer.program}` writes it{_given(source)}")]
    trail += _others(project, loose[1:])
    yield project.match(
        use.path, use.span, message, confidence=Confidence.MEDIUM if far else Confidence.LOW, trail=trail
    )


def _taken(use: Use) -> str:
    """Which columns the reader takes."""
    if not use.columns:
        return ""
    shown = ", ".join(f"`{column}`" for column in use.columns[:_COLUMNS])
    more = f" and {len(use.columns) - _COLUMNS} more columns" if len(use.columns) > _COLUMNS else ""
    return f"{shown}{more} of "


def _given(use: Use) -> str:
    return (
        f", with {', '.join(f'`{column}`' for column in use.columns[:_COLUMNS])} among its columns"
        if use.columns
        else ""
    )


def _others(project: Project, readers: list[Edge]) -> list[Note]:
    return [
        project.note(edge.uses[0].path, edge.uses[0].span, f"`{edge.program}` reads it too")
        for edge in readers[:_SHOWN]
    ]


def _counts(edge: Edge) -> bool:
    return edge.certain and not _TESTS.search(edge.program) and edge.program.endswith((".py", ".ipynb"))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _checks_schema(project: Project, edge: Edge) -> bool:
    """Whether what the reader runs has a library that checks schemas."""
    return not project.index.reached([edge.program]).isdisjoint(project.once(_checking))


def _checking(project: Project) -> frozenset[str]:
    return frozenset(project.of_files(_checks))


def _checks(project: Project, path: str) -> Iterator[str]:
    """The module, where it imports a library that checks schemas."""
    targets = project.index.files[path].imports.values()
    if any(target == schema or target.startswith(f"{schema}.") for target in targets for schema in _SCHEMAS):
        yield path


def _programs_in(project: Project, path: str) -> Iterator[tuple[str, ...]]:
    """Names of the project's programs and modules among the words of a document's commands."""
    names = project.once(_names)
    document = project.index.documents[path]
    words = (word for command in (*document.commands, *document.shown) for word in command.words)
    lasts = (word.rpartition("/")[2] for word in words)
    found = {last for last in lasts if last in names or last.endswith((".py", ".ipynb"))}
    if found:
        yield tuple(sorted(found))


def _names(project: Project) -> frozenset[str]:
    paths = project.index.files
    return frozenset(path.rpartition("/")[2] for path in paths) | frozenset(map(_module, paths))


def _module(path: str) -> str:
    """How a module is started as such: `python -m package.prepare`."""
    return path.removesuffix(".py").replace("/", ".")


class _Together:
    """Which programs something names together."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _documents(self) -> list[frozenset[str]]:
        """Names of programs in each document that has some."""
        return [frozenset(names) for names in self._project.of_documents(_programs_in)]

    def are(self, writer: Edge, reader: Edge) -> bool:
        """Whether two programs are declared to belong together, or share the path."""
        one, other = writer.program, reader.program
        names = {one.rpartition("/")[2], other.rpartition("/")[2]}
        if any(names <= words for words in self._documents) or self._in_read_me(one, other):
            return True
        if all(_NUMBERED.match(name) for name in names) or self._starts(one, other) or self._starts(other, one):
            return True
        return self._share_path(writer, reader)

    def _in_read_me(self, one: str, other: str) -> bool:
        """Whether modules are started as such."""
        names = {_module(one), _module(other)}
        return any(names <= words for words in self._documents)

    def _starts(self, one: str, other: str) -> bool:
        if other in self._project.index.reached([one]):
            return True
        name = other.rpartition("/")[2]
        facts = self._project.index.files.get(one)
        return facts is not None and any(name in text for text in facts.strings)

    def _share_path(self, writer: Edge, reader: Edge) -> bool:
        """Whether both run a module of the project that has the name of the artifact."""
        last = writer.artifact.rpartition("/")[2]
        common = self._project.index.reached([writer.program]) & self._project.index.reached([reader.program])
        return any(
            any(last in text for text in self._project.index.files[path].strings)
            for path in common
            if path in self._project.index.files
        )


_WRITER = """
import pandas as pd

table = pd.read_json("https://example.com/visits.json")
table["minutes"] = table["seconds"] / 60
table.to_csv("data/visits.csv")
"""
_READER = """
import pandas as pd

visits = pd.read_csv("data/visits.csv"){mark}
print(visits["minutes"].mean())
"""
_MARK = "  # expect: DBT004"

rule.flags({"ingest/export.py": _WRITER, "reports/weekly.py": _READER.format(mark=_MARK)}, title="Two components")
rule.flags(
    {
        "training/fit.py": """
        import joblib
        from sklearn.svm import SVC

        joblib.dump(SVC(), "artifacts/model.joblib")
        """,
        "service/app.py": """
        import os

        import joblib
        from flask import Flask

        app = Flask(__name__)
        model = joblib.load(os.path.join("artifacts", "model.joblib"))  # expect: DBT004
        """,
    },
    title="A model and a service",
)
rule.flags(
    {
        "etl/load.py": """
        import pandas as pd
        import sqlalchemy

        engine = sqlalchemy.create_engine("postgresql://db/shop")
        pd.read_csv("https://example.com/orders.csv").to_sql("orders", engine)
        """,
        "model/train.py": """
        import pandas as pd
        import sqlalchemy

        engine = sqlalchemy.create_engine("postgresql://db/shop")
        orders = pd.read_sql("SELECT price, count FROM orders ORDER BY id", engine)  # expect: DBT004
        """,
    },
    title="A table of a database",
)
rule.flags(
    {
        "features/build.py": """
        from pathlib import Path

        import numpy as np

        OUT = Path(__file__).parent.parent / "store"
        np.save(OUT / "features.npy", np.ones(3))
        """,
        "ranking/score.py": """
        import numpy as np

        features = np.load("store/features.npy")  # expect: DBT004
        """,
    },
    title="Put together in two ways",
)
rule.flags(
    {
        "jobs/nightly.py": """
        import argparse
        import json

        parser = argparse.ArgumentParser()
        parser.add_argument("--out", default="exports/thresholds.json")
        args = parser.parse_args()
        with open(args.out, "w") as file:
            json.dump({"high": 0.9}, file)
        """,
        "api/main.py": """
        import json

        with open("exports/thresholds.json") as file:  # expect: DBT004
            THRESHOLDS = json.load(file)
        print(THRESHOLDS)
        """,
    },
    title="By the default of an option",
)
rule.flags(
    {
        "ingest/export.py": _WRITER,
        "reports/weekly.py": _READER.format(mark=_MARK),
        "dvc.yaml": "stages:\n  export:\n    cmd: python ingest/export.py\n    outs: [data/other.csv]\n",
    },
    title="A pipeline that declares something else",
)
rule.allows(
    {
        "ingest/export.py": _WRITER,
        "reports/weekly.py": _READER.format(mark=""),
        "dvc.yaml": "stages:\n  export:\n    cmd: python ingest/export.py\n    outs: [data/visits.csv]\n",
    },
    title="An output of a stage",
)
rule.allows(
    {
        "ingest/export.py": _WRITER,
        "reports/weekly.py": _READER.format(mark=""),
        "run.sh": "python ingest/export.py\npython reports/weekly.py\n",
    },
    title="One script runs both",
)
rule.allows(
    {
        "ingest/export.py": _WRITER,
        "reports/weekly.py": "import pandera as pa\n" + _READER.format(mark=""),
    },
    title="The reader checks a schema",
)
rule.allows(
    {
        "ingest/export.py": "from shared import VISITS\n" + _WRITER.replace('"data/visits.csv"', "VISITS"),
        "reports/weekly.py": "from shared import VISITS\n"
        + _READER.format(mark="").replace('"data/visits.csv"', "VISITS"),
        "shared.py": 'VISITS = "data/visits.csv"\n',
    },
    title="One place says the path",
)
rule.allows(
    {"ingest/export.py": _WRITER.replace("data/visits", "data/clicks"), "reports/weekly.py": _READER.format(mark="")},
    title="Another file",
)
rule.allows(
    {
        "ingest/export.py": _WRITER,
        "reports/weekly.py": _READER.format(mark=""),
        "README.md": "# Run\n\n```\npython ingest/export.py\npython reports/weekly.py\n```\n",
    },
    title="The read-me file says the order",
)
rule.allows(
    {"reports/weekly.py": _READER.format(mark=""), "data/visits.csv": "seconds,minutes\n60,1\n"}, title="Data in git"
)
