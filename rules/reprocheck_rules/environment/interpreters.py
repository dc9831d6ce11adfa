"""Which Python the files of a project name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reprocheck.rulekit import Project, Span, parse_image_reference
from reprocheck.rulekit.dependencies import LOCKS
from reprocheck_rules.environment.declared import home
from reprocheck_rules.environment.image_uses import COMPOSE, DEVCONTAINER
from reprocheck_rules.environment.manifests import is_recorded
from reprocheck_rules.environment.scripts import CI_FILE

_TAG: Final = re.compile(r"(\d+\.\d+(?:\.\d+)?)(?![\w.])")
_IN_TAG: Final = re.compile(r"(?:^|[-_.])(?:python|py)-?(\d)\.?(\d{1,2})(?![\d.])")
_IN_NAME: Final = re.compile(r"python-?(\d)\.?(\d{1,2})$")
_JOBS: Final = re.compile(r"(?:^|[./])python[-_]version(?:s)?(?:\.\d+)?$", re.IGNORECASE)
_MINOR: Final = re.compile(r"3\.\d+")
_VERSION: Final = re.compile(r"\d+\.\d+(?:\.\d+)?")


class Interpreter(NamedTuple):
    """A file that names a Python."""

    path: str
    span: Span
    specifier: str
    written: str
    """How a message names it."""
    form: str
    """Kind of the manifest; `image` where a container image brings it."""

    @property
    def folder(self) -> str:
        """What it speaks for."""
        return home(self.path)


def interpreters(project: Project) -> Iterator[Interpreter]:
    """Manifests and images that name a Python, by path."""
    for path in sorted(project.index.dependencies.sources):
        yield from named_by(project, path)
    for path, name, span in images(project):
        version = python_of(name)
        if version:
            wildcard = "" if version.count(".") > 1 else ".*"
            yield Interpreter(path, span, f"=={version}{wildcard}", f"`{name}`", "image")


def named_by(project: Project, path: str) -> Iterator[Interpreter]:
    """Pythons that a manifest names."""
    source = project.index.dependencies.sources[path]
    if source.kind in LOCKS or is_recorded(project, path):
        return
    if source.python:
        yield Interpreter(path, source.python_span, source.python, f"Python `{source.python}`", source.kind)
    for dependency in source.dependencies:
        if dependency.name == "python":
            # Only pip doesn't know such a line, but it says what is meant.
            specifier = dependency.specifier
            yield Interpreter(path, dependency.span, specifier, f"Python `{specifier}`", source.kind)


def images(project: Project) -> tuple[tuple[str, str, Span], ...]:
    """Images that Dockerfiles start from, and that compose files and development containers run."""
    return project.once(_images)


def _images(project: Project) -> tuple[tuple[str, str, Span], ...]:
    return tuple(project.of_documents(_images_of))


def _images_of(project: Project, path: str) -> Iterator[tuple[str, str, Span]]:
    document = project.index.documents[path]
    for image in document.images:
        if not image.copied:
            yield path, image.name, image.span
    composed = document.kind == "yaml" and COMPOSE.search(path) is not None
    if composed or (document.kind == "json" and DEVCONTAINER.search(path)):
        for setting in document.settings:
            if setting.key.rpartition(".")[2] == "image" and isinstance(setting.value, str):
                yield path, setting.value, setting.span


def python_of(name: str) -> str:
    """Version of the Python in an image, as far as its name tells; empty where it doesn't."""
    image = parse_image_reference(name)
    if image is None:
        return ""
    tag = image.tag or ""
    if image.name.rpartition("/")[2] in {"python", "pypy"} and (found := _TAG.match(tag)) is not None:
        return found[1]
    found = _IN_TAG.search(tag) or _IN_NAME.search(image.name)
    return f"{found[1]}.{found[2]}" if found is not None else ""


def versions_of_jobs(project: Project) -> list[str]:
    """Minor versions (`3.11`) that the configuration of a build service runs, in order."""
    named = (_MINOR.match(text) for path, text in project.of_documents(_of_jobs) if CI_FILE.search(path))
    found = {version[0] for version in named if version is not None}
    return sorted(found, key=lambda version: tuple(map(int, version.split("."))))


def named_by_jobs(project: Project) -> bool:
    """Whether the configuration of a build service, or of a tool, says which Python it runs."""
    return any(_VERSION.match(text) for _, text in project.of_documents(_of_jobs))


def _of_jobs(project: Project, path: str) -> Iterator[tuple[str, str]]:
    """What stands where configurations name a Python, with their path."""
    for setting in project.index.documents[path].settings:
        if _JOBS.search(setting.key):
            yield path, str(setting.value)
