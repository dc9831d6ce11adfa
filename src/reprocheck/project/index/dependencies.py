"""Which lock belongs to which manifest, and what stands exact between them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from reprocheck.project.dependencies.model import LOCKS, Dependency, DependencyFacts, SourceKind
from reprocheck.project.dependencies.read import is_lock_name
from reprocheck.project.dependencies.specifiers import is_exact

_NATURAL = {
    SourceKind.PYPROJECT: frozenset(
        {SourceKind.UV_LOCK, SourceKind.POETRY_LOCK, SourceKind.PDM_LOCK, SourceKind.PYLOCK, SourceKind.PIXI_LOCK}
    ),
    SourceKind.PIPFILE: frozenset({SourceKind.PIPFILE_LOCK}),
    SourceKind.CONDA: frozenset({SourceKind.CONDA_LOCK}),
    SourceKind.PIXI: frozenset({SourceKind.PIXI_LOCK}),
}
_NOT_MANIFESTS = LOCKS | {SourceKind.CONSTRAINTS, SourceKind.PYTHON_VERSION}
_CONDA_NAMES = {
    "pytorch": "torch",
    "pytorch-gpu": "torch",
    "pytorch-cpu": "torch",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-base": "tensorflow",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "msgpack-python": "msgpack",
    "dask-core": "dask",
    "ray-core": "ray",
    "pyg": "torch-geometric",
    "dvc-core": "dvc",
}
_APPLICATION_FILES = (
    "dvc.yaml",
    "MLproject",
    "Procfile",
    "Dockerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "cog.yaml",
)


_OF_CONDA = re.compile(r"conda|lock|environment|env|ya?ml|[^a-z0-9]+")


def _variant(path: str) -> str:
    """What sets one environment of conda apart from another: `gpu` in `environment-gpu.yml`."""
    return _OF_CONDA.sub("", path.rpartition("/")[2].lower())


def folder_of(path: str) -> str:
    """Folder that a file lies in; empty for the root."""
    return path.rpartition("/")[0]


def distribution(dependency: Dependency) -> str:
    """Name in the package index of what a manifest asks for, also where conda calls it otherwise."""
    return _CONDA_NAMES.get(dependency.name, dependency.name) if dependency.conda else dependency.name


class Dependencies:
    """Manifests and locks of a project."""

    def __init__(self, sources: Iterable[DependencyFacts], paths: frozenset[str]) -> None:
        """`paths` are all files of the project."""
        self.sources = {source.path: source for source in sorted(sources, key=lambda source: source.path)}
        self._paths = paths
        self._names: dict[str, dict[str, list[Dependency]]] = {}
        self._near: dict[str, tuple[DependencyFacts, ...]] = {}

    @cached_property
    def manifests(self) -> tuple[DependencyFacts, ...]:
        """Files that declare what the project needs, in order of their paths."""
        return tuple(s for s in self.sources.values() if s.kind not in _NOT_MANIFESTS and (s.declares or s.includes))

    @cached_property
    def locks(self) -> tuple[DependencyFacts, ...]:
        """Files that record what was resolved."""
        return tuple(source for source in self.sources.values() if source.kind in LOCKS)

    def has_unread_lock(self, folder: str) -> bool:
        """Whether a lock in a folder, or above it, could not be read: what it records is not known."""
        return any(not there or folder == there or folder.startswith(f"{there}/") for there in self._unread_locks)

    @cached_property
    def _unread_locks(self) -> frozenset[str]:
        return frozenset(folder_of(path) for path in self._paths if path not in self.sources and is_lock_name(path))

    def recorded(self, lock: DependencyFacts) -> dict[str, list[Dependency]]:
        """What a lock has, by name."""
        if lock.path not in self._names:
            names: dict[str, list[Dependency]] = {}
            for dependency in lock.dependencies:
                names.setdefault(distribution(dependency), []).append(dependency)
            self._names[lock.path] = names
        return self._names[lock.path]

    def own_locks(self, manifest: DependencyFacts) -> tuple[DependencyFacts, ...]:
        """Locks that were made from this very manifest: beside it, or at the root of a workspace it is a member of."""
        return tuple(lock for lock in self.locks if self._made_from(lock, manifest))

    def _made_from(self, lock: DependencyFacts, manifest: DependencyFacts) -> bool:
        here, there = folder_of(manifest.path), folder_of(lock.path)
        if lock.kind is SourceKind.COMPILED:
            return _compiled_from(lock, manifest, here, there)
        if lock.kind not in _NATURAL.get(manifest.kind, ()):
            return False
        if here == there:
            return lock.kind is not SourceKind.CONDA_LOCK or self._is_namesake(lock, manifest)
        if (
            lock.kind is not SourceKind.UV_LOCK
            or not manifest.made_from
            or not f"{here}/".startswith(f"{there}/".lstrip("/"))
        ):
            return False
        members = self.recorded(lock).get(manifest.made_from.lower().replace("_", "-").replace(".", "-"), [])
        return any(member.url and not member.vcs for member in members)

    def _is_namesake(self, lock: DependencyFacts, manifest: DependencyFacts) -> bool:
        """Whether a lock of conda has the same variant in its name, or none that another environment beside it has."""
        wanted, own = _variant(lock.path), _variant(manifest.path)
        others = {
            _variant(source.path)
            for source in self.manifests
            if source.kind is SourceKind.CONDA and folder_of(source.path) == folder_of(manifest.path)
        }
        return own == wanted or wanted not in others

    def lock_of(self, manifest: DependencyFacts, dependency: Dependency) -> DependencyFacts | None:
        """A lock that records the package for this manifest; None when it is left open."""
        own = self.own_locks(manifest)
        name = distribution(dependency)
        for lock in own:
            if name in self.recorded(lock):
                return lock
        if own:
            return None
        if manifest.path not in self._near:
            self._near[manifest.path] = tuple(self._nearby(manifest))
        return next((lock for lock in self._near[manifest.path] if name in self.recorded(lock)), None)

    def _nearby(self, manifest: DependencyFacts) -> Iterator[DependencyFacts]:
        """Locks in the same folder; further up those that record all that the manifest names."""
        here = folder_of(manifest.path)
        yield from (lock for lock in self.locks if folder_of(lock.path) == here)
        names = {distribution(dependency) for dependency in manifest.dependencies if dependency.name}
        for lock in self.locks:
            there = folder_of(lock.path)
            is_above = there != here and (not there or here.startswith(f"{there}/"))
            if is_above and names <= self.recorded(lock).keys():
                yield lock

    def included(self, source: DependencyFacts) -> Iterator[tuple[DependencyFacts, bool]]:
        """Files that a manifest reads, and whether each only limits versions; each once, however it is reached."""
        seen, stack = {source.path}, [(source, False)]
        while stack:
            current, limited = stack.pop()
            for include in current.includes:
                path = posixpath.normpath(posixpath.join(folder_of(current.path), include.path))
                if path in self.sources and path not in seen:
                    seen.add(path)
                    constraint = limited or include.constraint
                    yield self.sources[path], constraint
                    stack.append((self.sources[path], constraint))

    def limits(self, manifest: DependencyFacts) -> dict[str, str]:
        """Exact versions that another line, an included file or a constraint gives to names without condition."""
        found: dict[str, str] = {}
        for source in (manifest, *(source for source, _ in self.included(manifest))):
            for dependency in source.dependencies:
                always = dependency.name and not dependency.marker and not dependency.group
                if always and is_exact(dependency.specifier):
                    found.setdefault(distribution(dependency), dependency.specifier)
        return found

    def is_application(self, folder: str) -> bool:
        """Whether a folder has the signs of something that is run rather than installed by others."""
        prefix = f"{folder}/" if folder else ""
        return any(f"{prefix}{name}" in self._paths for name in _APPLICATION_FILES)


def _compiled_from(lock: DependencyFacts, manifest: DependencyFacts, here: str, there: str) -> bool:
    """Whether a compiled requirements file comes from this manifest: it says so, or shares its stem."""
    name = manifest.path.rpartition("/")[2]
    if manifest.kind is SourceKind.REQUIREMENTS and manifest.path.endswith(".in"):
        if here == there and lock.path.removesuffix(".txt") == manifest.path.removesuffix(".in"):
            return True
    elif manifest.kind not in {SourceKind.PYPROJECT, SourceKind.SETUP_PY, SourceKind.SETUP_CFG}:
        return False
    words = lock.made_from.split()
    return any(
        posixpath.normpath(posixpath.join(there, word)) == manifest.path or (word == name and here == there)
        for word in words
    )
