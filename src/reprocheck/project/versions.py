"""Which versions of libraries a repository declares: its locks first, its requirements else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping

import msgspec
from blake3 import blake3
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reprocheck.model.place import WHOLE_FILE
from reprocheck.project.dependencies.model import LOCKS, DependencyFacts
from reprocheck.project.dependencies.pins import bare
from reprocheck.project.dependencies.read import of_tree, read_manifest
from reprocheck.project.discovery import TEXT_LIMIT, ProjectFile
from reprocheck.project.documents.tree import Document, Entry, Node, Scalar, Sequence
from reprocheck.project.documents.tree import Mapping as TreeMapping
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.index.dependencies import distribution
from reprocheck.project.source import SourceText, decode_text

_TABLES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "pyproject.toml", "Pipfile"})
_ENVIRONMENTS = frozenset({"environment.yml", "environment.yaml", "conda.yaml", "conda.yml"})
_EXACT = re.compile(r"={2,3}[^*,]+")
_OF_FILES = frozenset({"wheels", "files", "archive", "sdist", "hashes"})


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

    def is_exact(self, distribution: str) -> bool:
        """Whether a lock has a distribution, or all that declares it names one version."""
        name = canonicalize_name(distribution)
        declared = self.declared.get(name, ())
        return name in self.locked or (bool(declared) and all(_EXACT.fullmatch(text) for text in declared))


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


class OfFile(msgspec.Struct, frozen=True, array_like=True):
    """What one file declares."""

    digest: bytes
    """BLAKE3 of its content."""
    locks: bool
    specifiers: tuple[tuple[str, str], ...]
    """Normalized distribution name and specifier."""


def declared_versions(
    files: Iterable[ProjectFile],
    given: Mapping[str, bytes] | None = None,
    known: MutableMapping[str, OfFile] | None = None,
) -> DeclaredVersions:
    """Read locks, requirements, pyproject.toml and conda files; what can't be read counts as not there.

    `given` is content by path that counts instead of what is on disk. `known` is what files said before, by path: those
    that are as they were are not read again, and it is brought up to date.
    """
    known = {} if known is None else known
    tables: dict[bool, dict[str, set[str]]] = {True: {}, False: {}}
    for file in files:
        if file.size > TEXT_LIMIT or not _tells(file):
            continue
        data = _content(file, given)
        digest = blake3(data).digest()
        of_file = known.get(file.path)
        if of_file is None or of_file.digest != digest:
            of_file = known[file.path] = _of_file(file, data, digest)
        for name, specifier in of_file.specifiers:
            tables[of_file.locks].setdefault(name, set()).add(specifier)
    return DeclaredVersions(_sorted(tables[True]), _sorted(tables[False]))


def _of_file(file: ProjectFile, data: bytes, digest: bytes) -> OfFile:
    facts = _facts(file, decode_text(data)[0])
    return (
        OfFile(digest, False, ()) if facts is None else OfFile(digest, facts.kind in LOCKS, tuple(_specifiers(facts)))
    )


def _tells(file: ProjectFile) -> bool:
    name = file.path.rpartition("/")[2]
    return file.kind is FileKind.REQUIREMENTS or name in _TABLES or name in _ENVIRONMENTS


def _content(file: ProjectFile, given: Mapping[str, bytes] | None) -> bytes:
    try:
        data = (given or {}).get(file.path)
        return file.absolute.read_bytes() if data is None else data
    except OSError:
        return b""


def _facts(file: ProjectFile, text: str) -> DependencyFacts | None:
    """What a file declares, by the one reader of its format; locks are long, so that their places are left out."""
    name = file.path.rpartition("/")[2]
    if name not in _TABLES:
        return read_manifest(SourceText(file.path, text))
    try:
        data: object = json.loads(text) if name == "Pipfile.lock" else tomllib.loads(text)
        return of_tree(file.path, Document((_plain(data),)))[0]
    except (ValueError, RecursionError):
        return None


def _plain(value: object) -> Node:
    """A tree without places, and without what locks say of the files of each package."""
    match value:
        case dict():
            kept = ((key, item) for key, item in value.items() if key not in _OF_FILES)
            return TreeMapping(
                tuple(Entry(Scalar(str(key), WHOLE_FILE), _plain(item)) for key, item in kept), WHOLE_FILE
            )
        case list():
            return Sequence(tuple(_plain(item) for item in value), WHOLE_FILE)
        case str() | int() | float() | bool() | None:
            return Scalar(value, WHOLE_FILE)
        case _:
            return Scalar(str(value), WHOLE_FILE)


def _specifiers(facts: DependencyFacts) -> Iterator[tuple[str, str]]:
    """What is always installed; extras and groups of a manifest are for some."""
    for dependency in facts.dependencies:
        if not dependency.name or not dependency.specifier or (dependency.group and facts.kind not in LOCKS):
            continue
        try:
            SpecifierSet(dependency.specifier)
        except InvalidSpecifier:
            continue
        yield canonicalize_name(distribution(dependency)), dependency.specifier


def _sorted(table: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(table[name])) for name in sorted(table)}
