"""Results of file rules from earlier scans, keyed on content, path and everything that decides what is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from reprocheck.scan.file_result import FileResult

_FORMAT = 1
_GITIGNORE = "# Made by reprocheck; nothing here is worth keeping.\n*\n"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (path TEXT PRIMARY KEY, digest BLOB, knowledge TEXT, value BLOB) WITHOUT ROWID;
"""


class Cache:
    """A SQLite file in the project's cache folder; a damaged or locked one is as good as none, and says so."""

    def __init__(self, folder: Path, knowledge: str) -> None:
        """`knowledge` is a digest of rules, catalog, selection and tool version."""
        self._path = folder / f"scan-{_FORMAT}.sqlite"
        self._knowledge = knowledge
        self._decoder = msgspec.msgpack.Decoder(FileResult)
        self._encoder = msgspec.msgpack.Encoder()
        self.problem = ""
        """Why the cache could not be used; empty when it could."""
        self._connection = self._open(folder)

    def _open(self, folder: Path) -> sqlite3.Connection | None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text(_GITIGNORE, "utf-8")
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # Damaged: what is in it can be made again.
                self._path.unlink(missing_ok=True)
                return self._connect()
        except (OSError, sqlite3.Error) as error:
            self.problem = f"the cache {self._path} cannot be used ({error}); scanning without it"
            return None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_SCHEMA)
        return connection

    def load(self) -> dict[str, tuple[bytes, bytes]]:
        """Digest and encoded result by path, of entries made with the same knowledge."""
        if self._connection is None:
            return {}
        try:
            rows = self._connection.execute(
                "SELECT path, digest, value FROM results WHERE knowledge = ?", (self._knowledge,)
            )
            return {path: (digest, value) for path, digest, value in rows}
        except sqlite3.Error as error:
            self.problem = f"the cache {self._path} cannot be read ({error}); scanning without it"
            return {}

    def decode(self, value: bytes) -> FileResult | None:
        """The result that an entry holds; None when it can't be read."""
        try:
            return self._decoder.decode(value)
        except msgspec.DecodeError:
            return None

    def store(self, results: Iterable[FileResult], present: set[str]) -> None:
        """Keep results, and forget files that are no longer there."""
        if self._connection is None:
            return
        rows = [(r.path, r.digest, self._knowledge, self._encoder.encode(r)) for r in results]
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", rows)
                known = {path for (path,) in self._connection.execute("SELECT path FROM results")}
                gone = [(path,) for path in known - present] if len(known) > 2 * len(present) else []
                self._connection.executemany("DELETE FROM results WHERE path = ?", gone)
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.problem = f"the cache {self._path} cannot be written ({error})"
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
