"""Who writes and who reads which file or table: the programs of a project and what passes between them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import Cell, Span


class NodeKind(StrEnum):
    """What a node stands for."""

    PROGRAM = "program"
    """A script, notebook or console command."""
    STAGE = "stage"
    """A step of a pipeline, or a shell script, that starts no program of the project."""
    DATA = "data"
    MODEL = "model"
    TABLE = "table"
    """A table of a database."""
    CONFIGURATION = "configuration"
    RESULT = "result"
    """Metrics, figures and reports."""
    FOLDER = "folder"
    OTHER = "other"
    UNKNOWN = "unknown"
    """A file whose name only running could tell."""


PROGRAMS = frozenset({NodeKind.PROGRAM, NodeKind.STAGE})
"""Kinds of nodes that read and write; all others are read and written."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A program or an artifact."""

    id: str
    """Path relative to the root, address, or name of a table; unique in the graph."""
    kind: NodeKind
    name: str
    """What a person calls it; `{name}` stands for what can't be told."""
    path: str = ""
    """File of the repository that it is, or is declared in; empty for none."""
    span: Span | None = None
    """Where a program begins."""
    stages: tuple[str, ...] = ()
    """Steps of pipelines that run a program."""
    kept: str = ""
    """Who keeps the content of an artifact: `git`, `dvc`, or nobody."""
    exact: bool = True
    """Whether the name is known in full."""
    findings: tuple[str, ...] = ()
    """Codes of findings at it."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One place that reads or writes an artifact."""

    path: str
    span: Span
    expression: str
    """The path as the code puts it together, `{name}` for what can't be told."""
    line: str = ""
    """The code line."""
    cell: Cell | None = None
    """Of a notebook."""
    via: str = ""
    """Name of the function that reads or writes it, as `pandas.read_csv`."""
    order: int = 0
    """Position among the uses of its program, as these happen when it runs."""
    appends: bool = False
    """Whether it is opened to add to what is there."""
    by_option: bool = False
    """Whether the name comes from the default of an option, which a user may set."""
    columns: tuple[str, ...] = ()
    """Columns of a table that are read or given there, sorted."""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A program that reads or writes an artifact."""

    program: str
    artifact: str
    writes: bool
    declared: bool = False
    """Whether a pipeline declares it."""
    certain: bool = True
    """False where the name has parts that can't be told, or the code may not run."""
    uses: tuple[Use, ...] = ()


class Member(msgspec.Struct, frozen=True):
    """An artifact that lies in another one, a folder."""

    folder: str
    member: str


class ArtifactGraph(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes and edges, in the order of their names."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    members: tuple[Member, ...] = ()
