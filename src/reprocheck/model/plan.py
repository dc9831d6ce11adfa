"""Plans of replays: what is needed, where it comes from, what will be done."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.gap import Gap


class Purpose(StrEnum):
    """Why a file is needed."""

    CODE = "code"
    INPUT = "input"
    FORMER = "former"
    """The run replaced it without reading: only that it was there could matter."""


class Need(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One file with the content that the run found."""

    path: str
    """As in the record: relative to the root where it lies under it, else absolute."""
    digest: str
    """BLAKE3 (hex)."""
    size: int
    """Bytes; -1 where the record doesn't say."""
    purpose: Purpose
    writable: bool = False
    """Whether the run changed or removed it."""

    @property
    def outside(self) -> bool:
        """Whether it lies outside of the root."""
        return self.path.startswith("/")


class Origin(StrEnum):
    """Where the content of a file comes from."""

    DISK = "disk"
    """Still where it was."""
    STORE = "store"
    GIT = "git"
    """The recorded commit, with the recorded difference applied."""
    IMAGE = "image"
    """In the image of the container that the run was in; whether with this content is seen before anything runs."""
    CHANGED = "changed"
    """The file is there with other content, and the recorded content is nowhere."""
    MISSING = "missing"


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """A needed file with the place that its content comes from."""

    need: Need
    origin: Origin
    place: str = ""
    """Absolute path to read the content from; empty where there is none."""

    @property
    def found(self) -> bool:
        """Whether the content that the run saw can be had."""
        return self.origin in {Origin.DISK, Origin.STORE, Origin.GIT, Origin.IMAGE}


class Link(msgspec.Struct, frozen=True, order=True):
    """A symbolic link that the run found."""

    path: str
    """Relative to the root where it lies under it, else absolute."""
    target: str
    """Absolute path of what it leads to in the end; empty for a circle, and for a folder that the root lies in."""
    text: str
    """What is to be written in it: right wherever the working copy lies."""


class Executor(StrEnum):
    """Where a replay runs."""

    SAME = "same"
    """With the interpreter and packages that are installed now."""
    VENV = "venv"
    """In an environment rebuilt from the recorded lock."""
    DOCKER = "docker"
    """In a container made from the record."""


class Obstacle(msgspec.Struct, frozen=True):
    """Why a replay can't be started, and what would help."""

    reason: str
    """One sentence without a full stop."""
    remedy: str
    """What to do, likewise."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One replay."""

    run: str
    """Id of the recorded run."""
    executor: Executor
    command: tuple[str, ...]
    root: str
    """Absolute path at which the working copy appears."""
    cwd: str
    """Working folder, relative to the root; absolute where it lies outside."""
    variables: dict[str, str]
    """The whole environment of the command."""
    stdin: str = ""
    """File that standard input comes from, relative to the root or absolute; empty for none."""
    files: tuple[Sourced, ...] = ()
    """Files of the working copy, with the place of their content."""
    outside: tuple[Sourced, ...] = ()
    """Files outside of the root that are read where they are."""
    folders: tuple[str, ...] = ()
    """Folders below the root that the run wrote to or listed; relative, sorted."""
    kept: tuple[str, ...] = ()
    """Folders below the root that are used as they are: an environment, a repository's own data. Relative, sorted."""
    links: tuple[Link, ...] = ()
    """Links of the original that the working copy has too."""
    links_outside: tuple[Link, ...] = ()
    """Links outside of the root that lead to files of the run; made where nothing is by their names, and unseen."""
    guarded: tuple[str, ...] = ()
    """Folders outside of the root that the run wrote to: they are covered, so that nothing in them is changed."""
    dockerfile: str = ""
    """What the image of a container is made of, its base by name: what is built has the identity instead."""
    patterns: tuple[str, ...] = ()
    """Files that count; empty for all that are left under the root."""
    gaps: tuple[Gap, ...] = ()
    """What can't be restored, with its consequence."""
    obstacles: tuple[Obstacle, ...] = ()
    """Any of these and nothing is run."""
