"""One folder per run: what it started with, its journal, and at the end its record."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.model.record import SCHEMA, Record, RunState, Start, decode, decode_start, encode
from reprocheck.store.errors import NewerStoreError, StoreError
from reprocheck.store.files import write_atomically
from reprocheck.store.locks import Lock, acquire

START, RECORD, DIGEST, LOCK, JOURNAL = "start.json", "record.json", "record.b3", "lock", "journal"


class _Schema(msgspec.Struct):
    schema: int = 0


class RunFolder:
    """`runs/ID`; the record is written once, and then nothing changes any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.journal = path / JOURNAL

    def start(self) -> Start:
        """What the run started with; raises StoreError."""
        try:
            return decode_start((self.path / START).read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            raise StoreError(f"run {self.id} has no readable start: {error}") from error

    def record(self) -> Record:
        """The record; raises StoreError where there is none that this version can read."""
        return read_record(self.record_bytes(), self.id)

    def record_bytes(self) -> bytes:
        """The record as it was written; raises StoreError."""
        try:
            return (self.path / RECORD).read_bytes()
        except FileNotFoundError:
            raise StoreError(f"run {self.id} has no record") from None
        except OSError as error:
            raise StoreError(f"the record of run {self.id} cannot be read: {error.strerror}") from error

    def recorded_digest(self) -> str:
        """Digest of the record as it was when it was written; empty where it is missing."""
        try:
            return (self.path / DIGEST).read_text("ascii", "replace").strip()
        except OSError:
            return ""

    def state(self) -> RunState:
        """Whether it is running, finished or abandoned; looks at files and locks only."""
        if (self.path / RECORD).is_file():
            return RunState.FINISHED
        try:
            lock = acquire(self.path / LOCK, shared=True)
        except OSError:
            return RunState.ABANDONED
        if lock is None:
            return RunState.RUNNING
        with lock:
            # Between the two looks the launcher may have finished.
            if (self.path / RECORD).is_file():
                return RunState.FINISHED
            return RunState.ABANDONED if lock.effective or not self._launcher_lives() else RunState.RUNNING

    def finish(self, record: Record) -> str:
        """Write the record and return its digest. Raises OSError, and FileExistsError when there is one."""
        if (self.path / RECORD).exists():
            raise FileExistsError(f"run {self.id} has a record")
        data = encode(record)
        digest = blake3(data).hexdigest()
        write_atomically(self.path / DIGEST, f"{digest}\n".encode(), mode=0o444)
        write_atomically(self.path / RECORD, data, mode=0o444)
        return digest

    def _launcher_lives(self) -> bool:
        try:
            os.kill(self.start().launcher, 0)
        except (StoreError, ProcessLookupError):
            return False
        except OSError:
            return True
        return True


class OpenRun:
    """A run that this process is capturing: its folder, and the locks that say so."""

    def __init__(self, folder: RunFolder, start: Start, locks: tuple[Lock, ...]) -> None:
        self.folder = folder
        self.start = start
        self._locks = locks

    @property
    def locked(self) -> bool:
        """False where the file system knows no locks."""
        return all(lock.effective for lock in self._locks)

    def close(self) -> None:
        """Give the locks back."""
        for lock in self._locks:
            lock.release()


def read_record(data: bytes, name: str) -> Record:
    """A record from its bytes; raises StoreError with a reason that a person can act on."""
    try:
        schema = msgspec.json.decode(data, type=_Schema).schema
        if schema > SCHEMA:
            raise NewerStoreError(
                f"the record of run {name} has schema {schema} and this reprocheck reads up to {SCHEMA}: "
                "use the version that wrote it, or a newer one"
            )
        return decode(data)
    except msgspec.DecodeError as error:
        raise StoreError(f"the record of run {name} is damaged: {error}") from error
