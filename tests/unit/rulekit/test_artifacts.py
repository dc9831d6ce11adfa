"""Who writes and who reads what: paths put together, programs and stages, tables, columns."""

from __future__ import annotations

import pytest

from reprocheck.model.artifact_graph import ArtifactGraph, NodeKind
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.work_tree import WorkTree
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.join import join

KNOWLEDGE = load_knowledge(KnowledgeSources())
DATA = """
class Data:
    def __init__(self, root="a"):
        self.root = root
    def load(self):
        return open(os.path.join(self.root, "b.csv"))
Data().load()
"""
RULE = KNOWLEDGE.rules["ART006"]
ANALYZER = Analyzer([RULE], KNOWLEDGE.catalog)


def graph(files: dict[str, str]) -> ArtifactGraph:
    listed = [ProjectFile(path=path, location="", kind=kind_of(path), size=len(text)) for path, text in files.items()]
    facts = {file.path: ANALYZER.analyze(file, files[file.path].encode()).facts for file in listed}
    facts = {path: encoded for path, encoded in facts.items() if encoded}
    tree = WorkTree({path: text.encode() for path, text in files.items()})
    found = join(facts, listed, [], KNOWLEDGE.catalog, tree=tree, graph=True).graph
    assert found is not None
    return found


def edges(files: dict[str, str]) -> set[tuple[str, str, str]]:
    return {(edge.program, "->" if edge.writes else "<-", edge.artifact) for edge in graph(files).edges}


@pytest.mark.parametrize(
    ("code", "artifact"),
    [
        ('open("a/b.csv")', "a/b.csv"),
        ('FOLDER = "a"\nopen(os.path.join(FOLDER, "b.csv"))', "a/b.csv"),
        ('name = "b"\nopen(f"a/{name}.csv")', "a/b.csv"),
        ('open("a/" + "b" + ".csv")', "a/b.csv"),
        ('HERE = Path(__file__).resolve().parent\n(HERE / "a" / "b.csv").read_text()', "src/a/b.csv"),
        ('open(Path(os.path.dirname(__file__), "..", "a", "b.csv"))', "a/b.csv"),
        ('open(yaml.safe_load(open("p.yaml"))["data"]["raw"])', "raw/all.csv"),
        ('for split in ("train", "test"):\n    open(f"a/{split}.csv")', "a/{split}.csv"),
        ('def load(path, name="b"):\n    return open(f"{path}/{name}.csv")\nload("a")', "a/b.csv"),
        (DATA, "a/b.csv"),
        ('open("s3://bucket/b.csv")', "s3://bucket/b.csv"),
        ('open("/data/b.csv")', "/data/b.csv"),
    ],
)  # fmt: skip
def test_paths_are_put_together(code: str, artifact: str) -> None:
    files = {
        "src/main.py": f"import os\nfrom pathlib import Path\nimport yaml\n{code}\n",
        "p.yaml": "data:\n  raw: raw/all.csv\n",
        "README.md": "",
    }
    assert ("src/main.py", "<-", artifact) in edges(files)


def test_options_have_their_defaults_until_a_command_gives_them() -> None:
    code = """
import argparse, sys
parser = argparse.ArgumentParser()
parser.add_argument("--out-dir", default="out")
args = parser.parse_args()
open(sys.argv[1])
open(args.out_dir + "/model.pt", "w")
"""
    assert ("run.py", "->", "out/model.pt") in edges({"run.py": code})
    given = edges({"run.py": code, "run.sh": "python run.py data/x.csv --out-dir best\n"})
    assert {("run.py", "->", "best/model.pt"), ("run.py", "<-", "data/x.csv")} <= given


def test_what_can_not_be_told_is_unknown_and_belongs_to_its_program() -> None:
    found = graph({"a.py": "def f(p):\n    open(p)\nf(input())\n", "b.py": "def f(p):\n    open(p)\nf(input())\n"})
    unknown = [node for node in found.nodes if node.kind is NodeKind.UNKNOWN]
    assert [(node.name, node.exact) for node in unknown] == [("{p}", False)] * 2
    assert len({node.id for node in unknown}) == 2


def test_a_name_with_a_hole_stands_for_what_others_write() -> None:
    files = {
        "make.py": "for s in ('train', 'test'):\n    open(f'data/{s}.bin', 'wb')\n",
        "train.py": "open('data/train.bin', 'rb')\n",
    }
    found = graph(files)
    (edge,) = [edge for edge in found.edges if edge.program == "make.py"]
    assert (edge.artifact, edge.writes, edge.certain) == ("data/train.bin", True, False)


def test_stages_and_rules_declare_what_their_programs_use() -> None:
    files = {
        "prep.py": "import sys\n",
        "fit.py": "print(1)\n",
        "dvc.yaml": "stages:\n  prep:\n    cmd: python prep.py\n    deps: [prep.py, raw.csv]\n    outs: [clean.csv]\n",
        "Snakefile": 'rule fit:\n    input: "clean.csv"\n    output: "m.pkl"\n    shell: "python fit.py"\n',
        "get.sh": "curl -o raw.csv https://example.com/raw.csv\n",
    }
    found = graph(files)
    pairs = {(edge.program, edge.writes, edge.artifact, edge.declared) for edge in found.edges}
    assert pairs >= {
        ("prep.py", False, "raw.csv", True),
        ("prep.py", True, "clean.csv", True),
        ("fit.py", False, "clean.csv", True),
        ("fit.py", True, "m.pkl", True),
        ("get.sh", True, "raw.csv", False),
    }
    assert next(node.stages for node in found.nodes if node.id == "prep.py") == ("prep",)


def test_tables_and_columns() -> None:
    code = """
import pandas as pd
visits = pd.read_sql("SELECT a.x FROM shop.visits a JOIN users u ON u.id = a.id WHERE x > 1", con)
table = pd.read_csv("t.csv")
table["total"] = table["price"] * table[["count", "rate"]].sum()
table.to_csv("out.csv")
table.to_sql("totals", con)
"""
    found = graph({"a.py": code})
    assert {edge.artifact: edge.writes for edge in found.edges} == {
        "table shop.visits": False,
        "table users": False,
        "table totals": True,
        "t.csv": False,
        "out.csv": True,
    }
    columns = {edge.artifact: edge.uses[0].columns for edge in found.edges}
    assert (columns["t.csv"], columns["out.csv"]) == (("count", "price", "rate"), ("total",))


def test_places_have_their_line_and_files_in_folders_belong_to_them() -> None:
    files = {"a.py": "import os\nos.listdir('data')\nopen('data/x.csv')\n", "data/x.csv": "1\n"}
    found = graph(files)
    assert [(member.folder, member.member) for member in found.members] == [("data", "data/x.csv")]
    assert {node.id: node.kept for node in found.nodes if node.path.startswith("data")} == {
        "data": "",
        "data/x.csv": "git",
    }


def test_code_and_what_is_already_open_are_no_artifacts() -> None:
    code = "import json, pickle\nwith open('x.json') as f:\n    json.load(f)\n    pickle.load(f)\nopen('b.py')\n"
    assert edges({"a.py": code, "b.py": "x = 1\n"}) == {("a.py", "<-", "x.json")}
