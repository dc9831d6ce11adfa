"""Adds symbolic links that no name was seen to lead through: in listed folders, and beside what was used."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from reprocheck.capture.symlinks import MOST, is_older, links_on
from reprocheck.model.record import FileRole, FileUses, SymbolicLink

_MOST_FOLDERS = 1_000
_MOST_NAMES = 100_000
"""Names that are looked at, of all folders together."""


def with_standing_links(files: FileUses, root: Path, made: Collection[str], began: int | None) -> FileUses:
    """The same uses with links below `root` that can still be seen; `made` are absolute paths that the run made.

    Where that isn't known of all, `began` is when the run did (wall clock, nanoseconds): younger links are its own.

    A program that goes into a folder by its link names files there without it, and one that lists a folder sees the
    links in it, wherever they lead.
    """
    top = str(root.resolve())
    listed = {_absolute(top, listing.path) for listing in files.listings}
    data = {_absolute(top, use.path) for use in files.uses if use.role not in _PLAIN} | listed
    own = {*made, *(_absolute(top, use.path) for use in files.uses if use.before is None and use.role in _WRITTEN)}
    candidates = [place for place in _links_in(_folders(top, data, listed)) if not is_or_lies_in(place, own)]
    if began is not None:
        candidates = [place for place in candidates if is_older(place, began)]
    if not candidates:
        return files
    ways = _ways({*data, *(_absolute(top, use.path) for use in files.uses)})
    found = {link.path: link for link in files.links}
    for place in candidates:
        if place.rpartition("/")[0] in listed or os.path.realpath(place) in ways:
            for link, text in links_on(place):
                name = _spelled(top, link)
                if len(found) < MOST and (link == place or not is_or_lies_in(link, own)):
                    found.setdefault(name, SymbolicLink(path=name, target=_text(text)))
    return msgspec.structs.replace(files, links=tuple(sorted(found.values())))


_PLAIN = frozenset({FileRole.ENVIRONMENT, FileRole.DEVICE})
_WRITTEN = frozenset(
    {FileRole.OUTPUT, FileRole.RENAMED, FileRole.APPENDED, FileRole.TEMPORARY, FileRole.LOG, FileRole.READ_THEN_WRITTEN}
)


def is_or_lies_in(path: str, made: Collection[str]) -> bool:
    """Whether an absolute path, or a folder that it lies in, is among `made`."""
    if path in made:
        return True
    while path := path.rpartition("/")[0]:
        if path in made:
            return True
    return False


def _ways(paths: Collection[str]) -> set[str]:
    """The paths and all folders around them."""
    ways = set(paths)
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in ways:
            ways.add(path)
    return ways


def _folders(top: str, used: Collection[str], listed: Collection[str]) -> list[str]:
    """Folders below the root that held what was used, those that were listed first."""
    around = {path.rpartition("/")[0] for path in used}
    below = f"{top}/"
    inside = [folder for folder in (*sorted(listed), top, *sorted(around)) if f"{folder}/".startswith(below)]
    return list(dict.fromkeys(inside))[:_MOST_FOLDERS]


def _links_in(folders: Collection[str]) -> Iterator[str]:
    looked = 0
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    looked += 1
                    if looked > _MOST_NAMES:
                        return
                    if entry.is_symlink():
                        yield f"{folder}/{entry.name}"
        except OSError:
            continue  # gone since, or a file


def _absolute(top: str, path: str) -> str:
    if path == ".":
        return top
    return path if path.startswith("/") else f"{top}/{path}"


def _spelled(top: str, path: str) -> str:
    return _text(path.removeprefix(f"{top}/"))


def _text(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
