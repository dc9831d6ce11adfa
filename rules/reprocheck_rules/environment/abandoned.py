"""A package that its authors gave up, or an interpreter, system or CUDA image that gets no updates any more.

## Why
A renamed or given-up package stops installing with the next Python or NumPy, if it was ever more than a placeholder.
For an interpreter past its end new versions of packages are no longer built; the package archives of an old system are
taken down; and NVIDIA deletes the images of old CUDA releases, so that the build can't be repeated at all.

## Fix
Move to the successor that is named, and note the change, since results may move with it. Where an old state must be
kept, keep its image by digest in a registry of your own.

## Notes
What counts is in the catalog, with the day on which it was looked up and the place where it is said; what ended later
is not known here. Ranges that a living version fits are not reported, nor packages from repositories and locks.
Development groups and extras are of low confidence. Of single versions that their authors withdrew (yanked, PEP 592)
only an index knows, which is not asked here: locks don't record it, and withdrawn versions still install when named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import (
    Confidence,
    Edit,
    Fix,
    ImageReference,
    Match,
    Project,
    Rule,
    Safety,
    ShellWord,
    Span,
    parse_image_reference,
)
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, distribution, overlap
from reprocheck.rulekit.distributions import Distribution
from reprocheck.rulekit.manifest_edits import renamed, replaced_inside
from reprocheck_rules.environment.installs import install_of
from reprocheck_rules.environment.interpreters import images, named_by
from reprocheck_rules.environment.manifests import is_auxiliary, is_development, manifests

rule = Rule("ENV012", "yanked-or-abandoned", __doc__)

_CODENAMES = {
    "jessie": ("debian", "8"), "stretch": ("debian", "9"), "buster": ("debian", "10"), "bullseye": ("debian", "11"),
    "bookworm": ("debian", "12"), "trusty": ("ubuntu", "14.04"), "xenial": ("ubuntu", "16.04"),
    "bionic": ("ubuntu", "18.04"), "focal": ("ubuntu", "20.04"), "jammy": ("ubuntu", "22.04"),
}  # fmt: skip
_SYSTEM = re.compile(r"(?:^|[-_])(ubuntu|debian|centos)-?(\d+(?:\.\d+)?)(?:$|[-_])")
_CODENAME = re.compile(r"(?:^|[-_])(" + "|".join(_CODENAMES) + r")(?:$|[-_])")
_VERSION = re.compile(r"(\d+(?:\.\d+)*)")
_CUDA = re.compile(r"(?:^|[-_])cuda-?(\d+\.\d+)(?:$|[-_.])")
_NAMES = {"cuda": "CUDA", "ubuntu": "Ubuntu", "debian": "Debian", "centos": "CentOS", "python": "Python"}
_PIP = "pip"


class _Release(NamedTuple):
    product: str
    version: str
    own: bool
    """Whether the maker of the image deletes it with the release."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Packages of manifests and commands, interpreters, images."""
    yield from _packages(project)
    yield from _installed(project)
    yield from _pythons(project)
    for path, name, span in images(project):
        yield from _image(project, path, name, span)


def _packages(project: Project) -> Iterator[Match]:
    for manifest in manifests(project):
        seen: set[str] = set()
        for dependency in manifest.dependencies:
            name = distribution(dependency)
            if dependency.url or name in seen or (dependency.conda and dependency.name != name):
                continue
            seen.add(name)
            beside = is_development(dependency.group) or bool(dependency.group) or is_auxiliary(manifest)
            message = _became(project, name)
            if message:
                confidence = Confidence.LOW if beside else None
                fix = _move(project, manifest, dependency)
                yield project.match(manifest.path, dependency.span, message, confidence=confidence, fix=fix)


def _installed(project: Project) -> Iterator[Match]:
    for path, span, name, written in project.of_documents(_installed_in):
        fix = _move_word(project, path, span, written, name)
        yield project.match(path, span, _became(project, name), fix=fix)


class _Installed(NamedTuple):
    """A package that a command installs by name."""

    path: str
    span: Span
    name: str
    written: tuple[str, str]
    """Name and version."""


def _installed_in(project: Project, path: str) -> Iterator[_Installed]:
    """What a script, image or job installs that is not kept up; a notebook is what once ran."""
    for command in project.index.documents[path].commands:
        install = install_of(ShellWord(word, command.span) for word in command.words)
        for package in install.packages if install is not None and install.manager == _PIP else ():
            name = package.name.lower().replace("_", "-").replace(".", "-")
            if _became(project, name):
                yield _Installed(path, command.span, name, (package.name, package.version))


