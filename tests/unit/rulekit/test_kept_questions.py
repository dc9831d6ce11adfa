"""Questions about a project: what is kept of them between scans, and what a cache can't make them call."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import msgspec
import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import FileFacts
from reprocheck.project.index.answers import Answers, Kept, digest
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import Catalog, Project

CALLED: list[str] = []


def facts_of(path: str, text: str) -> FileFacts:
    return extract(PythonFile(SourceText(path, text), ast.parse(text), ()))


def project_of(files: dict[str, str], kept: Kept | None = None) -> Project:
    facts = {path: facts_of(path, text) for path, text in files.items()}
    answers = Answers({path: digest(each) for path, each in facts.items()}, kept)
    return Project(ProjectIndex(facts, paths=files, answers=answers), Catalog())


def classes_in(project: Project, folder: str) -> int:
    """How many classes the files of a folder have."""
    CALLED.append(f"classes in {folder}")
    files = (path for path in project.index.files if path.startswith(folder))
    return sum(len(project.index.files[path].classes) for path in files)


def _of_file(project: Project, path: str) -> Iterator[tuple[str, int]]:
    CALLED.append(path)
    yield path, project.value_of(classes_in, "lib/")


def no_question(path: str) -> str:
    CALLED.append(f"no question {path}")
    return path


def annotated_otherwise(project: str) -> str:
    return no_question(project)


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    CALLED.clear()


def test_a_value_of_the_project_is_found_again_by_its_name() -> None:
    files = {"a.py": "x = 1\n", "lib/b.py": "class B:\n    pass\n"}
    first = project_of(files)
    assert list(first.of_files(_of_file)) == [("a.py", 1), ("lib/b.py", 1)]
    kept = first.index.answers.keep()
    CALLED.clear()
    same = project_of({**files, "lib/b.py": "class C:\n    pass\n\n\ndef f():\n    pass\n"}, kept)
    assert list(same.of_files(_of_file)) == [("a.py", 1), ("lib/b.py", 1)]
    assert CALLED == ["classes in lib/"]
    CALLED.clear()
    other = project_of({**files, "lib/b.py": "x = 1\n"}, kept)
    assert list(other.of_files(_of_file)) == [("a.py", 0), ("lib/b.py", 0)]
    assert CALLED == ["classes in lib/", "a.py", "lib/b.py"]


@pytest.mark.parametrize(
    "name",
    [
        f"{__name__}:no_question\0x",
        f"{__name__}:annotated_otherwise\0x",
        f"{__name__}:facts_of\0x\0y",
        f"{__name__}:CALLED",
        "os:getcwd",
        "builtins:print",
        "no.such.module:name",
        "malformed",
    ],
)
def test_a_cache_can_name_no_other_function(name: str) -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode(1))
    crafted = Kept([(f"\0value\0{name}", b"")], [[0]], {"asked": [("", 0, raw)]})
    project = project_of({"a.py": "x = 1\n"}, crafted)
    assert project.index.answers.answer("asked", "", int, lambda: 2) == 2
    assert CALLED == []


@pytest.mark.parametrize("question", [no_question, annotated_otherwise, Project.value, len])
def test_what_can_not_be_found_by_its_name_is_refused(question: Callable[..., int]) -> None:
    with pytest.raises(TypeError, match="no function of a module"):
        project_of({"a.py": "x = 1\n"}).value_of(question)
