"""Symbolic links of a project: programs name the links, records what they lead to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from reprocheck.model.plan import Link
from reprocheck.model.record import Record
from reprocheck.replay.outputs import is_cache

_MOST = 200_000
"""Names that are looked at."""


def find_links(record: Record) -> tuple[Link, ...]:
    """Links below the root, as it is today, that lead to what the run used and were not made by it; sorted."""
    root = record.command.root
    uses = record.files.uses
    made = {use.path for use in uses if use.before is None}
    used = [
        name if name.startswith("/") else f"{root}/{name}"
        for name in (
            *(use.path for use in uses),
            *(listing.path for listing in record.files.listings),
            *(tree.path for tree in record.files.trees),
        )
    ]
    ways = {str(way) for name in used for way in (PurePosixPath(name), *PurePosixPath(name).parents)}
    found = []
    for path, real in _links(root):
        inside = PurePosixPath(root).is_relative_to(real)  # a circle
        if path not in made and real in ways and not inside and not any(name.startswith(f"{path}/") for name in made):
            found.append(Link(path=path, target=real))
    return tuple(sorted(found))


def _links(root: str) -> Iterable[tuple[str, str]]:
    """Relative path and absolute target of each link."""
    looked = 0
    for parent, folders, files in os.walk(root):
        prefix = "" if parent == root else f"{os.path.relpath(parent, root)}/"
        for name in (*folders, *files):
            if os.path.islink(Path(parent, name)):  # noqa: PTH114 — asked of every file of a project
                real = os.path.realpath(Path(parent, name))
                if Path(real).exists():
                    yield prefix + name, real
        looked += len(folders) + len(files)
        if looked > _MOST:
            return
        folders[:] = sorted(name for name in folders if not is_cache(f"{prefix}{name}/"))


def make_link(link: Link, root: str, folder: Path) -> None:
    """Make a link in a working copy; one to something else of the project never leads out of the copy."""
    place = folder / link.path
    if os.path.lexists(place):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    target = PurePosixPath(link.target)
    if not target.is_relative_to(root):
        place.symlink_to(link.target)
        return
    inside = target.relative_to(root)
    if Path(link.target).is_dir():
        (folder / inside).mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(inside, PurePosixPath(link.path).parent))
