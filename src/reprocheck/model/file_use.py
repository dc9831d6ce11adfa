"""What a run did with files, directories and addresses."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.gap import Gap


class FileRole(StrEnum):
    """What a file was to the run, over all its processes."""

    INPUT = "input"
    """Read, never written."""
    OUTPUT = "output"
    """Written and left behind; whatever was there before was not read."""
    READ_THEN_WRITTEN = "read-then-written"
    """Read first, then changed: a checkpoint that is resumed."""
    TEMPORARY = "temporary"
    """Made and gone again, or left in a folder for temporary files."""
    RENAMED = "renamed"
    """Written under another name and moved into place; an output."""
    APPENDED = "appended"
    """Only added to at its end; an output."""
    DELETED = "deleted"
    """Was there before the run and is gone."""
    LOG = "log"
    """A text written for people or dashboards, which no result is read from."""
    CODE = "code"
    """Source of the project that was imported or executed."""
    ENVIRONMENT = "environment"
    """Part of the interpreter, of an installed package or of the operating system."""
    DEVICE = "device"
    """A device, a pipe, a socket or a file that the kernel makes up (`/proc`, `/sys`)."""


OUTPUT_ROLES = frozenset({FileRole.OUTPUT, FileRole.READ_THEN_WRITTEN, FileRole.RENAMED, FileRole.APPENDED})
"""Roles of files that a replay has to make again."""
INPUT_ROLES = frozenset({FileRole.INPUT, FileRole.READ_THEN_WRITTEN})
"""Roles of files whose content before the run decides about it."""


class CodePlace(msgspec.Struct, frozen=True, order=True):
    """A line of Python that did something while it ran."""

    path: str
    """Relative to the root of the run where it lies under it, else absolute; POSIX."""
    line: int
    """From 1; 0 where only the file is known."""
    function: str = ""
    """Name of the function around it; empty at module level."""


class FileUse(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a run touched."""

    path: str
    """Relative to the root of the run where it lies under it, else absolute; POSIX, symbolic links resolved."""
    role: FileRole
    """Decided from all calls of all processes together."""
    before: str | None = None
    """BLAKE3 (hex) of the content that the run found; None where there was no file or it could not be hashed."""
    after: str | None = None
    """BLAKE3 (hex) of the content that the run left; None where none is left, it wasn't written or can't be hashed."""
    sha256: str | None = None
    """SHA-256 (hex) of the content that the run left; outputs only."""
    size_before: int | None = None
    """Bytes that the run found; None where there was no file."""
    size: int | None = None
    """Bytes at the end of the run; None where no file is left."""
    stored: tuple[str, ...] = ()
    """Digests (of `before` and `after`) whose content lies in the store."""
    renamed_from: str = ""
    """Name under which it was written; set for `renamed` only."""
    processes: tuple[int, ...] = ()
    """Numbers of the processes that touched it, ascending."""
    place: CodePlace | None = None
    """First line of Python that opened it; None where none was seen (native readers)."""


class FileTree(msgspec.Struct, frozen=True, kw_only=True):
    """Many files of one folder and one role, kept as one digest so that a data set of a million files stays small."""

    path: str
    """The folder, spelled as in `FileUse`."""
    role: FileRole
    files: int
    """Number of files."""
    size: int
    """Bytes of all files."""
    digest: str
    """BLAKE3 (hex) of the manifest: `DIGEST  PATH` lines, sorted by path."""
    manifest: str = ""
    """Digest of the stored manifest; empty where the store doesn't have it."""
    stored: int = 0
    """Files whose content lies in the store, under the digests of the manifest."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A directory whose entries a run asked for; their order is data."""

    path: str
    """Spelled as in `FileUse`."""
    entries: int
    """Number of names returned; -1 where only the call was seen."""
    order: str = ""
    """BLAKE2b-128 (hex) of the names in the order in which they came, NUL between; empty where they weren't seen."""
    place: CodePlace | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """An address that a run connected to: an input that no record can hold."""

    family: str
    """`inet`, `inet6` or `unix`."""
    address: str
    """Number, name or path; without credentials."""
    port: int = 0
    """0 for `unix`."""
    processes: tuple[int, ...] = ()
    """Numbers of the processes that connected, ascending."""
    place: CodePlace | None = None


class FailedOpen(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A file that a run looked for and did not get: had it been there, the run might have been another."""

    path: str
    """Spelled as in `FileUse`."""
    error: str
    """Name of the error, such as `ENOENT`."""
    place: CodePlace | None = None


class SymbolicLink(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A symbolic link that led to what a run used, or that a folder which it listed held; none that the run made."""

    path: str
    """Where it lies, spelled as in `FileUse`: links in its folders are resolved."""
    target: str
    """What is written in it: absolute, or relative to its folder; what it names need not be there."""


class FileUses(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run did with files, sorted by path."""

    uses: tuple[FileUse, ...] = ()
    trees: tuple[FileTree, ...] = ()
    listings: tuple[Listing, ...] = ()
    connections: tuple[Connection, ...] = ()
    failed_opens: tuple[FailedOpen, ...] = ()
    links: tuple[SymbolicLink, ...] = ()
    """Sorted by path, 10,000 at most."""
    new_folders: tuple[str, ...] = ()
    """Folders under the root that were not there before, whether the run left them or not; sorted, 10,000 at most."""
    complete: bool = False
    """True when every call of every process was seen (supervised from start to end)."""
    gaps: tuple[Gap, ...] = ()
