"""The story of each file of a run, from the first time it was touched."""

from __future__ import annotations

from collections.abc import ItemsView
from typing import Protocol


class _Opened(Protocol):
    @property
    def pid(self) -> int: ...
    @property
    def how(self) -> str: ...
    @property
    def existed(self) -> bool: ...
    @property
    def size(self) -> int | None: ...


class _Left(Protocol):
    @property
    def missing(self) -> bool: ...
    @property
    def unchanged(self) -> bool: ...
    @property
    def blake3(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int | None: ...


class _Renamed(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def existed(self) -> bool: ...
    @property
    def exchanged(self) -> bool: ...


class Track:
    """One file."""

    __slots__ = (
        "after",
        "appended",
        "before",
        "fresh",
        "gone",
        "log",
        "pids",
        "ran",
        "read",
        "renamed_from",
        "sha256",
        "size",
        "size_before",
        "stored",
        "wrote",
    )

    def __init__(self) -> None:
        self.read = False
        """What the run found in it was read."""
        self.ran = False
        self.wrote = False
        self.appended = False
        """All writing was at the end of what was there."""
        self.fresh = False
        """Was not there when the run first touched it."""
        self.gone = False
        self.log = False
        self.stored = False
        self.before = self.after = self.sha256 = self.renamed_from = ""
        self.size: int | None = None
        self.size_before: int | None = None
        self.pids: set[int] = set()

    def open(self, event: _Opened) -> None:
        """Opened, for reading or writing."""
        self.pids.add(event.pid)
        if not self.wrote and event.existed and self.size_before is None:
            self.size_before = event.size
        if event.how == "r":
            self.read = self.read or not self.wrote
            return
        if not event.existed:
            self.fresh = self.fresh or not (self.wrote or self.read)
            self.appended = "a" in event.how
        elif not self.wrote:
            self.appended = "a" in event.how
            self.read = self.read or not ("t" in event.how or self.appended)
        elif "a" not in event.how:
            self.appended = False
        self.gone = False
        self.wrote = True

    def executed(self, pid: int) -> None:
        """Run as a program."""
        self.pids.add(pid)
        self.ran = True

    def create(self, pid: int) -> None:
        """Made by a link, of either kind."""
        self.pids.add(pid)
        self.fresh = self.fresh or not (self.wrote or self.read)
        self.wrote = True
        self.gone = False

    def descriptor(self, how: str, size: int | None, *, log: bool) -> None:
        """Was open when the command started."""
        self.size_before = size
        self.read = self.read or "r" in how
        if how == "r":
            return
        self.wrote = True
        self.log = log

    def unlink(self, pid: int) -> None:
        """Its name was taken away."""
        self.pids.add(pid)
        self.wrote = True
        self.gone = True

    def found(self, digest: str, size: int | None, *, stored: bool) -> None:
        """What it held before the run changed it."""
        self.before = digest
        self.size_before = size
        self.stored = self.stored or stored

    def left(self, event: _Left) -> None:
        """What it holds at the end."""
        self.gone = event.missing
        self.after, self.sha256, self.size = event.blake3, event.sha256, event.size
        if event.unchanged:
            self.wrote = False
            # Where the shell sent what the command never wrote is nothing that it read.
            self.read = self.read or bool(self.pids)


class Tracks:
    """All files by path."""

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}

    def at(self, path: str) -> Track:
        """The story of a file, begun if need be."""
        track = self._tracks.get(path)
        if track is None:
            track = self._tracks[path] = Track()
        return track

    def __contains__(self, path: str) -> bool:
        return path in self._tracks

    def items(self) -> ItemsView[str, Track]:
        """All of them."""
        return self._tracks.items()

    def rename(self, old: str, new: str, pid: int, event: _Renamed) -> None:
        """What happened to the old name goes with the file to its new one."""
        if event.kind == "directory":
            inside = [path for path in self._tracks if path.startswith(f"{old}/")]
            for path in inside:
                self._move(path, new + path[len(old) :], pid, existed=False)
        elif event.exchanged:
            first, second = self.at(old), self.at(new)
            self._tracks[old], self._tracks[new] = second, first
            for track in (first, second):
                track.pids.add(pid)
                track.wrote = True
        else:
            self._move(old, new, pid, existed=event.existed)

    def _move(self, old: str, new: str, pid: int, *, existed: bool) -> None:
        track, there = self._tracks.pop(old, None) or Track(), self._tracks.get(new)
        moved = Track()
        moved.pids = track.pids | {pid} | (there.pids if there is not None else set())
        moved.renamed_from = track.renamed_from or old
        moved.wrote = True
        moved.fresh = there.fresh if there is not None else not existed
        if there is not None:
            moved.read, moved.before, moved.size_before = there.read, there.before, there.size_before
            moved.stored = there.stored
        if not track.fresh:
            # The run found it under its old name, where it is no more.
            track.pids.add(pid)
            track.wrote = track.gone = True
            self._tracks[old] = track
        self._tracks[new] = moved
