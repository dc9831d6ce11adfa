"""What DVC's files have in common: how they are opened, and values and places of their nodes."""

from __future__ import annotations

import re

from reprocheck.model.place import Span
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.pipelines.dvc_model import Command
from reprocheck.project.pipelines.dvc_templates import shown
from reprocheck.project.pipelines.values import Plain, TooManyValuesError, Value
from reprocheck.project.source import SourceText, decode_text
from reprocheck.project.work_tree import WorkTree, joined

KINDS = {"deps": "dep", "outs": "out", "metrics": "metric", "plots": "plot"}
"""What the sections of a stage hold."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|[A-Za-z]:[\\/]")


class UnreadableError(Exception):
    """A file of a pipeline can't be read; the message says why."""


def open_yaml(tree: WorkTree, path: str) -> tuple[SourceText, Document]:
    """Read a YAML file; raises UnreadableError."""
    data = tree.read(path)
    if data is None:
        raise UnreadableError("can't be read")
    source = SourceText(path, decode_text(data)[0])
    document = read_yaml(source)
    if document.problems and any(problem.fatal for problem in document.problems):
        raise UnreadableError(document.problems[0].message)
    return source, document


def mapping_of(document: Document) -> Mapping:
    """The mapping that a document holds; raises UnreadableError."""
    root = document.roots[0] if document.roots else None
    if not isinstance(root, Mapping):
        raise UnreadableError("holds no mapping")
    return root


def plain_of(source: SourceText, node: Node | None) -> Value:
    """Values of a node; raises UnreadableError when there are too many."""
    if node is None:
        return None
    try:
        return Plain(source).value(node)
    except TooManyValuesError:
        raise UnreadableError("has too many values") from None


def local_path(folder: str | None, written: str) -> str | None:
    """Path of an edge relative to the root; None for what lies elsewhere."""
    return None if folder is None or _ADDRESS.match(written) else joined(folder, written)


def command_of(value: Value) -> Command:
    """A command, or a list of them, as it is compared."""
    return tuple(shown(part) for part in value) if isinstance(value, list) else "" if value is None else shown(value)


def text_or_none(value: Value) -> str | None:
    """A value that is a text."""
    return value if isinstance(value, str) else None


def text_of(node: Node | None) -> str | None:
    """Text of a scalar; a digest of digits alone is one too."""
    return None if not isinstance(node, Scalar) or node.value is None else str(node.value)


def is_true(node: Node | None) -> bool:
    """Whether a node is `true`."""
    return isinstance(node, Scalar) and node.value is True


def is_false(node: Node | None) -> bool:
    """Whether a node is `false`."""
    return isinstance(node, Scalar) and node.value is False


def span_of(node: Node | None, otherwise: Node) -> Span:
    """Place of a node, or of what holds it."""
    return otherwise.span if node is None else node.span
