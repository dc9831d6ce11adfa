"""A lock that doesn't hold what the manifest beside it asks for.

## Why
The lock was made before the manifest was last edited. An installation from it lacks a package or has a version that
the code no longer fits, and one that resolves anew is no longer the environment of the results.

## Fix
Make the lock again from the manifest (`uv lock`, `poetry lock`, `pdm lock`, `pipenv lock`, `pip-compile`) and commit
both together.

## Notes
Compared are names and versions of what the manifest declares, and the digest that Poetry and Pipenv keep of it: with
the same digest nothing is reported but versions without operator in a Pipfile, which Pipenv reads as no demand; with
another one and no other difference the confidence is medium. Packages under a condition may be missing from a lock
that was resolved for one platform. Where versions are overridden on purpose (`tool.uv.override-dependencies`) only
names are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Note, Project, Rule
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, SourceKind, distribution, satisfied
from reprocheck_rules.environment.lock_digests import bare_versions, is_current
from reprocheck_rules.environment.manifests import SHOWN, manifests, written

rule = Rule("ENV003", "lock-out-of-date", __doc__)

_ALL_GROUPS = frozenset({SourceKind.UV_LOCK, SourceKind.POETRY_LOCK, SourceKind.PIPFILE_LOCK, SourceKind.PIXI_LOCK})
_OF_CONDA = frozenset({SourceKind.CONDA_LOCK, SourceKind.PIXI_LOCK})
_WITHOUT_INSTALLERS = frozenset({SourceKind.COMPILED, SourceKind.POETRY_LOCK})
_ALL_PLATFORMS = frozenset({SourceKind.UV_LOCK, SourceKind.POETRY_LOCK, SourceKind.PIPFILE_LOCK})


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """One finding for each manifest and lock that disagree."""
    for manifest in manifests(project):
        for lock in project.index.dependencies.own_locks(manifest):
            current = is_current(project, manifest, lock)
            found = list(_bare(project, manifest, lock) if current else _disagreements(project, manifest, lock))
            if current is False and not found and manifest.dependencies:
                yield _outdated(project, manifest, lock)
            if found:
                first, message, notes = found[0]
                steps = list(notes)
                for dependency, text, more in found[1 : SHOWN + 1]:
                    steps += [project.note(manifest.path, dependency.span, text), *more]
                yield project.match(manifest.path, first.span, message, trail=steps)


def _outdated(project: Project, manifest: DependencyFacts, lock: DependencyFacts) -> Match:
    """A lock that its tool refuses, although all packages fit."""
    name = manifest.path.rpartition("/")[2]
    tool = "Poetry" if lock.kind is SourceKind.POETRY_LOCK else "Pipenv"
    message = f"`{lock.path}` was made from another `{name}`: the digest that {tool} keeps in it doesn't fit"
    return project.match(manifest.path, manifest.dependencies[0].span, message, confidence=Confidence.MEDIUM)


def _bare(
    project: Project, manifest: DependencyFacts, lock: DependencyFacts
) -> Iterator[tuple[Dependency, str, list[Note]]]:
    """Versions without operator in a Pipfile, which the lock that was made from it doesn't hold."""
    if lock.kind is SourceKind.PIPFILE_LOCK:
        bare = bare_versions(project, manifest)
        for dependency, _, notes in _disagreements(project, manifest, lock):
            if dependency.name in bare and notes:
                written_as = f'`{dependency.name} = "{dependency.specifier.lstrip("=")}"`'
                message = f"{written_as} asks for no version without `==`: `{lock.path}` has another one"
                yield dependency, message, notes


def _disagreements(
    project: Project, manifest: DependencyFacts, lock: DependencyFacts
) -> Iterator[tuple[Dependency, str, list[Note]]]:
    recorded = project.index.dependencies.recorded(lock)
    overridden = _overrides(project, manifest)
    for dependency in manifest.dependencies:
        if not _is_compared(dependency, manifest, lock):
            continue
        entries = recorded.get(distribution(dependency))
        if entries is None:
            if lock.kind in _OF_CONDA and not dependency.conda:
                continue  # conda may have it under a name of its own
            yield dependency, f"{written(dependency)} is not in `{lock.path}`: the lock is older than this line", []
            continue
        outcomes = [satisfied(dependency.specifier, entry.specifier) for entry in entries]
        if outcomes and all(outcome is False for outcome in outcomes) and not overridden:
            entry = entries[0]
            version = entry.specifier.lstrip("=")
            message = f"{written(dependency)} does not allow {version}, which `{lock.path}` would install"
            yield dependency, message, [project.note(lock.path, entry.span, f"locked at {version}")]


