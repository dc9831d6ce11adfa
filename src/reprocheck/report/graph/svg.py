"""Draws a placed graph as SVG: programs and artifacts as boxes, what passes between them as curves."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, ArtifactGraph, Edge, Node, NodeKind
from reprocheck.report.graph.layout import COLUMN, Placed, place
from reprocheck.report.xml_text import marked_up

WIDTH = 214.0
_HEIGHT = 28.0
_MARGIN = 26.0
_LIFT = 6.0
"""By how much an edge that passes is drawn above its place, away from the box below."""
_LETTERS = 25
"""Characters of a label that fit into a box."""
_FEW = 3
_MARKS = {
    NodeKind.PROGRAM: "▶",
    NodeKind.STAGE: "▷",
    NodeKind.DATA: "▤",
    NodeKind.MODEL: "◆",
    NodeKind.TABLE: "▦",
    NodeKind.CONFIGURATION: "⚙",
    NodeKind.RESULT: "▨",
    NodeKind.FOLDER: "▣",
    NodeKind.OTHER: "▫",
    NodeKind.UNKNOWN: "?",
}


class Arrow(msgspec.Struct, frozen=True):
    """What passes from one node to another, drawn as one curve."""

    start: str
    end: str
    kind: str
    """`reads`, `writes`, `both` (start is the program) or `holds`."""
    certain: bool
    declared: bool
    edges: tuple[int, ...]
    """Positions in the graph's edges."""


class Picture(msgspec.Struct, frozen=True):
    """A drawing with its size."""

    text: str
    arrows: tuple[Arrow, ...]
    width: float
    height: float


def draw(graph: ArtifactGraph) -> Picture:
    """The whole graph as an `svg` element."""
    arrows = arrows_of(graph)
    placed = place([node.id for node in graph.nodes], [(arrow.start, arrow.end) for arrow in arrows])
    width = placed.width + WIDTH + 2 * _MARGIN
    height = placed.height + 2 * _MARGIN
    numbers = {node.id: number for number, node in enumerate(graph.nodes)}
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    about = 'role="img" aria-label="Programs and what they read and write"'
    lines = [
        f'<svg id="graph" xmlns="http://www.w3.org/2000/svg" {size} {about}>',
        "<defs>",
        *_heads(),
        "</defs>",
        '<g class="arrows">',
        *(_arrow(index, arrow, placed, numbers) for index, arrow in enumerate(arrows)),
        "</g>",
        '<g class="nodes">',
        *(line for node in graph.nodes for line in _node(node, numbers[node.id], placed.points[node.id])),
        "</g>",
        "</svg>",
    ]
    return Picture("\n".join(lines), arrows, width, height)


def arrows_of(graph: ArtifactGraph) -> tuple[Arrow, ...]:
    """One arrow for each pair; data flows from left to right."""
    together: dict[tuple[str, str], list[int]] = {}
    for number, edge in enumerate(graph.edges):
        together.setdefault((edge.program, edge.artifact), []).append(number)
    arrows = []
    for (program, artifact), numbers in together.items():
        edges = [graph.edges[number] for number in numbers]
        writes = any(edge.writes for edge in edges)
        kind = ("both" if len(edges) > 1 else "writes") if writes else "reads"
        start, end = (program, artifact) if writes else (artifact, program)
        arrows.append(Arrow(start, end, kind, _certain(edges), any(edge.declared for edge in edges), tuple(numbers)))
    joined = {frozenset((arrow.start, arrow.end)) for arrow in arrows}
    for member in graph.members:
        if frozenset((member.folder, member.member)) not in joined:
            start, end = _holding(graph, member.folder, member.member)
            arrows.append(Arrow(start, end, "holds", certain=True, declared=False, edges=()))
    return tuple(arrows)


def _certain(edges: list[Edge]) -> bool:
    return any(edge.certain or edge.declared for edge in edges)


def _holding(graph: ArtifactGraph, folder: str, member: str) -> tuple[str, str]:
    """What is written as a file and read as part of a folder flows into the folder; else out of it."""
    is_written = any(edge.artifact == member and edge.writes for edge in graph.edges)
    return (member, folder) if is_written else (folder, member)


def _heads() -> Iterator[str]:
    for kind in ("reads", "writes", "both"):
        yield (
            f'<marker id="head-{kind}" class="head {kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse"><path d="M0 0.5 8 4 0 7.5Z"/></marker>'
        )


