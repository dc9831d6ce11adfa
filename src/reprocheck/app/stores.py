"""Which store a command works with."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from reprocheck.config import find_root
from reprocheck.model.gap import Gap
from reprocheck.store.errors import StoreError
from reprocheck.store.store import Store, prepare

STORE_FOLDER = Path(".reprocheck", "store")
"""Below the root of a project."""


def store_folder(asked: Path | None, start: Path) -> Path:
    """The folder that was asked for, else that of the project which `start` belongs to."""
    return asked if asked is not None else find_root(start) / STORE_FOLDER


def open_store(asked: Path | None, start: Path) -> Store:
    """An existing store; raises StoreError."""
    return Store(store_folder(asked, start))


def prepare_store(folder: Path, environment: Mapping[str, str]) -> tuple[Store | None, tuple[Gap, ...]]:
    """The store at `folder`, else a substitute in which the record of this run is kept, and why.

    None where nothing at all can be written: the command runs all the same.
    """
    problems = []
    for candidate in (folder, *substitutes(environment)):
        try:
            store = prepare(candidate)
        except (OSError, StoreError) as error:
            problems.append(str(error) if isinstance(error, StoreError) else f"{candidate}: {error.strerror}")
            continue
        if not problems:
            return store, ()
        return store, (Gap("store", problems[0], f"The record is kept in {candidate} (--store {candidate})"),)
    return None, (Gap("store", "; ".join(problems), "No record is kept"),)


def substitutes(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where a store may lie that can't lie in the project."""
    state = Path(environment.get("XDG_STATE_HOME", ""))
    if state.is_absolute():
        yield state / "reprocheck" / "store"
    elif home := environment.get("HOME"):
        yield Path(home, ".local", "state", "reprocheck", "store")
    private = Path(tempfile.gettempdir(), f"reprocheck-{os.getuid()}")
    if _is_private(private):
        yield private / "store"


def _is_private(folder: Path) -> bool:
    """Whether a folder among everybody's temporary files is ours: somebody else may have made it before us."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
