"""A package that two manifests of one folder ask for in versions that exclude each other.

## Why
Who installs from `requirements.txt` gets another environment than who installs from `setup.py`, and both count as
the project's. Results from one can't be had in the other, and installing both fails or undoes the first.

## Fix
Declare each package once, and let the other files read it from there (`dynamic = ["dependencies"]`, `-r`, `-e .`);
or bring the versions together.

## Notes
Compared are manifests of the same folder and what they include, without locks, extras, development groups and
packages under a condition. Different ranges that some version fits are no conflict, and neither are variants for
other machines (`requirements-gpu.txt`), which are never installed together. Two files that differ in more than four
packages are one finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from reprocheck.rulekit import Confidence, Fix, Match, Project, Rule, Safety
from reprocheck.rulekit.dependencies import (
    Dependency,
    DependencyFacts,
    SourceKind,
    distribution,
    folder_of,
    overlap,
    satisfied,
)
from reprocheck.rulekit.manifest_edits import pinned
from reprocheck_rules.environment.manifests import INSTALLERS, SHOWN, manifests, written

rule = Rule("ENV010", "conflicting-declarations", __doc__)

_EACH = 4
"""Packages of two files that are reported one by one."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every package that is declared twice without a version that fits both."""
    declared = [manifest for manifest in manifests(project) if _is_main(manifest)]
    for left, right in combinations(declared, 2):
        if folder_of(left.path) == folder_of(right.path):
            yield from _between(project, left, right)
    for manifest in manifests(project):
        yield from _within(project, manifest)
        for other, _ in project.index.dependencies.included(manifest):
            both_main = other in declared and manifest in declared and folder_of(other.path) == folder_of(manifest.path)
            if not both_main:
                yield from _between(project, other, manifest)


def _is_main(manifest: DependencyFacts) -> bool:
    """Whether a manifest is the one of its kind in its folder, not a variant."""
    name = manifest.path.rpartition("/")[2]
    if manifest.kind is SourceKind.REQUIREMENTS:
        return name in {"requirements.txt", "requirements.in"}
    if manifest.kind is SourceKind.CONDA:
        return name.rpartition(".")[0] in {"environment", "conda", "conda_env", "conda-env", "env"}
    return True


def _compared(manifest: DependencyFacts) -> Iterator[Dependency]:
    for dependency in manifest.dependencies:
        always = not dependency.group and not dependency.marker and not dependency.url
        if dependency.name and dependency.specifier and always and distribution(dependency) not in INSTALLERS:
            yield dependency


def _between(project: Project, left: DependencyFacts, right: DependencyFacts) -> Iterator[Match]:
    """One finding for each package; one for all of two environments that differ in most of what they list."""
    wanted = {distribution(dependency): dependency for dependency in _compared(left)}
    pairs = [(wanted.get(distribution(dependency)), dependency) for dependency in _compared(right)]
    found = [
        (other, dependency)
        for other, dependency in pairs
        if other is not None and overlap(other.specifier, dependency.specifier) is False
    ]
    if len(found) > _EACH:
        (other, first), *others = found
        message = (
            f"{written(first)} and {len(others)} more packages exclude what `{left.path}` names: "
            "the two install different environments"
        )
        notes = [project.note(left.path, other.span, f"declared here as `{other.specifier}`")]
        notes += [
            project.note(right.path, dependency.span, f"{written(dependency)} excludes `{other.specifier}`")
            for other, dependency in others[:SHOWN]
        ]
        yield project.match(right.path, first.span, message, trail=notes)
        return
    for other, dependency in found:
        message = (
            f"{written(dependency)} excludes {written(other)} of `{left.path}`: the two install different environments"
        )
        note = project.note(left.path, other.span, f"declared here as `{other.specifier}`")
        # A conda package and a wheel may number their builds differently.
        confidence = Confidence.MEDIUM if dependency.conda != other.conda else None
        fix = _settled(project, (left, other), (right, dependency))
        yield project.match(right.path, dependency.span, message, confidence=confidence, trail=[note], fix=fix)


