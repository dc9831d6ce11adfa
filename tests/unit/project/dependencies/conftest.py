"""Reading a file as a scan does, by the kind that its name gives it."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from reprocheck.project.dependencies import read
from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.dependencies.requirements import of_requirements
from reprocheck.project.dependencies.setuptools import of_setup_py
from reprocheck.project.documents.json_file import read_json
from reprocheck.project.documents.requirements_file import read_requirements
from reprocheck.project.documents.toml_file import read_toml
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import Problem, SourceText


def _facts_of(path: str, text: str) -> tuple[DependencyFacts | None, tuple[Problem, ...]]:
    source = SourceText(path, text)
    match kind_of(path):
        case FileKind.PYTHON:
            return of_setup_py(PythonFile(source, ast.parse(text))), ()
        case FileKind.REQUIREMENTS:
            listed = read_requirements(source)
            return of_requirements(source, listed), listed.problems
        case FileKind.DECLARATION:
            return read.of_text(source)
        case FileKind.YAML:
            document = read_yaml(source)
        case FileKind.JSON:
            document = read_json(source)
        case _:
            document = read_toml(source)
    found, problems = read.of_tree(path, document)
    return found, (*document.problems, *problems)


def _declared(path: str, text: str) -> DependencyFacts:
    found, problems = _facts_of(path, text)
    assert found is not None
    assert problems == ()
    return found


@pytest.fixture
def facts_of() -> Callable[[str, str], tuple[DependencyFacts | None, tuple[Problem, ...]]]:
    """What a file declares, and all that could not be read of it."""
    return _facts_of


@pytest.fixture
def declared() -> Callable[[str, str], DependencyFacts]:
    """The same of a file that can be read to its end."""
    return _declared