def _is_compared(dependency: Dependency, manifest: DependencyFacts, lock: DependencyFacts) -> bool:
    if not dependency.name or dependency.url or dependency.group.startswith("hatch:"):
        return False
    if dependency.group and lock.kind not in _ALL_GROUPS:
        return False
    if dependency.marker and lock.kind not in _ALL_PLATFORMS:
        return False
    if lock.kind in _WITHOUT_INSTALLERS and dependency.name in {"pip", "setuptools", "wheel"}:
        return False  # left out of the file unless asked for
    pixi = manifest.kind is SourceKind.PIXI or lock.kind is SourceKind.PIXI_LOCK
    return pixi or manifest.kind is not SourceKind.PYPROJECT or not dependency.conda


def _overrides(project: Project, manifest: DependencyFacts) -> bool:
    document = project.index.documents.get(manifest.path)
    return document is not None and any("override" in setting.key for setting in document.settings)


_COMPILED = """\
#
# This file is autogenerated by pip-compile with Python 3.11
#
numpy==2.1.0
    # via -r requirements.in
"""
_UV = 'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "torch"\nversion = "2.3.0"\n'
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = [\n    "torch>=2.4",  # expect: ENV003\n]\n',
        "uv.lock": _UV,
    }
)
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = [\n"torch",\n"tqdm",  # expect: ENV003\n]\n',
        "uv.lock": _UV,
    }
)
rule.flags(
    {
        "Pipfile": '[packages]\npandas = "==2.2.2"  # expect: ENV003\n',
        "Pipfile.lock": '{"_meta": {}, "default": {"pandas": {"version": "==2.1.0"}}, "develop": {}}',
    }
)
rule.flags(
    {
        "requirements.in": "numpy>=2\nscipy  # expect: ENV003\n",
        "requirements.txt": _COMPILED,
    }
)
rule.flags(
    {
        "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\ntorch = "^2.4"  # expect: ENV003\n',
        "poetry.lock": '[[package]]\nname = "torch"\nversion = "1.13.1"\n',
    }
)
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "trainer"\n\n[dependency-groups]\ndev = ["pytest>=8"]  # expect: ENV003\n',
        "uv.lock": _UV,
    }
)
_CONDA = "version: 1\npackage:\n- name: pytorch\n  version: {}\n  manager: conda\n  platform: linux-64\n"
rule.allows(
    {
        "pyproject.toml": '[tool.poetry.dependencies]\npip = "^22"\n',
        "poetry.lock": '[[package]]\nname = "torch"\nversion = "2.4.1"\n',
    },
    title="installers, which Poetry leaves out",
)
rule.allows(
    {
        "environment.yml": "dependencies:\n  - pytorch=2.1.0\n",
        "ppc64le.environment.yml": "dependencies:\n  - pytorch=2.0.1\n",
        "conda-lock.yml": _CONDA.format("2.1.0"),
        "ppc64le.conda-lock.yml": _CONDA.format("2.0.1"),
    },
    title="environments for different machines, each with its lock",
)
rule.allows(
    {"pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["Torch>=2.3"]\n', "uv.lock": _UV},
    title="another spelling of the name",
)
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["torch==2.3.0"]\n',
        "uv.lock": _UV.replace("2.3.0", "2.3.0+cu121"),
    },
    title="a build of the same version",
)
rule.allows(
    {
        "requirements.in": "numpy>=2\ncolorama; sys_platform == 'win32'\nsetuptools\n-e .\n",
        "requirements.txt": _COMPILED,
    }
)
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "a"\ndependencies = ["torch>=2.4"]\n'
        '[tool.uv]\noverride-dependencies = ["torch==2.3.0"]\n',
        "uv.lock": _UV,
    },
    title="overridden on purpose",
)
rule.allows(
    {
        "a/pyproject.toml": '[project]\nname = "a"\ndependencies = ["torch>=2.4"]\n',
        "b/uv.lock": _UV,
    },
    title="the lock of another project",
)
rule.allows(
    {
        "Pipfile": '[packages]\npandas = "~=2.1"\ntool = {path = ".", editable = true}\n',
        "Pipfile.lock": '{"_meta": {}, "default": {"pandas": {"version": "==2.1.0"}}, "develop": {}}',
    }
)