def _became(project: Project, name: str) -> str:
    entry = project.catalog.distributions.known.get(name)
    if entry is None or not entry.deprecated:
        return ""
    since = f" (since {entry.since})" if entry.since else ""
    instead = f": use `{entry.instead}`" if entry.instead else ""
    return f"`{name}` is {entry.deprecated}{since}{instead}"


def _move(project: Project, manifest: DependencyFacts, dependency: Dependency) -> Fix | None:
    """Ask for the successor, where it installs the same modules."""
    entry = project.catalog.distributions.known[distribution(dependency)]
    taken = any(other.name == entry.instead for other in manifest.dependencies)
    if taken or not (entry.placeholder or entry.same_versions):
        return None
    exact = None if entry.same_versions else project.versions.locked_one(entry.instead)
    edit = renamed(project, manifest, dependency, entry.instead, exact)
    return _fix(entry, edit) if edit is not None else None


def _move_word(project: Project, path: str, span: Span, written: tuple[str, str], name: str) -> Fix | None:
    entry = project.catalog.distributions.known[name]
    if not (entry.placeholder or entry.same_versions):
        return None
    exact = project.versions.locked_one(entry.instead)
    version = written[1] if entry.same_versions else f"=={exact}" if exact else ""
    word = re.compile(rf"(?<![\w.\-/=]){re.escape(''.join(written))}(?![\w.\-=\[])")
    edit = replaced_inside(project, path, span, word, entry.instead + version)
    return _fix(entry, edit) if edit is not None else None


def _fix(entry: Distribution, edit: Edit) -> Fix:
    return Fix(f"ask for `{entry.instead}`", Safety.SAFE if entry.placeholder else Safety.UNSAFE, (edit,))


def _pythons(project: Project) -> Iterator[Match]:
    for path in sorted(project.index.dependencies.sources):
        yield from project.of_file(_python, path)


def _python(project: Project, path: str) -> Iterator[Match]:
    """Pythons that a manifest allows, when all of them have ended."""
    table = project.catalog.end_of_life.get("python")
    if table is None:
        return
    for found in named_by(project, path):
        fitting = [version for version in table.versions if overlap(found.specifier, f"=={version}.*") is not False]
        ends = [table.ended(version) for version in fitting]
        if not ends or None in ends or _is_open(found.specifier):
            continue
        latest = max(end for end in ends if end is not None)
        message = f"{found.written} leaves only versions without updates (since {latest}): packages stop supporting it"
        yield project.match(found.path, found.span, message)


def _is_open(specifier: str) -> bool:
    """Whether versions that the table doesn't have yet fit too."""
    return overlap(specifier, ">=4") is not False


def _image(project: Project, path: str, name: str, span: Span) -> Iterator[Match]:
    image = parse_image_reference(name)
    if image is None or image.tag is None:
        return
    for release in _releases(image):
        table = project.catalog.end_of_life.get(release.product)
        end = table.ended(release.version) if table is not None else None
        if end is not None:
            what = f"{_NAMES[release.product]} {release.version}"
            then = "its images are deleted from the registry" if release.own else "it gets no updates"
            message = f"`{image.name}:{image.tag}` is {what}, which ended in {end[:7]}: {then}"
            confidence = Confidence.LOW if image.digest is not None and not release.own else None
            yield project.match(path, span, message, confidence=confidence)
            return


def _releases(image: ImageReference) -> Iterator[_Release]:
    tag = image.tag or ""
    name = image.name.rpartition("/")[2]
    version = _VERSION.match(tag)
    if image.name in {"nvidia/cuda", "nvidia/cudagl", "nvcr.io/nvidia/cuda"} and version is not None:
        yield _Release("cuda", version[1], own=True)
    if name in {"python", "ubuntu", "debian", "centos"} and version is not None:
        yield _Release(name, version[1], own=False)
    if (system := _SYSTEM.search(tag)) is not None:
        yield _Release(system[1], system[2], own=False)
    if (codename := _CODENAME.search(tag)) is not None:
        yield _Release(*_CODENAMES[codename[1]], own=False)


