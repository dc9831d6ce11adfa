"""Snakemake's workflows are read without being run."""

from __future__ import annotations

from reprocheck.project.documents.snakefile import read_snakefile
from reprocheck.project.documents.tree import Mapping, Node, Scalar, Sequence
from reprocheck.project.source import SourceText

WORKFLOW = '''\
configfile: "config.yaml"
container: "docker://team/base:1.2"

SAMPLES = ["a", "b"]  # rule not: a rule

rule all:
    input: expand("out/{s}.csv", s=SAMPLES)

rule train:
    input:
        table="data/train.csv",  # the table
        code="src/train.py",
    output: "model.pkl", 'metrics.json'
    params: lr=config["lr"]
    threads: 4
    shell:
        "python {input.code} --lr {params.lr} "
        "> {output[0]}"

if config.get("plots"):
    rule plot:
        output: "plot.png"
        singularity: "docker://team/plots"
        script: "scripts/plot.py"

checkpoint:
    shell: """
    # inside of a text: no comment
    rule fake:
    """

def helper(wildcards):
    output: "not a directive"
'''


Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


def plain(node: Node) -> Plain:
    match node:
        case Scalar(value):
            return value
        case Sequence(items):
            return [plain(item) for item in items]
        case Mapping(entries):
            return {str(entry.key.value): plain(entry.value) for entry in entries}


def read(text: str) -> Mapping:
    (root,) = read_snakefile(SourceText("Snakefile", text)).roots
    assert isinstance(root, Mapping)
    return root


def test_rules_are_read_with_their_texts() -> None:
    assert plain(read(WORKFLOW)) == {
        "rules": {
            "all": {"input": ["out/{s}.csv"]},
            "train": {
                "input": ["data/train.csv", "src/train.py"],
                "output": ["model.pkl", "metrics.json"],
                "params": "lr",
                "threads": [],
                "shell": "python {input.code} --lr {params.lr} > {output[0]}",
            },
            "plot": {"output": ["plot.png"], "singularity": "docker://team/plots", "script": "scripts/plot.py"},
            "rule 4": {"shell": "\n    # inside of a text: no comment\n    rule fake:\n    "},
        },
        "configfile": "config.yaml",
        "container": "docker://team/base:1.2",
    }


def test_texts_have_their_places() -> None:
    rules = read(WORKFLOW).get("rules")
    assert isinstance(rules, Mapping)
    train = rules.get("train")
    assert isinstance(train, Mapping)
    outputs, shell = train.get("output"), train.get("shell")
    assert isinstance(outputs, Sequence)
    assert [(item.span.line, item.span.column) for item in outputs.items] == [(13, 13), (13, 26)]
    assert shell is not None
    assert (shell.span.line, shell.span.end_line) == (17, 18)


def test_windows_line_ends_and_broken_files_are_read() -> None:
    assert plain(read(WORKFLOW.replace("\n", "\r\n"))) != {}
    assert "model.pkl" in str(plain(read(WORKFLOW.replace("\n", "\r\n"))))
    for text in (
        "",
        "rule",
        "rule a:",
        "rule a:\n  input: 'open",
        'rule a:\n  shell: """never closed\n',
        "\0",
        "rule a:\n\tinput:\n",
    ):
        assert "rules" in str(plain(read(text)))
