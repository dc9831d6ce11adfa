"""Symbolic links of a run: programs name the links, records what they lead to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from reprocheck.model.plan import Link
from reprocheck.model.record import FileRole, Record
from reprocheck.replay.placing import Places

_MOST_LINKS = 10_000
"""Links of a record that are made again; capture writes no more down."""
_STEPS = 40
"""Links on one path after which it is a circle, as for the kernel."""
_LONGEST = 4096
"""Bytes of a path."""


def links_of(record: Record) -> tuple[Link, ...]:
    """Links below the root that the run found there, sorted."""
    root = record.command.root
    texts = _texts(record)
    below = f"{root.rstrip('/')}/"
    return tuple(sorted(_planned(place, texts, root) for place in texts if place.startswith(below)))


def links_outside(record: Record) -> tuple[Link, ...]:
    """Links outside of the root that lead to files which the run used, sorted."""
    root = record.command.root
    texts = _texts(record)
    ways = _ways(record)
    found = []
    for place, text in texts.items():
        if not place.startswith(f"{root.rstrip('/')}/"):
            end = end_of(place, texts)
            if end in ways:
                found.append(Link(place, end, text))
    return tuple(sorted(found))


def true_place(path: str, links: Iterable[Link], root: str) -> str | None:
    """Where a path below the root lies in truth, relative to it; None for what lies outside, behind a link."""
    for link in links:
        if path.startswith(f"{link.path}/"):
            real = PurePosixPath(link.target or "/") / path[len(link.path) + 1 :]
            return real.relative_to(root).as_posix() if real.is_relative_to(root) else None
    return path


def end_of(path: str, texts: Mapping[str, str]) -> str:
    """Where an absolute path leads through known links; empty for a circle. Nothing is looked up on the disk."""
    ahead = path.split("/")[::-1]
    at, steps = "", 0
    while ahead:
        match ahead.pop():
            case "" | ".":
                continue
            case "..":
                at = at.rpartition("/")[0]
                continue
            case part:
                place = f"{at}/{part}"
        text = texts.get(place)
        if text is None:
            at = place
            continue
        steps += 1
        if steps > _STEPS:
            return ""
        at = "" if text.startswith("/") else at
        ahead.extend(reversed(text.split("/")))
    return at or "/"


def make_link(link: Link, root: str, places: Places) -> None:
    """Make a link in a working copy, unless something is there by its name."""
    place = places.free(link.path)
    if place is None:
        return
    place.symlink_to(link.text)
    below = f"{root.rstrip('/')}/"
    if link.target.startswith(below) and Path(link.target).is_dir():
        places.folder(link.target.removeprefix(below))


def _texts(record: Record) -> dict[str, str]:
    """What is written in each recorded link by its absolute path; what can't be a link's is left out."""
    root = record.command.root.rstrip("/")
    found = {}
    for link in record.files.links[:_MOST_LINKS]:
        place = link.path if link.path.startswith("/") else f"{root}/{link.path}"
        if link.target and "\0" not in link.target and len(link.target) < _LONGEST:
            found[place] = link.target
    return found


def _planned(place: str, texts: Mapping[str, str], root: str) -> Link:
    """A link with a text that is right wherever the working copy lies: within the project relative, else absolute."""
    path, text = place[len(root.rstrip("/")) + 1 :], texts[place]
    folder = place.rpartition("/")[0]
    below = f"{root.rstrip('/')}/"
    named = text if text.startswith("/") else f"{folder}/{text}"
    end = end_of(named, texts)
    target = "" if PurePosixPath(root).is_relative_to(end or "/") else end
    if not text.startswith("/") and _stays(path, text) and (not end or f"{end}/".startswith(below)):
        return Link(path, target, text)
    if text.startswith(below) and ".." not in text.split("/"):
        return Link(path, target, os.path.relpath(text, folder))
    if f"{end}/".startswith(below):
        return Link(path, target, os.path.relpath(end, folder))
    return Link(path, target, end or text)


def _stays(path: str, text: str) -> bool:
    """Whether a relative text, taken from where its link lies, never goes above the root on its way."""
    depth = path.count("/")
    for part in text.split("/"):
        depth += -1 if part == ".." else int(part not in {"", "."})
        if depth < 0:
            return False
    return True


def _ways(record: Record) -> frozenset[str]:
    """Absolute paths of what the run used, and of all folders around it."""
    root = record.command.root
    names = (
        *(use.path for use in record.files.uses if use.role is not FileRole.DEVICE),
        *(listing.path for listing in record.files.listings),
        *(tree.path for tree in record.files.trees if tree.role is not FileRole.ENVIRONMENT),
    )
    found = {name if name.startswith("/") else f"{root}/{name}" for name in names}
    for name in tuple(found):
        while (name := name.rpartition("/")[0]) and name not in found:
            found.add(name)
    return frozenset(found)