rule.flags(
    """
    sklearn  # expect: ENV012
    tensorflow-gpu==2.10.0  # expect: ENV012
    gym==0.21.0  # expect: ENV012
    pandas_profiling==3.1.0  # expect: ENV012
    torch==2.4.1
    """,
    file="requirements.txt",
    fixed="scikit-learn\ntensorflow==2.10.0\ngym==0.21.0\npandas_profiling==3.1.0\ntorch==2.4.1\n",
)
rule.flags(
    {
        "setup.py": "from setuptools import setup\n\nsetup(install_requires=['sklearn>=0'])  # expect: ENV012\n",
        "Pipfile": '[packages]\nsklearn = "*"  # expect: ENV012\n',
        "uv.lock": 'version = 1\n\n[[package]]\nname = "scikit-learn"\nversion = "1.5.2"\n',
        "Dockerfile": "FROM scratch\n# expect: ENV012\nRUN pip install numpy \\\n    sklearn==0.0\n",
    },
    title="a lock that has the successor",
    fixed={
        "setup.py": "from setuptools import setup\n\nsetup(install_requires=['scikit-learn==1.5.2'])\n",
        "Pipfile": '[packages]\nscikit-learn = "==1.5.2"\n',
        "Dockerfile": "FROM scratch\n\nRUN pip install numpy \\\n    scikit-learn==1.5.2\n",
    },
)
rule.flags(
    """
    from setuptools import setup

    setup(
        name="agents",
        install_requires=["stable-baselines", "numpy"],  # expect: ENV012
        python_requires=">=3.6,<3.9",  # expect: ENV012
    )
    """,
    file="setup.py",
)
rule.flags(
    """
    # expect: ENV012
    FROM nvidia/cuda:10.2-cudnn8-devel-ubuntu18.04
    # expect: ENV012
    RUN pip install sklearn==0.0
    """,
    file="Dockerfile",
)
rule.flags(
    '[tool.poetry.dependencies]\npytorch = "2.0.1"  # expect: ENV012\n',
    file="pyproject.toml",
    fixed='[tool.poetry.dependencies]\ntorch = "2.0.1"\n',
)
rule.flags("# expect: ENV012\nFROM ubuntu:18.04\n# expect: ENV012\nFROM python:3.11-buster\n", file="Dockerfile")
rule.flags(
    """
    dependencies:
      - python=3.7  # expect: ENV012
      - numpy=1.21
      - pip:
        - pytorch  # expect: ENV012
    """,
    file="environment.yml",
)
rule.flags("3.8.10  # expect: ENV012\n", file=".python-version")
rule.flags(
    """
    services:
      train:
        image: nvcr.io/nvidia/cuda:11.0-base  # expect: ENV012
      api:
        image: python:3.7-slim  # expect: ENV012
    """,
    file="docker-compose.yml",
)
rule.allows(
    "scikit-learn==1.5.2\ntensorflow==2.17.0\ngymnasium==0.29.1\nydata-profiling==4.9\n", file="requirements.txt"
)
rule.allows(
    """
    dependencies:
      - python=3.12
      - pytorch=2.4.1
      - tensorflow-gpu=2.4
    """,
    file="environment.yml",
    title="conda packages of these names",
)
rule.allows(
    "FROM nvidia/cuda:12.6.2-runtime-ubuntu24.04\nFROM python:3.12-bookworm\nFROM debian:12\n", file="Dockerfile"
)
rule.allows("FROM ${BASE}\nFROM ubuntu\nFROM acme/python:1\nFROM postgres:9.6-alpine\n", file="Dockerfile")
rule.allows(
    """
    from setuptools import setup

    setup(name="agents", install_requires=["numpy"], python_requires=">=3.6")
    """,
    file="setup.py",
    title="a range that living versions fit",
)
rule.allows("apex @ git+https://github.com/NVIDIA/apex@2386a91\n", file="requirements.txt", title="from its repository")
rule.allows(
    {
        "mlruns/0/models/m-1/artifacts/python_env.yaml": "python: 3.7.2\ndependencies:\n- gym==0.21\n",
        "saved/conda.yaml": "dependencies:\n- python=3.7.2\n",
        "saved/MLmodel": "flavors: {}\n",
    },
    title="the record of a stored model",
)
rule.allows(
    {"uv.lock": 'version = 1\n\n[[package]]\nname = "gym"\nversion = "0.26.2"\n'}, title="what a lock brings along"
)
