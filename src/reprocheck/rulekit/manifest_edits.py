"""Edits of manifests and scripts that rules about declared packages give to their fixes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprocheck.model.fix import Edit, ReplaceText
from reprocheck.model.place import Span
from reprocheck.project.dependencies.pins import bare, pin, rename
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.source import SourceText, decode_text
from reprocheck.project.work_tree import READ_LIMIT

if TYPE_CHECKING:
    from reprocheck.project.dependencies.model import Dependency, DependencyFacts
    from reprocheck.rulekit.project import Project

__all__ = ["bare", "pinned", "renamed", "replaced_inside", "text_of"]


def text_of(project: Project, path: str) -> SourceText | None:
    """The text of a file of the project; None when it can't be read or is empty."""
    data = project.index.head(path, READ_LIMIT + 1)
    return SourceText(path, decode_text(data)[0]) if 0 < len(data) <= READ_LIMIT else None


def pinned(project: Project, manifest: DependencyFacts, dependency: Dependency, version: str) -> ReplaceText | None:
    """The edit that leaves one version of a requirement; None where that can't be done."""
    source = text_of(project, manifest.path)
    return None if source is None else pin(manifest, source, dependency, version)


def renamed(
    project: Project, manifest: DependencyFacts, dependency: Dependency, name: str, exact: str | None
) -> Edit | None:
    """The edit that asks for another package; `exact` is its version, empty for any, None to keep what is asked for."""
    source = text_of(project, manifest.path)
    return None if source is None else rename(manifest, source, dependency, name, exact)


def replaced_inside(project: Project, path: str, span: Span, old: re.Pattern[str], new: str) -> ReplaceText | None:
    """The edit of what stands exactly once inside of a span; None where it doesn't."""
    source = text_of(project, path)
    if source is None:
        return None
    table = LineTable(source.text)
    if not 0 < span.line <= span.end_line <= len(table.starts):
        return None
    start = table.starts[span.line - 1] + span.column - 1
    end = table.starts[span.end_line - 1] + span.end_column - 1
    found = list(old.finditer(source.text, start, end))
    if len(found) != 1:
        return None
    return ReplaceText(table.span(found[0].start(), found[0].end()), found[0][0], new, path)
