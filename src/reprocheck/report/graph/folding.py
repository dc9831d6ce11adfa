"""Makes a graph small enough to be read: what is used alike in one folder becomes one node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, ArtifactGraph, Edge, Member, Node, NodeKind

MOST_NODES = 150
"""Nodes beyond which folders are folded."""
_DEEPEST = 8
"""Levels of folders that are told apart."""
_KEPT_USES = 40


class Fold(msgspec.Struct, frozen=True):
    """A graph to be shown."""

    graph: ArtifactGraph
    folded: Mapping[str, tuple[str, ...]]
    """Ids of the nodes that each made-up node stands for."""


def fold(graph: ArtifactGraph, most: int = MOST_NODES) -> Fold:
    """The same graph with at most about `most` nodes, where folders allow it: the deepest are folded first."""
    groups: dict[str, str] = _unknown(graph)
    shown = _merge(graph, groups)
    for step in (_used_alike, _unknown_by_folder, *_by_depth()):
        if len(shown.graph.nodes) <= most:
            break
        groups = {**groups, **step(graph, groups)}
        shown = _merge(graph, groups)
    return shown


def _by_depth() -> Iterator[Callable[[ArtifactGraph, dict[str, str]], dict[str, str]]]:
    for depth in range(_DEEPEST, 0, -1):
        yield partial(_by_folder, depth=depth)
        yield partial(_programs_by_folder, depth=depth)


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


def _used_alike(graph: ArtifactGraph, groups: dict[str, str]) -> dict[str, str]:
    """Artifacts of one folder that the same programs use in the same way."""
    alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
    users = _users(graph)
    for node in graph.nodes:
        if node.kind not in PROGRAMS and node.id not in groups:
            alike[_folder(node.id), users.get(node.id, ()), node.kind is NodeKind.TABLE].append(node.id)
    return {
        artifact: f"{key[0] or '.'}/* {number}"
        for number, (key, artifacts) in enumerate(sorted(alike.items(), key=lambda item: item[1]))
        if len(artifacts) > 1
        for artifact in artifacts
    }


def _unknown_by_folder(graph: ArtifactGraph, _: dict[str, str]) -> dict[str, str]:
    """Unknown files of all programs in one folder."""
    programs = {edge.artifact: edge.program for edge in graph.edges}
    return {
        node.id: f"?{_folder(programs[node.id])}"
        for node in graph.nodes
        if node.kind is NodeKind.UNKNOWN and node.id in programs
    }


def _by_folder(graph: ArtifactGraph, _: dict[str, str], *, depth: int) -> dict[str, str]:
    """All artifacts below a folder of some depth."""
    artifacts = (n for n in graph.nodes if n.kind not in PROGRAMS and n.kind is not NodeKind.UNKNOWN)
    return _folders(artifacts, depth, "/")


def _programs_by_folder(graph: ArtifactGraph, _: dict[str, str], *, depth: int) -> dict[str, str]:
    return _folders((node for node in graph.nodes if node.kind in PROGRAMS), depth, "/ programs")


def _folders(nodes: Iterable[Node], depth: int, mark: str) -> dict[str, str]:
    inside: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        folder = _folder(node.id, depth)
        if folder:
            inside[folder].append(node.id)
    return {item: folder + mark for folder, items in inside.items() if len(items) > 1 for item in items}


def _folder(name: str, depth: int = 100) -> str:
    """Folder of a file, or of an address behind its host; at most so many levels."""
    scheme, mark, rest = name.rpartition("://")
    parts = rest.split("/")
    return scheme + mark + "/".join(parts[:-1][:depth])


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
    return Fold(folded, {key: tuple(n.id for n in items) for key, items in members.items() if items[0].id != key})


def _merged(key: str, items: list[Node]) -> Node:
    if len(items) == 1:
        return msgspec.structs.replace(items[0], id=key)
    kinds = {node.kind for node in items}
    kind = items[0].kind if len(kinds) == 1 else NodeKind.OTHER
    if kinds <= PROGRAMS:
        kind, name = NodeKind.PROGRAM, f"{key.removesuffix('/ programs')} ({len(items)} programs)"
    elif kind is NodeKind.UNKNOWN:
        name = f"unknown ({len(items)} names)"
    else:
        folder = key.rpartition("/")[0] if key.rpartition("/")[2].startswith("* ") else key.rstrip("/")
        name = f"{folder} ({len(items)} {'tables' if kind is NodeKind.TABLE else 'files'})"
    return Node(
        id=key,
        kind=kind,
        name=name,
        stages=tuple(dict.fromkeys(stage for node in items for stage in node.stages)),
        exact=all(node.exact for node in items),
        findings=tuple(sorted({code for node in items for code in node.findings})),
    )
