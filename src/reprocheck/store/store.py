"""A store of runs: its format, its locks, and the way from a word to a run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reprocheck.model.record import RunSummary, Start, encode_start
from reprocheck.store.errors import NewerStoreError, NoSuchRunError, StoreError
from reprocheck.store.files import write_all, write_atomically
from reprocheck.store.index import Index
from reprocheck.store.locks import Lock, acquire
from reprocheck.store.objects import ObjectStore
from reprocheck.store.runs import LOCK, START, OpenRun, RunFolder
from reprocheck.store.ulid import PATTERN, ulid

FORMAT = 1
"""Raised when an older reprocheck would misread or damage a store."""
_FORMAT_LINE = re.compile(r"reprocheck store (\d+)\n?")
_GITIGNORE = "# Made by reprocheck: the records of runs.\n*\n"
_PATIENCE = 10.0
"""Seconds to wait for another process that holds the store for itself."""
_LISTED = 5
_COUNTED = re.compile(r"@(?:~([0-9]{0,9}))?")


class Store:
    """A folder with `format`, `objects/`, `runs/` and what can be made again (`index.sqlite`, `stat-cache.sqlite`)."""

    def __init__(self, folder: Path) -> None:
        """Open an existing store; raises StoreError where there is none, NewerStoreError where it is too new."""
        self.folder = folder
        self.objects = ObjectStore(folder / "objects")
        self.runs_folder = folder / "runs"
        self.stat_cache_file = folder / "stat-cache.sqlite"
        self._index = Index(folder / "index.sqlite")
        _check_format(folder)

    def begin(self, milliseconds: int, build: Callable[[str, int], Start]) -> OpenRun:
        """Make the folder of a new run from its id and sequence.

        `milliseconds` is the wall clock since 1970. Raises OSError when the store can't be written and StoreError when
        another process keeps it for itself.
        """
        shared = acquire(self.folder / "lock", shared=True, patience=_PATIENCE)
        if shared is None:
            raise StoreError(f"{self.folder} is being cleaned up (`reprocheck gc`)")
        try:
            name = ulid(milliseconds, os.urandom(10))
            folder = RunFolder(self.runs_folder / name)
            folder.path.mkdir()
            own = acquire(folder.path / LOCK)
            assert own is not None  # nobody else knows the name yet
            folder.journal.mkdir()
            start = build(name, self._next_sequence())
            write_atomically(folder.path / START, encode_start(start))
        except BaseException:
            shared.release()
            raise
        return OpenRun(folder, start, (own, shared))

    def finished(self, summary: RunSummary) -> None:
        """Note a run that has its record now."""
        self._index.add(summary)

    def run_folders(self) -> list[RunFolder]:
        """All runs, in order of their ids."""
        try:
            names = sorted(entry.name for entry in self.runs_folder.iterdir() if PATTERN.fullmatch(entry.name))
        except OSError as error:
            raise StoreError(f"{self.runs_folder} cannot be read: {error.strerror}") from error
        return [RunFolder(self.runs_folder / name) for name in names]

    def summaries(self) -> list[RunSummary]:
        """All runs in the order in which they were started."""
        return self._index.summaries(self.run_folders())

    def resolve(self, word: str) -> RunFolder:
        """The run that `word` means: an id, a name (its latest run), the beginning of one id, or `@`.

        `@` is the last run and `@~2` the second before it. Raises NoSuchRunError.
        """
        if PATTERN.fullmatch(word.upper()):
            folder = RunFolder(self.runs_folder / word.upper())
            if folder.path.is_dir():
                return folder
        summaries = self.summaries()
        if not summaries:
            raise NoSuchRunError(f"{self.folder} has no runs yet: `reprocheck run -- COMMAND` makes one")
        if counted := _COUNTED.fullmatch(word):
            back, count = int(counted[1] or 1) if "~" in word else 0, len(summaries)
            if back >= count:
                raise NoSuchRunError(f"`{word}` is none: `reprocheck ls` lists {count}, the last of them is `@`")
            return RunFolder(self.runs_folder / summaries[-1 - back].id)
        if named := [s for s in summaries if word and s.name == word]:
            return RunFolder(self.runs_folder / named[-1].id)
        begun = [s.id for s in summaries if s.id.startswith(word.upper())] if word else []
        match begun:
            case [one]:
                return RunFolder(self.runs_folder / one)
            case []:
                raise NoSuchRunError(f"no run is called `{word}`: `reprocheck ls` lists them")
        shown = ", ".join(begun[-_LISTED:])
        raise NoSuchRunError(f"`{word}` begins the ids of {len(begun)} runs ({shown}): write more of the one you mean")

    def exclusive(self) -> Lock | None:
        """The whole store for this process alone; None while a run is being captured."""
        try:
            return acquire(self.folder / "lock")
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}") from error

    def _next_sequence(self) -> int:
        """One more than any run of this store has: survives clocks that go backwards."""
        with acquire(self.folder / "counter.lock", patience=_PATIENCE) or _no_lock():
            counter = self.folder / "counter"
            last = 0
            with suppress(OSError, ValueError):
                last = int(counter.read_text("ascii"))
            if not last:
                last = max((_sequence(folder) for folder in self.run_folders()), default=0)
            write_atomically(counter, f"{last + 1}\n".encode())
            return last + 1


def prepare(folder: Path) -> Store:
    """Open the store at `folder`, making it where there is none. Raises OSError and StoreError."""
    if not (folder / "format").exists():
        for part in ("objects/tmp", "runs"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text(_GITIGNORE, "utf-8")
        write_atomically(folder / "format", f"reprocheck store {FORMAT}\n".encode())
    store = Store(folder)
    _probe_writing(folder)
    return store


def _probe_writing(folder: Path) -> None:
    """Find out now, not at the end of a long run, that nothing can be written."""
    path = folder / "objects" / "tmp" / f"probe-{os.getpid()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, bytes(4096))
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()


def _check_format(folder: Path) -> None:
    try:
        text = (folder / "format").read_text("ascii", "replace")
    except FileNotFoundError:
        raise StoreError(f"{folder} is no store of runs: `reprocheck run -- COMMAND` makes one") from None
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from error
    match = _FORMAT_LINE.match(text)
    if match is None:
        raise StoreError(f"{folder / 'format'} does not say `reprocheck store N`: this is no store, or a damaged one")
    if int(match[1]) > FORMAT:
        raise NewerStoreError(
            f"{folder} has store format {match[1]} and this reprocheck knows up to {FORMAT}: "
            "use the version that made it or a newer one, or another folder with --store; nothing in it was changed"
        )


def _sequence(folder: RunFolder) -> int:
    try:
        return folder.start().sequence
    except StoreError:
        return 0


def _no_lock() -> Lock:
    raise StoreError("another process holds the counter of the store for too long")
