"""Which versions of libraries a repository declares: its locks first, its requirements else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reprocheck.project.dependencies.pins import bare
from reprocheck.project.discovery import TEXT_LIMIT, ProjectFile
from reprocheck.project.documents.requirements_file import read_requirements
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.source import SourceText, decode_text

_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"})
_CONDA = re.compile(r"^\s*-\s*(?:[\w-]+::)?([A-Za-z0-9_.-]+)\s*(==?\s*[\w.]+|[<>]=?[\w.,<>=]+)?\s*(?:#.*)?$")
_CONDA_NAMES = {"pytorch": "torch", "tensorflow-gpu": "tensorflow"}


class DeclaredVersions(msgspec.Struct, frozen=True):
    """Specifiers by normalized distribution name, sorted."""

    locked: dict[str, tuple[str, ...]] = {}
    """Exact versions in lock files."""
    declared: dict[str, tuple[str, ...]] = {}
    """Specifiers of requirements and project files; empty ones left out."""

    def at_least(self, distribution: str, version: str) -> bool | None:
        """Whether every declaration means `version` or a later one; None when that can't be told."""
        name = canonicalize_name(distribution)
        wanted = Version(version)
        outcomes = [_reaches(specifier, wanted) for specifier in self.locked.get(name) or self.declared.get(name, ())]
        if False in outcomes:
            return False
        return True if outcomes and None not in outcomes else None

    def locked_one(self, distribution: str) -> str:
        """The one version in locks, without its local part; empty where they have none or several."""
        found = {bare(version) for version in self.locked.get(canonicalize_name(distribution), ())}
        return found.pop() if len(found) == 1 else ""


NOTHING_DECLARED = DeclaredVersions()
"""A project without declarations."""


def _reaches(specifier: str, wanted: Version) -> bool | None:
    lower: Version | None = None
    for part in SpecifierSet(specifier):
        try:
            bound = Version(part.version.removesuffix(".*"))
        except InvalidVersion:
            return None
        if part.operator in {"==", "==="}:
            return bound >= wanted
        if part.operator in {"<", "<="} and (bound < wanted or (bound == wanted and part.operator == "<")):
            return False
        if part.operator in {">=", ">", "~="}:
            lower = bound if lower is None else max(lower, bound)
    return True if lower is not None and lower >= wanted else None


def declared_versions(files: Iterable[ProjectFile], given: Mapping[str, bytes] | None = None) -> DeclaredVersions:
    """Read locks, requirements, pyproject.toml and conda files; what can't be read counts as not there.

    `given` is content by path that counts instead of what is on disk.
    """
    locked: dict[str, set[str]] = {}
    declared: dict[str, set[str]] = {}
    for file in files:
        name = file.path.rpartition("/")[2]
        if file.size > TEXT_LIMIT:
            continue
        if name in _LOCKS:
            _collect(locked, _locked(name, _text(file, given)))
        elif file.kind is FileKind.REQUIREMENTS:
            _collect(declared, _required(file.path, _text(file, given)))
        elif name == "pyproject.toml":
            _collect(declared, _project(_text(file, given)))
        elif name in {"environment.yml", "environment.yaml", "conda.yaml", "conda.yml"}:
            _collect(declared, _conda(_text(file, given)))
    return DeclaredVersions(_sorted(locked), _sorted(declared))


def _text(file: ProjectFile, given: Mapping[str, bytes] | None) -> str:
    try:
        data = (given or {}).get(file.path)
        return decode_text(file.absolute.read_bytes() if data is None else data)[0]
    except OSError:
        return ""


def _collect(table: dict[str, set[str]], pairs: Iterable[tuple[str, str]]) -> None:
    for name, specifier in pairs:
        try:
            SpecifierSet(specifier)
        except InvalidSpecifier:
            continue
        if specifier:
            table.setdefault(canonicalize_name(name), set()).add(specifier)


def _sorted(table: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(table[name])) for name in sorted(table)}


def _locked(name: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        data: Any = json.loads(text) if name == "Pipfile.lock" else tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(data, dict):
        return
    if name == "Pipfile.lock":
        for section in ("default", "develop"):
            packages = data.get(section)
            for package, entry in packages.items() if isinstance(packages, dict) else ():
                if isinstance(entry, dict) and isinstance(entry.get("version"), str):
                    yield package, entry["version"]
        return
    packages = data.get("package") or data.get("packages")
    for entry in packages if isinstance(packages, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("version"), str):
            yield entry["name"], f"=={entry['version']}"


def _required(path: str, text: str) -> Iterator[tuple[str, str]]:
    for entry in read_requirements(SourceText(path, text)).entries:
        if entry.name:
            yield entry.name, entry.specifier


def _project(text: str) -> Iterator[tuple[str, str]]:
    try:
        data: Any = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    project = data.get("project")
    dependencies = project.get("dependencies") if isinstance(project, dict) else None
    for line in dependencies if isinstance(dependencies, list) else ():
        yield from _required("pyproject.toml", " ".join(str(line).split()))


def _conda(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        match = _CONDA.match(line)
        if match is not None and match.group(2):
            name, specifier = match.group(1).lower(), match.group(2).replace(" ", "")
            exact = re.fullmatch(r"={1,2}([\w.]+)", specifier)
            yield _CONDA_NAMES.get(name, name), f"=={exact.group(1)}" if exact else specifier
