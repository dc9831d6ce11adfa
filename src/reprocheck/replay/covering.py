"""Folders outside of the project that a replay sees as its run did, while nothing in them is changed."""

# pathlib raises an error where a folder may not be looked into; what can't be seen isn't there for this user.
# ruff: noqa: PTH110, PTH112

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from reprocheck.model.plan import Link, Origin, Plan, Sourced
from reprocheck.replay.needs import TEMPORARY_FOLDERS


class Covering(msgspec.Struct, frozen=True, kw_only=True):
    """What is to appear on this machine, and where."""

    folders: tuple[str, ...] = ()
    """Covered: what lies in them is seen, and what is written goes elsewhere. None lies in another."""
    fresh: tuple[str, ...] = ()
    """Folders that the file system lacks at its very top."""
    made: tuple[str, ...] = ()
    """Folders to make, below the others."""
    files: tuple[str, ...] = ()
    """Likewise empty files, for mounts to cover."""
    links: tuple[Link, ...] = ()
    """Likewise symbolic links."""


def covering_of(plan: Plan) -> Covering:
    """Look at what this machine has of what the plan needs outside of the root, and of the root itself."""
    links = tuple(link for link in plan.links_outside if not os.path.lexists(link.path))
    files = tuple(source.need.path for source in replaced(plan) if not os.path.exists(source.need.path))
    root = () if os.path.isdir(plan.root) else (plan.root,)
    behind = {link.target for link in plan.links}
    gone = tuple(folder for folder in plan.guarded if not os.path.isdir(folder))
    led_to = tuple(folder for folder in gone if folder in behind)
    # The run most likely made the others itself; what is written there must not come to lie on this machine.
    alone = tuple(folder for folder in gone if folder not in behind and _existing(folder) not in TEMPORARY_FOLDERS)
    missing = (*files, *root, *(link.path for link in links), *led_to, *alone)
    around = {_existing(path) for path in missing}
    folders = sorted((around - {"/"}) | {folder for folder in plan.guarded if os.path.isdir(folder)})
    return Covering(
        folders=tuple(folder for folder in folders if not any(_lies_in(folder, other) for other in folders)),
        fresh=tuple(sorted({"/" + path.split("/")[1] for path in missing if _existing(path) == "/"})),
        made=(*root, *led_to),
        files=files,
        links=links,
    )


def replaced(plan: Plan) -> tuple[Sourced, ...]:
    """Inputs outside of the root that are not there any more as the run found them, and come from elsewhere."""
    return tuple(source for source in plan.outside if source.origin is not Origin.DISK)


def _lies_in(folder: str, other: str) -> bool:
    """Here and now: what was one folder in another where the run was may be a link out of it on this machine."""
    return os.path.realpath(folder).startswith(f"{os.path.realpath(other)}/")


def _existing(path: str) -> str:
    """The nearest folder around it that is there."""
    return str(next((parent for parent in Path(path).parents if os.path.isdir(parent)), "/"))