def _settled(project: Project, *declared: tuple[DependencyFacts, Dependency]) -> Fix | None:
    """Where the lock of one file has a version that fits this one, the other file asks for it too."""
    for (manifest, dependency), (loser, excluded) in permutations(declared, 2):
        for lock in project.index.dependencies.own_locks(manifest):
            recorded = project.index.dependencies.recorded(lock).get(distribution(dependency), [])
            versions = {entry.specifier for entry in recorded}
            version = versions.pop() if len(versions) == 1 else ""
            if version and satisfied(dependency.specifier, version) and excluded.conda == dependency.conda:
                edit = pinned(project, loser, excluded, version)
                title = f"ask for the version that `{lock.path}` has"
                return Fix(title, Safety.UNSAFE, (edit,)) if edit is not None and not loser.package else None
    return None


def _within(project: Project, manifest: DependencyFacts) -> Iterator[Match]:
    if manifest.kind in {SourceKind.PYPROJECT, SourceKind.PIXI}:
        return  # a tool's own table refines the standard one
    seen: dict[tuple[str, bool], Dependency] = {}
    for dependency in _compared(manifest):
        other = seen.setdefault((distribution(dependency), dependency.conda), dependency)
        if other is not dependency and overlap(other.specifier, dependency.specifier) is False:
            message = f"{written(dependency)} excludes {written(other)} further up: no version fits both lines"
            note = project.note(manifest.path, other.span, f"declared here as `{other.specifier}`")
            yield project.match(manifest.path, dependency.span, message, trail=[note])


_SETUP = "from setuptools import setup\n\nsetup(name='trainer', install_requires=['torch>=2.0'])  # expect: ENV010\n"
rule.flags({"requirements.txt": "torch==1.13.1\n", "setup.py": _SETUP})
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["numpy>=2"]\n',
        "requirements.txt": "numpy==1.26.4  # expect: ENV010\n",
    }
)
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["numpy>=2"]\n',
        "requirements.txt": "numpy==1.26.4  # expect: ENV010\n",
        "uv.lock": 'version = 1\n\n[[package]]\nname = "numpy"\nversion = "2.1.3"\n',
    },
    title="one of the two has a lock",
    fixed={"requirements.txt": "numpy==2.1.3\n"},
)
rule.flags(
    {
        "environment.yml": "dependencies:\n  - python=3.11\n  - pytorch=2.1.0\n",
        "requirements.txt": "torch==2.4.1  # expect: ENV010\n",
    }
)
rule.flags("numpy==1.26.4\npandas==2.2.2\nnumpy>=2  # expect: ENV010\n", file="requirements.txt")
rule.flags(
    {
        "base.requirements.txt": "transformers<4.40\n",
        "train-requirements.txt": "-r base.requirements.txt\ntransformers>=4.41  # expect: ENV010\n",
    }
)
rule.flags(
    {
        "Pipfile": '[packages]\nmlflow = "==2.1.1"\n',
        "requirements.txt": "mlflow==2.9.0  # expect: ENV010\n",
    }
)
rule.allows(
    {
        "requirements.txt": "torch==2.4.1\n",
        "setup.py": "from setuptools import setup\n\nsetup(name='trainer', install_requires=['torch>=2.0,<3'])\n",
    }
)
rule.allows({"a/requirements.txt": "torch==2.4.1\n", "b/requirements.txt": "torch==1.13.1\n"}, title="two projects")
rule.allows({"requirements.txt": "torch==2.4.1\n", "requirements-gpu.txt": "torch==2.3.1\n"}, title="variants")
rule.allows("numpy==1.26.4; python_version < '3.12'\nnumpy==2.1.0; python_version >= '3.12'\n", file="requirements.txt")
rule.allows(
    {
        "requirements.txt": "numpy>=1.20\n",
        "environment.yml": "dependencies:\n  - python=3.11\n  - numpy=1.26\n",
    }
)
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "a"\ndependencies = ["numpy>=1.20"]\n\n'
        '[project.optional-dependencies]\nold = ["numpy<1.20"]\n',
    },
    title="an extra",
)
rule.flags(
    {
        "env.yml": "dependencies:\n" + "".join(f"  - p{number}=1.{number}\n" for number in range(6)),
        "environment.yml": "dependencies:\n  - p0=2.0  # expect: ENV010\n"
        + "".join(f"  - p{number}=2.{number}\n" for number in range(1, 6)),
    },
    title="two environments, once",
)
