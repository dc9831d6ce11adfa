"""Which reader a file needs, by its name."""

from __future__ import annotations

import re

from reprocheck.model.place import Span
from reprocheck.project.dependencies.locks import of_conda_lock, of_package_lock, of_pipfile_lock, of_pixi_lock
from reprocheck.project.dependencies.manifests import of_conda, of_pipfile, read_pixi
from reprocheck.project.dependencies.model import LOCKS, DependencyFacts, SourceKind
from reprocheck.project.dependencies.pyproject import of_pyproject
from reprocheck.project.dependencies.setuptools import of_setup_cfg
from reprocheck.project.documents.tree import Document, Mapping
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.source import Problem, SourceText

_KINDS = {
    "pyproject.toml": SourceKind.PYPROJECT,
    "pipfile": SourceKind.PIPFILE,
    "pixi.toml": SourceKind.PIXI,
    "uv.lock": SourceKind.UV_LOCK,
    "poetry.lock": SourceKind.POETRY_LOCK,
    "pdm.lock": SourceKind.PDM_LOCK,
    "pipfile.lock": SourceKind.PIPFILE_LOCK,
    "pixi.lock": SourceKind.PIXI_LOCK,
}
_PYLOCK = re.compile(r"pylock(?:\.[^./]+)?\.toml")
_CONDA_LOCK = re.compile(r"(?:.+[.-])?conda-lock(?:\.[^/]+)?\.ya?ml")
_CONDA = re.compile(r"(?:.*[-_.])?(?:conda|environment|env|conda[-_]env|conda[-_]environment)(?:[-_.][^/]*)?\.ya?ml")
_PYTHON_VERSION = re.compile(r"\s*(?:python-|cpython-)?(\d+(?:\.\d+){0,2})\b")


def is_lock_name(path: str) -> bool:
    """Whether a file is a lock by its name alone."""
    name = path.rpartition("/")[2].lower()
    named = _KINDS.get(name) in LOCKS or _PYLOCK.fullmatch(name) or _CONDA_LOCK.fullmatch(name)
    return bool(named)


def kind_of_tree(path: str, root: Mapping) -> SourceKind | None:
    """Kind of a TOML, YAML or JSON file; None for one that declares no dependencies."""
    name = path.rpartition("/")[2].lower()
    if (kind := _KINDS.get(name)) is not None:
        return kind
    if _PYLOCK.fullmatch(name):
        return SourceKind.PYLOCK
    if _CONDA_LOCK.fullmatch(name):
        return SourceKind.CONDA_LOCK
    if name.endswith((".yml", ".yaml")) and root.get("dependencies") is not None:
        listed = root.get("channels") is not None or root.get("name") is not None
        return SourceKind.CONDA if _CONDA.fullmatch(name) or (listed and root.get("channels") is not None) else None
    return None


def of_tree(path: str, document: Document) -> tuple[DependencyFacts | None, tuple[Problem, ...]]:
    """What a TOML, YAML or JSON file declares or locks, and what of it could not be read."""
    root = document.roots[0] if document.roots else None
    if not isinstance(root, Mapping):
        return None, ()
    problems: list[Problem] = []
    match kind_of_tree(path, root):
        case None:
            return None, ()
        case SourceKind.PYPROJECT:
            found = of_pyproject(path, root, problems)
        case SourceKind.PIPFILE:
            found = of_pipfile(path, root)
        case SourceKind.CONDA:
            found = of_conda(path, root, problems)
        case SourceKind.PIXI:
            found = read_pixi(path, root)
        case SourceKind.PIPFILE_LOCK:
            found = of_pipfile_lock(path, root)
        case SourceKind.CONDA_LOCK:
            found = of_conda_lock(path, root)
        case SourceKind.PIXI_LOCK:
            found = of_pixi_lock(path, root)
        case kind:
            found = of_package_lock(path, root, kind)
    return found, tuple(problems)


def read_manifest(source: SourceText) -> DependencyFacts | None:
    """What a file declares or locks, by its name; None for one that does neither, and for programs."""
    # The readers are loaded when there is a file to read.
    match kind_of(source.path):
        case FileKind.REQUIREMENTS:
            from reprocheck.project.dependencies.requirements import of_requirements
            from reprocheck.project.documents.requirements_file import read_requirements

            return of_requirements(source, read_requirements(source))
        case FileKind.DECLARATION:
            return of_text(source)[0]
        case FileKind.YAML:
            from reprocheck.project.documents.yaml_file import read_yaml

            document = read_yaml(source)
        case FileKind.TOML:
            from reprocheck.project.documents.toml_file import read_toml

            document = read_toml(source)
        case FileKind.JSON:
            from reprocheck.project.documents.json_file import read_json

            document = read_json(source)
        case _:
            return None
    return of_tree(source.path, document)[0]


def of_text(source: SourceText) -> tuple[DependencyFacts | None, tuple[Problem, ...]]:
    """What a setup.cfg or a .python-version declares."""
    problems: list[Problem] = []
    if source.path.rpartition("/")[2].lower() == "setup.cfg":
        return of_setup_cfg(source, problems), tuple(problems)
    for number, line in enumerate(source.lines, start=1):
        if (found := _PYTHON_VERSION.match(line)) is not None:
            wildcard = "" if found[1].count(".") > 1 else ".*"
            span = Span(number, found.start(1) + 1, number, found.end(1) + 1)
            facts = DependencyFacts(
                source.path, SourceKind.PYTHON_VERSION, python=f"=={found[1]}{wildcard}", python_span=span
            )
            return facts, ()
    return None, ()
