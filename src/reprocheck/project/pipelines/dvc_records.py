"""Reads what DVC records: `dvc.lock` and `.dvc` files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.documents.tree import Mapping, Node, Scalar, Sequence
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, Lock, LockedStage, Recorded, Stage, Unread
from reprocheck.project.pipelines.dvc_nodes import (
    KINDS,
    UnreadableError,
    command_of,
    is_false,
    local_path,
    mapping_of,
    open_yaml,
    plain_of,
    span_of,
    text_of,
    text_or_none,
)
from reprocheck.project.source import SourceText
from reprocheck.project.work_tree import WorkTree, joined


def read_lock(tree: WorkTree, path: str) -> Lock:
    """Read a `dvc.lock`, that of DVC 1 too; raises UnreadableError."""
    source, document = open_yaml(tree, path)
    root = document.roots[0] if document.roots else None
    if not isinstance(root, Mapping):
        return Lock(path, {})
    stages = root.get("stages") if root.get("schema") is not None else root
    found: dict[str, LockedStage] = {}
    for entry in stages.entries if isinstance(stages, Mapping) else ():
        if isinstance(entry.value, Mapping):
            found[str(entry.key.value)] = _locked_stage(source, entry.value, entry.key.span)
    return Lock(path, found)


def read_tracked(tree: WorkTree, path: str) -> DvcFile:
    """Read a `.dvc` file: one stage that has outs, of an import deps too, each with what is recorded of it."""
    try:
        source, document = open_yaml(tree, path)
        root = mapping_of(document)
        plain = plain_of(source, root)
    except UnreadableError as error:
        return DvcFile(path, (), unread=(Unread(path, str(error)),))
    assert isinstance(plain, dict)
    folder = joined(posixpath.dirname(path), text_or_none(plain.get("wdir")) or ".")
    recorded: dict[str, Recorded] = {}
    edges: dict[str, list[Edge]] = {"deps": [], "outs": []}
    for section, found in edges.items():
        for item in _items(root.get(section)):
            written = text_of(item.get("path"))
            if written is None:
                continue
            imported = item.get("repo") is not None or item.get("db") is not None
            local = None if imported else local_path(folder, written)
            cached = not is_false(item.get("cache"))
            span = span_of(item.get("path"), item)
            found.append(Edge(written, local, span, KINDS[section], cached))
            recorded[written] = _recorded(item, span)
    stage = Stage(
        posixpath.basename(path),
        path,
        edges["outs"][0].span if edges["outs"] else WHOLE_FILE,
        command_of(plain.get("cmd")),
        WHOLE_FILE,
        folder or "",
        tuple(edges["deps"]),
        tuple(edges["outs"]),
        frozen=bool(plain.get("frozen") or plain.get("locked")),
        always_changed=plain.get("always_changed") is True,
    )
    return DvcFile(path, (stage,), recorded=recorded)


def _locked_stage(source: SourceText, node: Mapping, span: Span) -> LockedStage:
    plain = plain_of(source, node.get("params"))
    parameters = plain if isinstance(plain, dict) else {}
    return LockedStage(
        command_of(plain_of(source, node.get("cmd"))) if node.get("cmd") is not None else None,
        dict(_locked_edges(node.get("deps"))),
        dict(_locked_edges(node.get("outs"))),
        {file: values for file, values in parameters.items() if isinstance(values, dict)},
        span,
    )


def _locked_edges(node: Node | None) -> Iterator[tuple[str, Recorded]]:
    for item in _items(node):
        path = text_of(item.get("path"))
        if path is not None:
            yield path, _recorded(item, span_of(item.get("path"), item))


def _recorded(item: Mapping, span: Span) -> Recorded:
    digest = text_of(item.get("md5")) or ""
    named = text_of(item.get("hash"))
    size = item.get("size")
    known = size.value if isinstance(size, Scalar) and isinstance(size.value, int) else None
    foreign = any(item.get(key) is not None for key in ("files", "cloud", "etag", "checksum", "dataset"))
    return Recorded(digest, named is None, known, span, foreign or named not in (None, "md5"))


def _items(node: Node | None) -> Iterable[Mapping]:
    return [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
