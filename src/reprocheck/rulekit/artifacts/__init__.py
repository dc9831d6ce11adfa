"""The artifacts of a project: which program writes and which reads what."""

from reprocheck.model.artifact_graph import PROGRAMS, ArtifactGraph, Edge, Member, Node, NodeKind, Use
from reprocheck.rulekit.artifacts.graph import artifact_graph, whole_artifact_graph

__all__ = [
    "PROGRAMS",
    "ArtifactGraph",
    "Edge",
    "Member",
    "Node",
    "NodeKind",
    "Use",
    "artifact_graph",
    "whole_artifact_graph",
]
