"""Edits of `dvc.yaml` that rules about pipelines give to their fixes."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from reprocheck.model.fix import ReplaceText
from reprocheck.model.place import Span
from reprocheck.project.documents.tree import Entry, Mapping, Node, Scalar, Sequence
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.pipelines.dvc_model import Stage
from reprocheck.project.source import SourceText
from reprocheck.rulekit.manifest_edits import text_of

if TYPE_CHECKING:
    from reprocheck.rulekit.project import Project

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][\w./@+-]*")
_DASH: Final = re.compile(r"(\s*)-\s+$")


def listed_too(project: Project, stage: Stage, section: str, paths: Iterable[str]) -> tuple[ReplaceText, ...]:
    """Edits that add paths, relative to the root, to `deps` or `outs` of a stage, one for each; none if that can't be.

    A stage that a template makes several of is left alone.
    """
    source = text_of(project, stage.file)
    body = _body(source, stage) if source is not None else None
    if source is None or body is None:
        return ()
    names = [_written(posixpath.relpath(path, stage.folder or ".")) for path in paths]
    node = body.get(section)
    if isinstance(node, Sequence):
        return tuple(edit for name in names if (edit := _appended(source, node, stage.file, name)) is not None)
    return () if node is not None else (_begun(body.entries[0], stage.file, section, names),)


def _body(source: SourceText, stage: Stage) -> Mapping | None:
    root = next(iter(read_yaml(source).roots), None)
    stages = root.get("stages") if isinstance(root, Mapping) else None
    for entry in stages.entries if isinstance(stages, Mapping) else ():
        if entry.key.span == stage.span and entry.key.value == stage.name and isinstance(entry.value, Mapping):
            return entry.value
    return None


def _written(path: str) -> str:
    return path if _PLAIN.fullmatch(path) is not None else json.dumps(path, ensure_ascii=False)


def _appended(source: SourceText, node: Sequence, file: str, name: str) -> ReplaceText | None:
    if not node.items:
        here = Span(node.span.line, node.span.column + 1, node.span.line, node.span.column + 1)
        inside = source.line(here.line)[here.column - 2 : here.column]
        return ReplaceText(here, "", name, file) if inside == "[]" else None
    last = _last(node)
    if source.line(node.span.line)[node.span.column - 1 : node.span.column] == "[":
        here = Span(last.span.end_line, last.span.end_column, last.span.end_line, last.span.end_column)
        return ReplaceText(here, "", f", {name}", file) if isinstance(node.items[-1], Scalar) else None
    first = node.items[0].span
    dash = _DASH.fullmatch(source.line(first.line)[: first.column - 1])
    if dash is None:
        return None
    line = last.span.end_line
    end = len(source.line(line)) + 1
    return ReplaceText(Span(line, end, line, end), "", f"\n{dash[1]}- {name}", file)


def _last(node: Node) -> Scalar:
    while not isinstance(node, Scalar):
        node = node.items[-1] if isinstance(node, Sequence) else node.entries[-1].value
    return node


def _begun(first: Entry, file: str, section: str, names: list[str]) -> ReplaceText:
    """A list in front of the first key of a stage, indented as DVC does it."""
    indent = " " * (first.key.span.column - 1)
    here = Span(first.key.span.line, first.key.span.column, first.key.span.line, first.key.span.column)
    lines = "".join(f"\n{indent}- {name}" for name in names)
    return ReplaceText(here, "", f"{section}:{lines}\n{indent}", file)
