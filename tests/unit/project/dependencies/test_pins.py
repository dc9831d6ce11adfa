"""A pin is written in the form of the file, and read back as that one version."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.fix.text_edits import edit_text
from reprocheck.model.fix import ReplaceExpression, ReplaceText
from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.dependencies.pins import pin, rename
from reprocheck.project.source import SourceText

Declared = Callable[[str, str], DependencyFacts]

REQUIREMENTS = """\
torch >= 2.0  # why
ray[tune] (>=2) ; python_version < "3.13"
pandas
scipy~=1.0;sys_platform=="linux"
"""
PYPROJECT = """\
[project]
dependencies = [
  "torch>=2.4",  # why
  'ray[tune] >= 2 ; python_version < "3.13"',
]
[tool.poetry.dependencies]
pandas = "^2.1"
scipy = {version = "^1", extras = ["x"]}
flask = {extras = ["async"], version="*"}
"""
CONDA = """\
name: wine
channels: [conda-forge]
dependencies:
  - numpy>=1.14
  - "conda-forge::scipy >=1"
  - pandas
  - pip:
    - mlflow
    - "torch>=2" # why
"""
PIPFILE = '[packages]\npandas = "*"\nray = {version = "*", extras = ["tune"]}\n'


def _pinned(facts: DependencyFacts, text: str) -> tuple[str, int]:
    """The text with every edit made, and how many could not be."""
    source = SourceText(facts.path, text)
    edits = [pin(facts, source, dependency, "==9.8.7+cu121") for dependency in facts.dependencies]
    written = edit_text(text, [edit for edit in edits if edit is not None])
    assert isinstance(written, str)
    return written, edits.count(None)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", REQUIREMENTS),
        ("pyproject.toml", PYPROJECT),
        ("environment.yml", CONDA),
        ("Pipfile", PIPFILE),
    ],
)
def test_every_requirement_is_left_with_the_version_and_all_else_as_it_was(
    path: str, text: str, declared: Declared
) -> None:
    before = declared(path, text)
    written, refused = _pinned(before, text)
    after = declared(path, written)

    assert refused == 0
    assert {dependency.specifier for dependency in after.dependencies} == {"==9.8.7"}
    for old, new in zip(before.dependencies, after.dependencies, strict=True):
        assert (old.name, old.extras, old.marker, old.group) == (new.name, new.extras, new.marker, new.group)
    assert written.count("# why") == text.count("# why")
    assert written.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "torch \\\n  >= 2\n"),
        ("requirements.txt", "torch @ git+https://example.org/torch\n"),
        ("pyproject.toml", '[tool.poetry.dependencies.ray]\nversion = "^2"\n'),
        ("pyproject.toml", '[project]\ndependencies = ["tor\\u0063h>=2"]\n'),
        ("setup.py", "from setuptools import setup\n\nsetup(install_requires=['torch>=2'])\n"),
    ],
)
def test_what_is_written_in_another_way_is_left_alone(path: str, text: str, declared: Declared) -> None:
    assert _pinned(declared(path, text), text) == (text, 1)


@pytest.mark.parametrize("version", ["", "==2.*", ">=2", "==$VERSION", "==2\n--index-url=x"])
def test_only_a_version_is_written(version: str, declared: Declared) -> None:
    facts = declared("requirements.txt", "torch>=2\n")
    edit: ReplaceText | None = pin(facts, SourceText(facts.path, "torch>=2\n"), facts.dependencies[0], version)

    assert edit is None


@pytest.mark.parametrize(
    ("path", "text", "exact", "wanted"),
    [
        ("requirements.txt", "sklearn==0.0 ; os_name == 'nt'  # why\n", "", "scikit-learn ; os_name == 'nt'  # why\n"),
        ("requirements.txt", "sklearn\n", "1.5.1", "scikit-learn==1.5.1\n"),
        ("requirements.txt", "sklearn[a] >=2\n", None, "scikit-learn[a] >=2\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["sklearn>=0"]\n',
            "",
            '[project]\ndependencies = ["scikit-learn"]\n',
        ),
        ("Pipfile", '[packages]\nsklearn = "==0.0"\n', "", '[packages]\nscikit-learn = "*"\n'),
        (
            "Pipfile",
            "[packages]\nsklearn = {version = '==1'}\n",
            None,
            "[packages]\nscikit-learn = {version = '==1'}\n",
        ),
    ],
)
def test_another_package_takes_the_place_of_one(
    path: str, text: str, exact: str | None, wanted: str, declared: Declared
) -> None:
    facts = declared(path, text)
    edit = rename(facts, SourceText(path, text), facts.dependencies[0], "scikit-learn", exact)

    assert isinstance(edit, ReplaceText)
    assert edit_text(text, [edit]) == wanted


def test_a_name_in_a_program_is_an_expression(declared: Declared) -> None:
    text = "from setuptools import setup\n\nsetup(install_requires=['numpy', 'sklearn>=0'])\n"
    facts = declared("setup.py", text)
    edit = rename(facts, SourceText("setup.py", text), facts.dependencies[1], "scikit-learn", "")

    assert edit == ReplaceExpression(facts.dependencies[1].span, "'scikit-learn'", "setup.py")
