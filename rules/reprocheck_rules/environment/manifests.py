"""Manifests as rules about declared packages look at them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Confidence, Project
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, SourceKind, distribution, folder_of, is_exact
from reprocheck_rules.environment.pages import is_published

_TEMPLATE = re.compile(r"\{\{|\{%|<[^>]*>")
_TEST = re.compile(r"(?:^|/)(?:tests?|testing|fixtures|testdata|third_party|vendor)/", re.IGNORECASE)
_STORES = re.compile(
    r"(?:^|/)(?:mlruns|mlartifacts|wandb|lightning_logs|\.?aim|\.?neptune)/|(?:^|/)(?:offline-)?run-\d{8}_\d{6}-\w+/files/"
)
"""Folders of trackers, and what Weights & Biases keeps of one run wherever it lies."""
_BESIDE = re.compile(
    r"(?:^|[/_.\-])(?:dev|devel|development|tests?|testing|docs?|documentation|readthedocs|rtd|lint|linting|typing|types|style|format"
    r"|formatting|ci|build|release|tox|nox|pre-?commit|quality|coverage|notebooks?|extras?|optional|examples?)"
    r"(?:$|[/_.\-])",
    re.IGNORECASE,
)
_AUXILIARY_FOLDERS = re.compile(r"(?:^|/)(?:\.[^/]+|docs?|ci|actions?|action[-_]files)/", re.IGNORECASE)
INSTALLERS = frozenset({"pip", "setuptools", "wheel", "poetry", "uv", "virtualenv"})
"""What installs the rest; its version is the machine's rather than the project's."""
_CHECKERS = frozenset(
    {
        "pytest", "pytest-cov", "pytest-mock", "pytest-xdist", "tox", "nox", "coverage", "black", "ruff", "flake8",
        "isort", "mypy", "pylint", "pre-commit", "sphinx", "mkdocs", "build", "twine", "bandit", "yapf", "autopep8",
    }
)  # fmt: skip
"""They shape no result."""
_MOST = 0.8
SHOWN = 60
"""Steps of a trail that lists packages."""


def is_recorded(project: Project, path: str) -> bool:
    """Whether a tracker wrote a file beside a model that it stored."""
    folder = folder_of(path)
    beside = f"{folder}/MLmodel" if folder else "MLmodel"
    return beside in project.index.paths or _STORES.search(path) is not None


def is_template(path: str) -> bool:
    """Whether a path has places that are filled in later."""
    return _TEMPLATE.search(path) is not None


def manifests(project: Project) -> tuple[DependencyFacts, ...]:
    """Manifests of the project itself: not those of its tests or of stored models, and no templates."""
    return project.once(_manifests)


def _manifests(project: Project) -> tuple[DependencyFacts, ...]:
    return tuple(_own_manifests(project))


def _own_manifests(project: Project) -> Iterator[DependencyFacts]:
    for manifest in project.index.dependencies.manifests:
        left_out = is_template(manifest.path) or _TEST.search(manifest.path)
        if not left_out and not is_recorded(project, manifest.path):
            yield manifest


def is_development(group: str) -> bool:
    """Whether a group is for working on the project rather than for running it."""
    return bool(group) and (group.startswith("hatch:") or _BESIDE.search(group) is not None)


def is_auxiliary(manifest: DependencyFacts) -> bool:
    """Whether a requirements file is for tools, documentation or CI by its name."""
    name = manifest.path.rpartition("/")[2]
    by_name = manifest.kind is SourceKind.REQUIREMENTS and _BESIDE.search(name.rpartition(".")[0]) is not None
    return by_name or _AUXILIARY_FOLDERS.search(manifest.path) is not None


def is_library(project: Project, manifest: DependencyFacts) -> bool:
    """Whether a manifest is that of a package that others install, and of nothing that is run where it lies."""
    if not manifest.package:
        return False
    return not project.index.dependencies.is_application(folder_of(manifest.path)) or is_published(project, manifest)


def written(dependency: Dependency) -> str:
    """Name and versions of a dependency, for messages."""
    return f"`{dependency.name}{dependency.specifier}`"


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a`, `b`, `c` and 4 more."""
    each = [f"`{name}`" for name in names]
    if len(each) <= most + 1:
        return " and ".join(filter(None, (", ".join(each[:-1]), each[-1]))) if each else ""
    return f"{', '.join(each[:most])} and {len(each) - most} more"


