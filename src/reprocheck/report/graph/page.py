"""The graph of artifacts as one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, NodeKind
from reprocheck.report.graph.folding import Fold, fold
from reprocheck.report.graph.svg import Picture, draw
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reprocheck.model.artifact_graph import ArtifactGraph, Edge

_USES = 24
"""Places of one arrow that are listed."""
_KINDS = {
    NodeKind.PROGRAM: "program",
    NodeKind.DATA: "data",
    NodeKind.MODEL: "model",
    NodeKind.TABLE: "table",
    NodeKind.CONFIGURATION: "configuration",
    NodeKind.RESULT: "result",
    NodeKind.FOLDER: "folder",
    NodeKind.UNKNOWN: "not known before it runs",
}


def graph_page(graph: ArtifactGraph, title: str, messages: Mapping[str, Iterable[str]]) -> str:
    """A whole document; `messages` are those of findings by the id of the node that they stand at."""
    shown = fold(graph)
    picture = draw(shown.graph)
    script, style = _part("behaviour.js"), _part("style.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{marked_up(title)}: artifact graph</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_header(graph, shown, title),
            "<main>",
            f'<div id="view">{picture.text}</div>',
            '<aside id="panel" hidden></aside>',
            "</main>",
            '<div id="tip" hidden></div>',
            f'<script id="data" type="application/json">{_data(shown, picture, messages)}</script>',
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


@cache
def _part(name: str) -> str:
    return files("reprocheck.report.graph").joinpath(name).read_text("utf-8")


def _header(graph: ArtifactGraph, shown: Fold, title: str) -> Iterable[str]:
    programs = sum(node.kind in PROGRAMS for node in graph.nodes)
    artifacts = len(graph.nodes) - programs
    yield "<header>"
    yield f"<h1>{marked_up(title)}</h1>"
    folded = f", shown as {len(shown.graph.nodes)} boxes" if shown.folded else ""
    yield f'<span class="dim">{programs} programs, {artifacts} artifacts{folded}</span>'
    yield '<input id="search" type="search" placeholder="find a name" aria-label="find a name">'
    yield '<button id="fit" type="button">show all</button>'
    yield '<div id="legend">'
    there = {node.kind for node in shown.graph.nodes}
    for kind, word in _KINDS.items():
        if kind in there and kind is not NodeKind.UNKNOWN:
            yield f'<span><i class="{kind.value}"></i>{word}</span>'
    yield '<b class="reads">→ reads</b><b class="writes">→ writes</b>'
    if NodeKind.UNKNOWN in there:
        box = '<input type="checkbox" value="unknown" checked><i class="unknown"></i>'
        yield f"<label>{box}{_KINDS[NodeKind.UNKNOWN]}</label>"
    if any(not edge.certain for edge in shown.graph.edges):
        yield '<label><input type="checkbox" value="unsure" checked>dashed: may be</label>'
    yield "</div>"
    yield "</header>"


def _data(shown: Fold, picture: Picture, messages: Mapping[str, Iterable[str]]) -> str:
    graph = shown.graph
    nodes = [
        {
            "name": node.name,
            "kind": node.kind.value,
            "kept": node.kept,
            "stages": node.stages,
            "findings": [text for key in shown.folded.get(node.id, (node.id,)) for text in messages.get(key, ())],
            "stands_for": [key for key in shown.folded.get(node.id, ()) if not key.startswith("?")],
        }
        for node in graph.nodes
    ]
    arrows = [{"uses": _uses([graph.edges[number] for number in arrow.edges])} for arrow in picture.arrows]
    text = msgspec.json.encode({"nodes": nodes, "arrows": arrows}).decode()
    # Inside of a script element only these could end it, or begin a comment.
    return text.replace("<", "\\u003c")


def _uses(edges: list[Edge]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "path": use.path,
            "line": use.span.line if use.cell is None else f"cell {use.cell.number}:{use.cell.line}",
            "code": use.line,
            "expression": use.expression,
            "columns": use.columns,
            "writes": edge.writes,
        }
        for edge in edges
        for use in edge.uses
    ]
    return found[:_USES]
