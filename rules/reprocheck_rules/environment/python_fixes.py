"""Which Python a project is known to run on, and how a manifest says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reprocheck.rulekit import Edit, Fix, Project, ReplaceText, Safety, Span, WriteFile
from reprocheck.rulekit.dependencies import LOCKS, DependencyFacts, SourceKind, folder_of
from reprocheck.rulekit.manifest_edits import text_of
from reprocheck_rules.environment.interpreters import versions_of_jobs
from reprocheck_rules.environment.manifests import is_library

_ONE: Final = re.compile(r"==\s*(\d+\.\d+)(?:\.\*|\.\d+)?")
_PROJECT: Final = re.compile(r"\[project\][ \t]*(?:#.*)?")
_POETRY: Final = re.compile(r"\[tool\.poetry\.dependencies\][ \t]*(?:#.*)?")
_KEY: Final = re.compile(r"""(?:name|version|description|readme)\s*=\s*(?:"[^"]*"|'[^']*')\s*(?:#.*)?""")


def name_python(project: Project, manifest: DependencyFacts) -> Fix | None:
    """Says in a manifest, or beside it, what locks or jobs say; None where they don't, or there is no place for it."""
    folder = folder_of(manifest.path)
    found = next(_known(project, folder), None)
    if found is None:
        return None
    origin, versions = found
    edit = _into(project, manifest, versions) or _beside(project, folder, versions)
    if edit is None:
        return None
    safety = Safety.UNSAFE if is_library(project, manifest) else Safety.SAFE
    return Fix(f"name the Python that {origin} names", safety, (edit,))


def _known(project: Project, folder: str) -> Iterator[tuple[str, list[str]]]:
    """Who names Pythons, and their minor versions in order; locks before jobs."""
    for lock in project.index.dependencies.locks:
        one = _ONE.fullmatch(lock.python.strip())
        if folder_of(lock.path) == folder and lock.kind in LOCKS and one is not None:
            yield f"`{lock.path}`", [one[1]]
    jobs = versions_of_jobs(project)
    if jobs:
        yield "the jobs of the build service", jobs


def _into(project: Project, manifest: DependencyFacts, versions: list[str]) -> Edit | None:
    """A line in the table that has a place for it."""
    source = text_of(project, manifest.path)
    if manifest.kind is not SourceKind.PYPROJECT or source is None:
        return None
    for header, line in ((_PROJECT, f'requires-python = ">={versions[0]}"'), (_POETRY, f'python = ">={versions[0]}"')):
        number = next((n for n, text in enumerate(source.lines, start=1) if header.fullmatch(text)), 0)
        while number and header is _PROJECT and _KEY.fullmatch(source.line(number + 1)):
            number += 1
        if number:
            end = len(source.line(number)) + 1
            return ReplaceText(Span(number, end, number, end), "", f"\n{line}", manifest.path)
    return None


def _beside(project: Project, folder: str, versions: list[str]) -> Edit | None:
    path = f"{folder}/.python-version".lstrip("/")
    return WriteFile(path, f"{versions[0]}\n") if len(versions) == 1 and path not in project.index.paths else None
