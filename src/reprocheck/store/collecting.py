"""Removes from a store what no run stands on, and runs when that is asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from reprocheck.model.record import RunState, RunSummary
from reprocheck.model.run_report import Collection
from reprocheck.store.errors import StoreError
from reprocheck.store.store import Store

_DIGEST = re.compile(rb"[0-9a-f]{64}")
_TRASH = ".removed-"
_MANIFEST_LIMIT = 1 << 30
"""Bytes of an object beyond which it is no list of files."""


def collect(store: Store, unwanted: Iterable[RunSummary], *, dry: bool) -> Collection:
    """Remove runs, then objects that no remaining run names, then what crashes left behind. Raises StoreError.

    The store must be this process's alone. What a record can't be read for is kept: any digest that stands in the
    files of a run counts as one that it needs.
    """
    removed = [summary for summary in unwanted if summary.state is not RunState.RUNNING]
    gone = {summary.id for summary in removed}
    size = sum(_size(store.runs_folder / name) for name in gone)
    needed = _needed(store, [folder.path for folder in store.run_folders() if folder.id not in gone])
    objects = [digest for digest in store.objects if digest not in needed]
    size += sum(store.objects.path(digest).stat().st_size for digest in objects)
    leftovers = [*(store.objects.folder / "tmp").iterdir(), *store.runs_folder.glob(f"{_TRASH}*")]
    if not dry:
        try:
            for name in sorted(gone):
                _remove_run(store.runs_folder / name)
            for digest in objects:
                store.objects.discard(digest)
            for path in leftovers:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{error.filename or store.folder} cannot be removed: {error.strerror}") from error
        store.summaries()  # the index forgets them
    return Collection(runs=tuple(sorted(gone)), objects=len(objects), size=size, leftovers=len(leftovers), dry=dry)


def _remove_run(path: Path) -> None:
    """In one step out of the list of runs: a crash in between leaves no half of a run."""
    trash = path.with_name(_TRASH + path.name)
    path.rename(trash)
    shutil.rmtree(trash)


def _needed(store: Store, runs: list[Path]) -> set[str]:
    """Digests that runs name, and those that the lists of files among them name."""
    needed: set[str] = set()
    for run in runs:
        for file in run.rglob("*"):
            if file.is_file():
                needed.update(match.decode() for match in _DIGEST.findall(file.read_bytes()))
    for digest in needed & set(store.objects):
        path = store.objects.path(digest)
        if path.stat().st_size <= _MANIFEST_LIMIT and _is_manifest(path):
            needed = needed | {match.decode() for match in _DIGEST.findall(path.read_bytes())}
    return needed


def _is_manifest(path: Path) -> bool:
    """Whether an object begins as lists of files do: `DIGEST  SIZE  PATH`."""
    with path.open("rb") as file:
        return re.match(rb"(?:[0-9a-f]{64}|-)  (?:\d+|-)  ", file.read(96)) is not None


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
