"""Makes a graph small enough to be read: what is used alike in one folder becomes one node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, ArtifactGraph, Edge, Member, Node, NodeKind

MOST_NODES = 120
"""Nodes beyond which folders are folded."""
_KEPT_USES = 40


class Fold(msgspec.Struct, frozen=True):
    """A graph to be shown."""

    graph: ArtifactGraph
    folded: Mapping[str, tuple[str, ...]]
    """Ids of the nodes that each made-up node stands for."""


def fold(graph: ArtifactGraph, most: int = MOST_NODES) -> Fold:
    """The same graph with at most about `most` nodes, where folders allow it."""
    groups: dict[str, str] = _unknown(graph)
    shown = _merge(graph, groups)
    for step in (_used_alike, _by_folder, _programs_by_folder):
        depth = 6
        while len(shown.graph.nodes) > most and depth > 0:
            groups = {**groups, **step(shown, graph, groups, depth)}
            shown = _merge(graph, groups)
            depth -= 1
    return shown


def _unknown(graph: ArtifactGraph) -> dict[str, str]:
    """Unknown files of one program that are used in one way are one node."""
    kinds = {node.id: node.kind for node in graph.nodes}
    alike: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for edge in graph.edges:
        if kinds[edge.artifact] is NodeKind.UNKNOWN:
            alike[edge.program, edge.writes].append(edge.artifact)
    return {
        artifact: f"?{program}:{'writes' if writes else 'reads'}"
        for (program, writes), artifacts in alike.items()
        if len(artifacts) > 1
        for artifact in artifacts
    }


def _users(graph: ArtifactGraph) -> dict[str, tuple[tuple[str, bool], ...]]:
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for edge in graph.edges:
        found[edge.artifact].append((edge.program, edge.writes))
    return {artifact: tuple(sorted(users)) for artifact, users in found.items()}


def _used_alike(shown: Fold, graph: ArtifactGraph, groups: dict[str, str], depth: int) -> dict[str, str]:
    """Artifacts of one folder that the same programs use in the same way."""
    del shown, depth
    alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
    users = _users(graph)
    for node in graph.nodes:
        if node.kind not in PROGRAMS and node.id not in groups:
            folder = node.id.rpartition("/")[0]
            alike[folder, users.get(node.id, ()), node.kind is NodeKind.TABLE].append(node.id)
    return {
        artifact: f"{key[0] or '.'}/* {number}"
        for number, (key, artifacts) in enumerate(sorted(alike.items(), key=lambda item: item[1]))
        if len(artifacts) > 1
        for artifact in artifacts
    }


def _by_folder(shown: Fold, graph: ArtifactGraph, groups: dict[str, str], depth: int) -> dict[str, str]:
    """All artifacts below a folder of some depth."""
    del shown, groups
    return _folders((n for n in graph.nodes if n.kind not in PROGRAMS and not n.id.startswith("?")), depth, "/")


def _programs_by_folder(shown: Fold, graph: ArtifactGraph, groups: dict[str, str], depth: int) -> dict[str, str]:
    del shown, groups
    return _folders((node for node in graph.nodes if node.kind in PROGRAMS), depth, "/ programs")


def _folders(nodes: Iterable[Node], depth: int, mark: str) -> dict[str, str]:
    inside: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        folder = "/".join(node.id.split("/")[:-1][:depth])
        if folder:
            inside[folder].append(node.id)
    return {item: folder + mark for folder, items in inside.items() if len(items) > 1 for item in items}


def _merge(graph: ArtifactGraph, groups: Mapping[str, str]) -> Fold:
    """The graph with nodes put together."""
    members: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        members[groups.get(node.id, node.id)].append(node)
    nodes = [_merged(key, items) for key, items in members.items()]
    edges: dict[tuple[str, str, bool], Edge] = {}
    for edge in graph.edges:
        key = (groups.get(edge.program, edge.program), groups.get(edge.artifact, edge.artifact), edge.writes)
        known = edges.get(key)
        edges[key] = Edge(
            program=key[0],
            artifact=key[1],
            writes=edge.writes,
            declared=edge.declared or (known is not None and known.declared),
            certain=edge.certain or (known is not None and known.certain),
            uses=(*(known.uses if known is not None else ()), *edge.uses)[:_KEPT_USES],
        )
    pairs = {(groups.get(m.folder, m.folder), groups.get(m.member, m.member)) for m in graph.members}
    folded = ArtifactGraph(
        nodes=tuple(nodes),
        edges=tuple(edges[key] for key in sorted(edges)),
        members=tuple(Member(folder, member) for folder, member in sorted(pairs) if folder != member),
    )
    return Fold(folded, {key: tuple(n.id for n in items) for key, items in members.items() if len(items) > 1})


def _merged(key: str, items: list[Node]) -> Node:
    if len(items) == 1:
        return items[0]
    kinds = {node.kind for node in items}
    kind = items[0].kind if len(kinds) == 1 else NodeKind.OTHER
    if kinds <= PROGRAMS:
        kind, name = NodeKind.PROGRAM, f"{key.removesuffix('/ programs')}/ ({len(items)} programs)"
    elif kind is NodeKind.UNKNOWN:
        name = f"unknown ({len(items)} names)"
    else:
        folder = key.rpartition("/")[0] if key.rpartition("/")[2].startswith("* ") else key.rstrip("/")
        name = f"{folder}/ ({len(items)} {'tables' if kind is NodeKind.TABLE else 'files'})"
    return Node(
        id=key,
        kind=kind,
        name=name,
        stages=tuple(dict.fromkeys(stage for node in items for stage in node.stages)),
        exact=all(node.exact for node in items),
        findings=tuple(sorted({code for node in items for code in node.findings})),
    )
