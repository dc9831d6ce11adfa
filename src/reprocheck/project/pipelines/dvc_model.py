"""What DVC's files declare and record."""

from __future__ import annotations

import msgspec

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.pipelines.values import Value

Command = str | tuple[str, ...]


class Edge(msgspec.Struct, frozen=True):
    """A file or folder that a stage declares to read or write."""

    written: str
    """As it stands in the file, templates resolved."""
    path: str | None
    """Relative to the root; None for what lies outside of it, and for addresses."""
    span: Span
    kind: str
    """`dep`, `out`, `metric` or `plot`."""
    cached: bool = True
    """Whether DVC keeps the content, so that git doesn't."""


class ParameterFile(msgspec.Struct, frozen=True):
    """Parameters of one file that a stage declares to depend on."""

    written: str
    path: str | None
    keys: tuple[str, ...]
    """Dotted names; empty for the whole file."""
    span: Span


class Stage(msgspec.Struct, frozen=True):
    """A step of a pipeline, one of each that `foreach` or `matrix` makes."""

    name: str
    file: str
    """The `dvc.yaml` or `.dvc` file."""
    span: Span
    """Its name in that file."""
    command: Command
    command_span: Span
    folder: str
    """Working directory relative to the root; empty for the root."""
    deps: tuple[Edge, ...] = ()
    outs: tuple[Edge, ...] = ()
    parameters: tuple[ParameterFile, ...] = ()
    frozen: bool = False
    always_changed: bool = False


class Recorded(msgspec.Struct, frozen=True):
    """What a lock says of one path."""

    digest: str
    """MD5 in hexadecimal digits, with `.dir` behind it for a folder; empty when none is recorded."""
    unix_line_ends: bool
    """Whether the digest is one of DVC before 3.0, which took CRLF for LF in text."""
    size: int | None
    span: Span
    other: bool = False
    """Recorded in a way that can't be recomputed: by a remote store, or file by file."""


class LockedStage(msgspec.Struct, frozen=True):
    """What `dvc.lock` says of the last run of a stage."""

    command: Command | None
    deps: dict[str, Recorded]
    outs: dict[str, Recorded]
    parameters: dict[str, dict[str, Value]]
    span: Span


class Lock(msgspec.Struct, frozen=True):
    """A `dvc.lock`."""

    path: str
    stages: dict[str, LockedStage]


class Unread(msgspec.Struct, frozen=True):
    """A file or stage of a pipeline that could not be told, and why."""

    file: str
    message: str
    span: Span = WHOLE_FILE


class DvcFile(msgspec.Struct, frozen=True):
    """A `dvc.yaml` with its lock, or a `.dvc` file."""

    path: str
    stages: tuple[Stage, ...]
    lock: Lock | None = None
    """None when there is none, or none that can be read."""
    lock_exists: bool = False
    recorded: dict[str, Recorded] = {}
    """Of a `.dvc` file: what it records itself, by path as written."""
    unread: tuple[Unread, ...] = ()
