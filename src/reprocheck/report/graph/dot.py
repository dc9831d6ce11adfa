"""The graph of artifacts in the language of Graphviz, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, NodeKind
from reprocheck.report.graph.svg import arrows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.artifact_graph import ArtifactGraph, Node

_COLOURS = {
    NodeKind.PROGRAM: "#2b4a7f",
    NodeKind.STAGE: "#5a75a5",
    NodeKind.DATA: "#d8efe4",
    NodeKind.MODEL: "#e7defa",
    NodeKind.TABLE: "#d6ebf7",
    NodeKind.CONFIGURATION: "#f6ecd0",
    NodeKind.RESULT: "#fae0d8",
    NodeKind.FOLDER: "#e6eaee",
    NodeKind.OTHER: "#eef1f4",
    NodeKind.UNKNOWN: "#ffffff",
}
_SHAPES = {NodeKind.TABLE: "cylinder", NodeKind.FOLDER: "folder", NodeKind.MODEL: "box3d"}


def graph_dot(graph: ArtifactGraph) -> str:
    """A `digraph`; names are quoted, so that no file name can be taken for anything else."""
    return "\n".join(["digraph artifacts {", *_lines(graph), "}", ""])


def _lines(graph: ArtifactGraph) -> Iterator[str]:
    yield '  rankdir=LR; node [fontname="sans-serif", fontsize=11, style=filled, shape=box]; edge [arrowsize=0.7];'
    for node in graph.nodes:
        yield f"  {_quoted(node.id)} [{_attributes(node)}];"
    for arrow in arrows_of(graph):
        style = "dotted" if arrow.kind == "holds" else "solid" if arrow.certain else "dashed"
        direction = {"both": ", dir=both", "holds": ", dir=none"}.get(arrow.kind, "")
        width = ", penwidth=2" if arrow.declared else ""
        yield f"  {_quoted(arrow.start)} -> {_quoted(arrow.end)} [style={style}{direction}{width}];"


def _attributes(node: Node) -> str:
    text = node.name + (f"\nstage {', '.join(node.stages)}" if node.stages else "")
    parts = [f"label={_quoted(text)}", f'fillcolor="{_COLOURS[node.kind]}"']
    if node.kind in PROGRAMS:
        parts.append('style="filled,rounded", fontcolor=white')
    elif not node.exact or node.kind is NodeKind.UNKNOWN:
        parts.append('style="filled,dashed"')
    if node.kind in _SHAPES:
        parts.append(f"shape={_SHAPES[node.kind]}")
    if node.findings:
        parts.append(f'color="#c0362c", penwidth=2, tooltip={_quoted(", ".join(node.findings))}')
    return ", ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def graph_json(graph: ArtifactGraph) -> str:
    """The graph as data; fields may be added, and `schema` rises when one goes."""
    text = msgspec.json.encode({"schema": 1, **msgspec.to_builtins(graph)})
    return msgspec.json.format(text, indent=2).decode() + "\n"