def _arrow(index: int, arrow: Arrow, placed: Placed, numbers: dict[str, int]) -> str:
    start, end = placed.points[arrow.start], placed.points[arrow.end]
    path = placed.bends.get((arrow.start, arrow.end))
    if path is None:
        path = placed.bends.get((arrow.end, arrow.start), ())[::-1]
    classes = " ".join(
        [
            "arrow",
            arrow.kind,
            *([] if arrow.certain else ["unsure"]),
            *(["declared"] if arrow.declared else []),
        ]
    )
    head = "" if arrow.kind == "holds" else f' marker-end="url(#head-{arrow.kind})"'
    tail = f' marker-start="url(#head-{arrow.kind})"' if arrow.kind == "both" else ""
    return (
        f'<path class="{classes}" data-arrow="{index}" data-from="{numbers[arrow.start]}" '
        f'data-to="{numbers[arrow.end]}" d="{_curve(start, end, path)}"{head}{tail}/>'
    )


def _curve(start: tuple[float, float], end: tuple[float, float], path: tuple[tuple[float, float], ...]) -> str:
    """From the right side of one box to the left side of another, level through the points between."""
    forward = start[0] <= end[0]
    x, y = start[0] + _MARGIN + (WIDTH if forward else 0.0), start[1] + _MARGIN + _HEIGHT / 2
    pieces = [f"M{x:.1f} {y:.1f}"]
    stops: list[tuple[float, float]] = []
    for bend_x, bend_top in path:
        bend_y = bend_top - _LIFT
        left, right = bend_x + _MARGIN, bend_x + _MARGIN + WIDTH
        stops += [(left, bend_y), (right, bend_y)] if forward else [(right, bend_y), (left, bend_y)]
    stops.append((end[0] + _MARGIN - (0.0 if forward else -WIDTH), end[1]))
    level = False
    for stop_x, raw_y in stops:
        stop_y = raw_y + _MARGIN + _HEIGHT / 2
        if level:
            pieces.append(f"L{stop_x:.1f} {stop_y:.1f}")
        else:
            middle = (x + stop_x) / 2 if abs(stop_x - x) > 1 else x + COLUMN / 3
            pieces.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {stop_y:.1f} {stop_x:.1f} {stop_y:.1f}")
        x, y = stop_x, stop_y
        level = not level
    return "".join(pieces)


def _node(node: Node, number: int, point: tuple[float, float]) -> Iterator[str]:
    x, y = point[0] + _MARGIN, point[1] + _MARGIN
    classes = f"node {node.kind.value}{'' if node.exact else ' inexact'}{' found' if node.findings else ''}"
    yield f'<g class="{classes}" data-node="{number}" tabindex="0" transform="translate({x:.1f} {y:.1f})">'
    yield f"<title>{marked_up(_title(node))}</title>"
    radius = 14 if node.kind in PROGRAMS else 4
    yield f'<rect width="{WIDTH:.0f}" height="{_HEIGHT:.0f}" rx="{radius}"/>'
    yield f'<text class="mark" x="11" y="18.5">{_MARKS[node.kind]}</text>'
    name = "unknown" if node.name == "{}" else label(node.name)
    yield f'<text x="28" y="18.5">{marked_up(name)}</text>'
    if node.findings:
        yield f'<circle class="badge" cx="{WIDTH - 2:.0f}" cy="2" r="8"/>'
        yield f'<text class="badge" x="{WIDTH - 2:.0f}" y="5.5">{len(node.findings)}</text>'
    if node.stages:
        yield f'<text class="stage" x="14" y="{_HEIGHT + 10:.0f}">{marked_up(_stages(node))}</text>'
    yield "</g>"


def _stages(node: Node) -> str:
    shown = ", ".join(node.stages[:2])
    return f"stage {shown}" + (f" +{len(node.stages) - 2}" if len(node.stages) > 2 else "")  # noqa: PLR2004


def _title(node: Node) -> str:
    kept = f", kept by {node.kept}" if node.kept else ""
    found = f"\nfindings: {', '.join(node.findings)}" if node.findings else ""
    return f"{node.name} ({node.kind.value}{kept}){found}"


def label(name: str) -> str:
    """The last parts of a name, as many as fit."""
    parts = name.rstrip("/").split("/")
    text = parts[-1] if not name.endswith("/") else parts[-1] + "/"
    for part in reversed(parts[:-1]):
        if len(part) + len(text) + 1 > _LETTERS - 2:
            room = max(0, _LETTERS - len(text) - 2)
            return _cut(f"{part[:room] if room > _FEW else ''}…/{text}")
        text = f"{part}/{text}"
    return _cut(text)


def _cut(text: str) -> str:
    if len(text) <= _LETTERS:
        return text
    half = (_LETTERS - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
