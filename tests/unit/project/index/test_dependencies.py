"""Locks are matched with manifests, and those that could not be read are not taken to be missing."""

from __future__ import annotations

import pytest

from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, SourceKind
from reprocheck.project.index.dependencies import Dependencies, distribution

HERE = Span(1, 1, 1, 2)


def manifest(path: str, kind: SourceKind, *names: str, made_from: str = "") -> DependencyFacts:
    return DependencyFacts(path, kind, tuple(Dependency(name, "", HERE) for name in names), made_from=made_from)


def lock(path: str, kind: SourceKind, *names: str, made_from: str = "") -> DependencyFacts:
    return DependencyFacts(path, kind, tuple(Dependency(name, "==1", HERE) for name in names), made_from=made_from)


@pytest.mark.parametrize(
    ("declared", "recorded", "found"),
    [
        (manifest("pyproject.toml", SourceKind.PYPROJECT, "a"), lock("uv.lock", SourceKind.UV_LOCK, "a"), True),
        (manifest("x/pyproject.toml", SourceKind.PYPROJECT, "a"), lock("y/uv.lock", SourceKind.UV_LOCK, "a"), False),
        (manifest("Pipfile", SourceKind.PIPFILE, "a"), lock("Pipfile.lock", SourceKind.PIPFILE_LOCK, "b"), False),
        (
            manifest("requirements.in", SourceKind.REQUIREMENTS, "a"),
            lock("requirements.txt", SourceKind.COMPILED, "a"),
            True,
        ),
        (
            manifest("train.in", SourceKind.REQUIREMENTS, "a"),
            lock("locked/all.txt", SourceKind.COMPILED, "a", made_from="pip-compile ../train.in"),
            True,
        ),
        (manifest("x/requirements.txt", SourceKind.REQUIREMENTS, "a"), lock("uv.lock", SourceKind.UV_LOCK, "a"), True),
        (
            manifest("x/requirements.txt", SourceKind.REQUIREMENTS, "a", "b"),
            lock("uv.lock", SourceKind.UV_LOCK, "a"),
            False,
        ),
    ],
)
def test_which_lock_covers_a_manifest(declared: DependencyFacts, recorded: DependencyFacts, found: bool) -> None:
    index = Dependencies([declared, recorded], frozenset())
    assert (index.lock_of(declared, declared.dependencies[0]) is recorded) is found


def test_a_lock_that_could_not_be_read_is_known_to_be_there() -> None:
    paths = frozenset({"app/uv.lock", "app/pyproject.toml", "env/conda-lock.yml", "notes.txt"})
    index = Dependencies([manifest("app/pyproject.toml", SourceKind.PYPROJECT, "a")], paths)
    assert [index.has_unread_lock(folder) for folder in ("app", "app/serve", "application", "env", "")] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_a_lock_that_was_read_is_not_unread() -> None:
    index = Dependencies([lock("uv.lock", SourceKind.UV_LOCK, "a")], frozenset({"uv.lock"}))
    assert not index.has_unread_lock("")


def test_conda_names_lead_to_those_of_the_package_index() -> None:
    named = [Dependency(name, "", HERE, conda=True) for name in ("pytorch", "opencv", "numpy")]
    assert [distribution(dependency) for dependency in named] == ["torch", "opencv-python", "numpy"]
    assert distribution(Dependency("pytorch", "", HERE)) == "pytorch"
