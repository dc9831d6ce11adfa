"""The graph of artifacts: layout, folding, page, Graphviz, JSON."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import pairwise

import pytest

from reprocheck.model.artifact_graph import ArtifactGraph, Edge, Node, NodeKind, Use
from reprocheck.model.place import Span
from reprocheck.report.graph.dot import graph_dot, graph_json
from reprocheck.report.graph.folding import fold
from reprocheck.report.graph.layout import COLUMN, ROW, place
from reprocheck.report.graph.page import graph_page
from reprocheck.report.graph.svg import draw, label

SPAN = Span(3, 1, 3, 9)


def graph(*uses: tuple[str, bool, str]) -> ArtifactGraph:
    programs = sorted({program for program, _, _ in uses})
    artifacts = sorted({artifact for _, _, artifact in uses})
    return ArtifactGraph(
        nodes=(
            *(Node(id=p, kind=NodeKind.PROGRAM, name=p, path=p) for p in programs),
            *(Node(id=a, kind=NodeKind.DATA, name=a) for a in artifacts),
        ),
        edges=tuple(
            Edge(program=p, artifact=a, writes=w, uses=(Use(path=p, span=SPAN, expression=a, line=f"open({a!r})"),))
            for p, w, a in uses
        ),
    )


CHAIN = graph(("a.py", True, "x.csv"), ("b.py", False, "x.csv"), ("b.py", True, "m.pt"), ("c.py", False, "m.pt"))


def test_data_flows_from_left_to_right_without_overlaps() -> None:
    arrows = [("a", "x"), ("a", "y"), ("x", "b"), ("y", "b"), ("b", "m"), ("x", "c"), ("m", "c"), ("p", "c")]
    nodes = sorted({node for arrow in arrows for node in arrow})
    placed = place(nodes, arrows)
    assert all(placed.points[start][0] < placed.points[end][0] for start, end in arrows)
    columns = defaultdict(list)
    for x, y in placed.points.values():
        columns[x].append(y)
    for heights in columns.values():
        ordered = sorted(heights)
        assert all(below - above >= ROW - 1e-6 for above, below in pairwise(ordered))
    assert placed.points["p"][0] == placed.points["c"][0] - COLUMN  # what only gives stands beside its reader


def test_crossings_are_undone() -> None:
    arrows = [("a", "2"), ("b", "1"), ("c", "4"), ("d", "3"), ("a", "3")]
    placed = place(["a", "b", "c", "d", "1", "2", "3", "4"], arrows)
    crossed = [
        (one, other)
        for one in arrows
        for other in arrows
        if (placed.points[one[0]][1] - placed.points[other[0]][1])
        * (placed.points[one[1]][1] - placed.points[other[1]][1])
        < 0
    ]
    assert crossed == []


def test_circles_end() -> None:
    placed = place(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")])
    assert len({x for x, _ in placed.points.values()}) == 3


def test_huge_graphs_are_folded_by_folder() -> None:
    wide = graph(
        *((f"src/p{n % 7}.py", n % 2 == 0, f"data/{n % 40}/file{n}.csv") for n in range(600)),
        *((f"tools/t{n}/run.py", True, f"out/{n}/r.csv") for n in range(60)),
    )
    unknown = tuple(Node(id=f"?src/p{n}.py:{{x}}", kind=NodeKind.UNKNOWN, name="{x}") for n in range(1))
    edges = tuple(Edge(program=f"src/p{n}.py", artifact=f"?src/p{n}.py:{{x}}", writes=False) for n in range(1))
    wide = ArtifactGraph(nodes=(*wide.nodes, *unknown), edges=(*wide.edges, *edges))
    shown = fold(wide, 60)
    assert len(shown.graph.nodes) <= 60
    assert sum(len(members) for members in shown.folded.values()) > 500
    draw(shown.graph)
    ids = {node.id for node in shown.graph.nodes}
    assert all({edge.program, edge.artifact} <= ids for edge in shown.graph.edges)
    assert fold(CHAIN).graph.nodes == CHAIN.nodes
    assert not fold(CHAIN).folded


def test_a_page_needs_nothing_else_and_names_can_not_break_out() -> None:
    evil = '</script><script>alert(1)</script><img src="x" onerror=alert(1)>.csv'
    page = graph_page(graph(("a.py", True, evil), ("b.py", False, evil)), "<b>title", {"a.py": ["ART006 <i>message"]})
    assert "<img" not in page
    assert page.count("<script") == 2
    assert "<b>title" not in page
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\((?!#)|@import""", page)
    data = json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert {node["name"] for node in data["nodes"]} == {"a.py", "b.py", evil}
    assert data["nodes"][0]["findings"] == ["ART006 <i>message"]
    assert data["arrows"][0]["uses"][0]["code"] == f"open({evil!r})"
    assert len(data["arrows"]) == page.count("data-arrow=")


def test_reading_and_writing_is_one_arrow_with_two_heads() -> None:
    both = draw(graph(("a.py", True, "x.pt"), ("a.py", False, "x.pt")))
    assert [(arrow.kind, arrow.start, arrow.end) for arrow in both.arrows] == [("both", "a.py", "x.pt")]
    assert "marker-start" in both.text
    assert "marker-end" in both.text


def test_graphviz_text_is_quoted() -> None:
    text = graph_dot(graph(("a.py", True, 'x"; evil [label="y.csv')))
    assert '"a.py" -> "x\\"; evil [label=\\"y.csv"' in text
    assert text.startswith("digraph artifacts {")


def test_json_is_the_graph() -> None:
    found = json.loads(graph_json(CHAIN))
    assert found["schema"] == 1
    assert [edge["artifact"] for edge in found["edges"]] == ["x.csv", "x.csv", "m.pt", "m.pt"]
    assert found["edges"][0]["uses"][0]["span"]["line"] == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("data/x.csv", "data/x.csv"),
        ("a/very/long/way/to/some/model.pt", "…/way/to/some/model.pt"),
        ("data/shakespeare_char/prepare.py", "shakespeare…/prepare.py"),
        ("a" * 40, "a" * 12 + "…" + "a" * 12),
    ],
)
def test_labels_keep_the_end_of_a_name(name: str, shown: str) -> None:
    assert label(name)[-10:] == shown[-10:]
    assert label(name)[:8] == shown[:8]
    assert len(label(name)) <= 25
