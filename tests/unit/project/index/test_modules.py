"""Which file an import means."""

from __future__ import annotations

import pytest

from reprocheck.project.index.modules import ModuleTable

PATHS = [
    "train.py",
    "utils.py",
    "app/__init__.py",
    "app/data.py",
    "app/models/__init__.py",
    "app/models/net.py",
    "app/train.py",
    "src/core/engine.py",
    "tools/run.py",
    "tools/utils.py",
    "notes.ipynb",
    "one/vendored.py",
    "two/vendored.py",
    "deep/packages/lib/only.py",
    "both.py",
    "both/__init__.py",
    "app/torch/__init__.py",
    "app/torch/nets.py",
    "tools/random.py",
    "src/logging.py",
]


@pytest.mark.parametrize(
    ("importer", "name", "path"),
    [
        pytest.param("train.py", "app.data", "app/data.py", id="from the root"),
        pytest.param("train.py", "app", "app/__init__.py", id="a package"),
        pytest.param("tools/run.py", "utils", "tools/utils.py", id="beside the importer"),
        pytest.param("app/train.py", "app.data", "app/data.py", id="from above the importer"),
        pytest.param("train.py", "core.engine", "src/core/engine.py", id="a source folder"),
        pytest.param("train.py", "lib.only", "deep/packages/lib/only.py", id="the only one anywhere"),
        pytest.param("app/models/net.py", ".", "app/models/__init__.py", id="the package around"),
        pytest.param("app/models/net.py", "..data", "app/data.py", id="relative, one up"),
        pytest.param("app/models/net.py", "...utils", "utils.py", id="relative, to the root"),
        pytest.param("train.py", "both", "both/__init__.py", id="a package hides a module"),
        pytest.param("train.py", "app.torch", "app/torch/__init__.py", id="a package called like a library"),
        pytest.param("tools/run.py", "random", "tools/random.py", id="a module that hides a library"),
        pytest.param("train.py", "logging", "src/logging.py", id="a module of a source folder that hides a library"),
    ],
)
def test_an_import_means_one_file(importer: str, name: str, path: str) -> None:
    assert ModuleTable(PATHS).find(importer, name) == path


@pytest.mark.parametrize(
    ("importer", "name"),
    [
        pytest.param("train.py", "numpy", id="outside"),
        pytest.param("train.py", "vendored", id="a word that two strangers' folders have"),
        pytest.param("train.py", "notes", id="a notebook"),
        pytest.param("app/data.py", "....utils", id="above the root"),
        pytest.param("app/data.py", ".missing", id="relative, not there"),
        pytest.param("train.py", "torch", id="a library, though a package has a part of that name"),
        pytest.param("app/train.py", "torch", id="a library, from within that package"),
        pytest.param("tools/random.py", "random", id="a library, from a module of that name"),
    ],
)
def test_what_is_not_in_the_project_is_not_found(importer: str, name: str) -> None:
    assert ModuleTable(PATHS).find(importer, name) is None


def test_files_are_found_by_the_end_of_their_path() -> None:
    assert ModuleTable(PATHS).ending("models/net.py") == ["app/models/net.py"]