def loose(project: Project, manifest: DependencyFacts) -> list[Dependency]:
    """What a manifest leaves open and no lock records; of a library only what has no bound at all."""
    index = project.index.dependencies
    limits = index.limits(manifest)
    if manifest.package:
        # What is developed in the environment beside it is run with the versions that stand there.
        limits |= {
            name: version for other in _beside(project, manifest) for name, version in index.limits(other).items()
        }
    library = is_library(project, manifest)
    has_own_lock = bool(index.own_locks(manifest)) or index.has_unread_lock(folder_of(manifest.path))
    found = []
    for dependency in manifest.dependencies:
        if not dependency.name or dependency.url or dependency.name in INSTALLERS or has_own_lock:
            continue
        if is_exact(dependency.specifier) or "$" in dependency.specifier or distribution(dependency) in limits:
            continue
        if is_development(dependency.group) or dependency.marker == "optional":
            continue
        if manifest.package and dependency.group:
            continue  # extras are for others to choose from
        if library and dependency.specifier:
            continue
        if index.lock_of(manifest, dependency) is None:
            found.append(dependency)
    return found


def _beside(project: Project, manifest: DependencyFacts) -> Iterator[DependencyFacts]:
    """Environments and lists of requirements in the folder of a package."""
    for other in manifests(project):
        listed = other.kind in {SourceKind.CONDA, SourceKind.REQUIREMENTS} and not is_auxiliary(other)
        if listed and folder_of(other.path) == folder_of(manifest.path):
            yield other


def lowered(project: Project, manifest: DependencyFacts, dependencies: list[Dependency]) -> Confidence | None:
    """Low where only tools, the last part of versions, a published library or a copy of an exact list is concerned."""
    if is_auxiliary(manifest) or all(
        dependency.name in _CHECKERS or _nearly_exact(dependency.specifier) for dependency in dependencies
    ):
        return Confidence.LOW
    package = _package_of(project, manifest)
    if package is not None and is_published(project, package):
        return Confidence.LOW
    if _is_exact_beside(project, manifest, dependencies):
        return Confidence.LOW
    return Confidence.MEDIUM if manifest.package else None


def _package_of(project: Project, manifest: DependencyFacts) -> DependencyFacts | None:
    """The package that a manifest makes, or that reads this list of requirements as its own."""
    if manifest.package:
        return manifest
    for other in project.index.dependencies.manifests:
        folder = folder_of(other.path)
        inside = manifest.path.removeprefix(f"{folder}/") if folder else manifest.path
        if other.package and (not folder or manifest.path.startswith(f"{folder}/")):
            facts = project.index.files.get(other.path)
            read = {include.path for include in other.includes} | (set(facts.strings) if facts is not None else set())
            if {inside, inside.rpartition("/")[2]} & read or (inside.count("/") == 0 and _is_copy(manifest, other)):
                return other
    return None


def _is_copy(listed: DependencyFacts, package: DependencyFacts) -> bool:
    """Whether a list says nearly what a package declares."""
    names = {distribution(dependency) for dependency in listed.dependencies}
    declared = {distribution(dependency) for dependency in package.dependencies}
    return len(names & declared) >= max(1, _MOST * len(names))


def _is_exact_beside(project: Project, manifest: DependencyFacts, dependencies: list[Dependency]) -> bool:
    """Whether another list in the folder names nearly all that is left open here with exact versions."""
    names = {distribution(dependency) for dependency in dependencies}
    for other in _beside(project, manifest):
        exact = {distribution(dependency) for dependency in other.dependencies if is_exact(dependency.specifier)}
        if other is not manifest and len(names & exact) >= max(1, _MOST * len(names)):
            return True
    return False


def _nearly_exact(specifier: str) -> bool:
    return re.fullmatch(r"==\s*(?:\d+(?:\.\d+)+|20\d\d[a-z])(?:\.\*)?|~=\s*\d+\.\d+\.\d+\S*", specifier) is not None
