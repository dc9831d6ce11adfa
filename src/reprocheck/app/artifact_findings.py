"""Which findings stand at which node of the graph of artifacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from reprocheck.model.artifact_graph import PROGRAMS, ArtifactGraph
from reprocheck.model.finding import Finding

GRAPH_RULES = frozenset({"DBT004", "ART006"})
"""Rules that stand on the graph."""
_OF_ARTIFACTS = ("ART", "DAT", "DBT004", "SKW003")
"""Codes, or their beginnings, of findings about what is read or written rather than about the program."""


def with_findings(graph: ArtifactGraph, findings: Iterable[Finding]) -> ArtifactGraph:
    """The graph with the codes of findings at its nodes."""
    messages = at_nodes(graph, findings)
    nodes = tuple(
        msgspec.structs.replace(node, findings=tuple(sorted({text.partition(" ")[0] for text in messages[node.id]})))
        if node.id in messages
        else node
        for node in graph.nodes
    )
    return msgspec.structs.replace(graph, nodes=nodes)


def at_nodes(graph: ArtifactGraph, findings: Iterable[Finding]) -> Mapping[str, tuple[str, ...]]:
    """Code and message of findings by node: the artifact that is used there, else the program."""
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    for edge in graph.edges:
        for use in edge.uses:
            used[use.path, use.span.line].add(edge.artifact)
    programs = {node.path: node.id for node in graph.nodes if node.kind in PROGRAMS and node.path}
    found: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.suppression is not None or finding.known:
            continue
        place = finding.place
        artifacts = used.get((place.path, place.span.line), set()) if finding.code.startswith(_OF_ARTIFACTS) else set()
        nodes = sorted(artifacts) or ([programs[place.path]] if place.path in programs else [])
        for node in nodes:
            found[node].append(f"{finding.code} {finding.message}")
    return {node: tuple(dict.fromkeys(texts)) for node, texts in found.items()}
