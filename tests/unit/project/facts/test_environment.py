"""What a project says of images and environment variables: sets, hands through, mentions, cannot do without."""

from __future__ import annotations

import ast
import json

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.dockerfile import read_dockerfile
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.facts import documents
from reprocheck.project.facts.extract import extract
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.notebook import read_notebook
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText


def required(text: str) -> list[tuple[str, int, int]]:
    facts = extract(PythonFile(SourceText("a.py", text), ast.parse(text)))
    return [(read.name, read.span.line, read.function) for read in facts.required]


def test_reads_that_fail_without_the_variable() -> None:
    text = (
        "import os\nfrom os import environ\n\nTOKEN = os.environ['TOKEN']\n\n"
        "def f():\n    os.environ['SET'] = '1'\n    del os.environ['SET']\n    os.environ.get('SOFT')\n"
        "    return environ['HOST'], os.environ[name]\n"
    )
    assert required(text) == [("TOKEN", 4, 0), ("HOST", 10, 1)]


def test_reads_that_the_code_is_prepared_for_are_not_required() -> None:
    text = (
        "import os\n\ntry:\n    a = os.environ['A']\nexcept KeyError:\n    a = os.environ['B']\n"
        "if 'C' in os.environ:\n    c = os.environ['C']\n"
    )
    assert required(text) == [("B", 6, 0)]


def test_other_subscripts_require_nothing() -> None:
    assert required("import os\n\nenviron = {}\nprint(environ['A'], os.path, x['B'])\n") == []


def test_a_dockerfile_names_images_and_arguments() -> None:
    text = (
        "ARG BASE=python:3.11\nFROM $BASE AS build\nARG TOKEN\nENV MODE=fast\n"
        "FROM debian:12\nCOPY --from=tools:1 /a /a\nCOPY --from=build /b /b\n"
    )
    source = SourceText("Dockerfile", text)
    facts = documents.of_dockerfile(source, read_dockerfile(source))
    assert [(image.name, image.span.line, image.copied) for image in facts.images] == [
        ("python:3.11", 2, False),
        ("debian:12", 5, False),
        ("tools:1", 6, True),
    ]
    assert facts.variables == {"MODE": "fast"}
    assert facts.mentions == ("BASE", "TOKEN")


def test_compose_hands_variables_through() -> None:
    source = SourceText("compose.yml", "services:\n  a:\n    environment:\n      - WANDB_API_KEY\n      - MODE=fast\n")
    facts = documents.of_tree(source, read_yaml(source), "yaml")
    assert (facts.mentions, facts.variables) == (("WANDB_API_KEY",), {"MODE": "fast"})


@pytest.mark.parametrize(
    "written",
    [
        'command: ["sh", "-c", "pip install timm && python train.py"]',
        'command: ["/bin/bash", "-euxc"]\nargs: ["pip install timm && python train.py"]',
        'command: [bash]\nargs: ["-lc", "pip install timm && python train.py"]',
        "command: bash -c 'pip install timm && python train.py'",
        "args:\n  - |\n    pip install timm\n    python train.py",
        "run: docker run --rm image bash -c 'pip install timm && python train.py'",
    ],
)
def test_what_a_shell_is_started_with_is_read_as_commands(written: str) -> None:
    source = SourceText("job.yaml", f"{written}\n")
    words = [command.words for command in documents.of_tree(source, read_yaml(source), "yaml").commands]
    assert words[-2:] == [("pip", "install", "timm"), ("python", "train.py")]


def test_the_option_of_another_program_is_no_shell() -> None:
    source = SourceText("job.yaml", 'command: ["python", "-c", "import timm; timm.version"]\n')
    (command,) = documents.of_tree(source, read_yaml(source), "yaml").commands
    assert command.words[0] == "python"


def test_a_readme_mentions_names_in_capitals() -> None:
    assert kind_of("docs/README.md") is FileKind.README
    facts = documents.of_readme(SourceText("README.md", "Set `DATA_ROOT` and `HOST`; I use PyTorch.\n"))
    assert facts.mentions == ("DATA_ROOT", "HOST")


def test_a_notebook_keeps_what_it_hands_to_a_shell() -> None:
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["!pip install timm"]}
    text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    notebook = read_notebook("a.ipynb", text.encode())
    lines = [(line.text, line.place.span) for line in notebook.shell_lines]
    (command,) = documents.of_notebook_shell(lines)
    assert command.words == ("pip", "install", "timm")
    assert isinstance(command.span, Span)
