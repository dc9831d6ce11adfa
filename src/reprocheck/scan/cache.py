"""What earlier scans found, keyed on content, path and everything that decides what is found."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from reprocheck.scan.file_result import FileResult

_PATIENCE = 20.0
"""Seconds to wait for another scan of the same project."""
_RETRY = 0.05
_FORMAT = 8
_GITIGNORE = "# Made by reprocheck; nothing here is worth keeping.\n*\n"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (path TEXT PRIMARY KEY, digest BLOB, knowledge TEXT, value BLOB, facts BLOB);
CREATE TABLE IF NOT EXISTS joins (key BLOB PRIMARY KEY, knowledge TEXT, value BLOB);
CREATE TABLE IF NOT EXISTS answers (key BLOB, number INTEGER, value BLOB, PRIMARY KEY (key, number));
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
                return self._connect_patiently()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # Damaged: what is in it can be made again.
                self._path.unlink(missing_ok=True)
                return self._connect()
        except (OSError, sqlite3.Error) as error:
            self.problem = f"the cache {self._path} cannot be used ({error}); scanning without it"
            return None

    def _connect_patiently(self) -> sqlite3.Connection:
        """Connect; while another scan sets the file up, which SQLite's own patience doesn't cover, try again."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(_RETRY)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
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

    def facts(self, path: str, digest: bytes) -> bytes | None:
        """Encoded facts of a file with that content; None where they can't be had."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "SELECT facts FROM results WHERE path = ? AND digest = ?", (path, digest)
            ).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row else None

    def load_join(self, key: bytes) -> bytes | None:
        """Encoded findings of the project rules for exactly these files."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT value FROM joins WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row else None

    def last_join(self) -> bytes | None:
        """Encoded findings of the project rules at the last scan with the same knowledge."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT value FROM joins WHERE knowledge = ?", (self._knowledge,)).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row else None

    def store_join(self, key: bytes, value: bytes) -> None:
        """Keep the findings of the project rules; earlier ones are forgotten."""
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.execute("DELETE FROM joins")
                self._connection.execute("INSERT INTO joins VALUES (?, ?, ?)", (key, self._knowledge, value))
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed(error)

    def load_answers(self, key: bytes) -> list[bytes]:
        """Encoded answers about files and programs of exactly these paths: what was kept, and each addition to it."""
        if self._connection is None:
            return []
        try:
            rows = self._connection.execute("SELECT value FROM answers WHERE key = ? ORDER BY number", (key,))
            return [value for (value,) in rows]
        except sqlite3.Error:
            return []

    def store_answers(self, key: bytes, value: bytes, number: int = 0) -> None:
        """Keep the answers about files and programs instead of all earlier ones, or as the addition of a number.

        An addition whose number is taken, by another scan at the same time, is dropped.
        """
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                if number == 0:
                    self._connection.execute("DELETE FROM answers")
                self._connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, number, value))
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed(error)

    def clear(self) -> None:
        """Forget everything, as what is kept can't be read."""
        if self._connection is not None:
            try:
                self._connection.executescript("DELETE FROM results; DELETE FROM joins; DELETE FROM answers;")
            except sqlite3.Error as error:
                self._failed(error)

    def _failed(self, error: sqlite3.Error) -> None:
        self.problem = f"the cache {self._path} cannot be written ({error})"
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def store(self, results: Iterable[FileResult], present: set[str]) -> None:
        """Keep results, and forget files that are no longer there."""
        if self._connection is None:
            return
        results = list(results)
        rows = [
            (r.path, r.digest, self._knowledge, self._encoder.encode(msgspec.structs.replace(r, facts=b"")), r.facts)
            for r in results
        ]
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", rows)
                known = {path for (path,) in self._connection.execute("SELECT path FROM results")}
                gone = [(path,) for path in known - present] if len(known) > 2 * len(present) else []
                self._connection.executemany("DELETE FROM results WHERE path = ?", gone)
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
