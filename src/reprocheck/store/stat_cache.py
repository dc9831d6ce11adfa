"""Digests of files that have not changed, by device, inode, size and both times: nothing is hashed twice."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE = 5.0
_FORMAT = 1
_YOUNG = 2_000_000_000
"""Nanoseconds: a file changed so shortly before it is looked at may change again within one tick of its times."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS digests (
    device INTEGER, inode INTEGER, algorithm TEXT, size INTEGER, modified INTEGER, changed INTEGER,
    digest TEXT NOT NULL, PRIMARY KEY (device, inode, algorithm)
) WITHOUT ROWID
"""
_Key = tuple[int, int, str]


class StatCache:
    """Digest by status of a file and algorithm; a cache that can't be opened or written is empty and says why."""

    def __init__(self, path: Path) -> None:
        self.problem = ""
        """Why the cache is not used; empty when it is."""
        self._new: dict[_Key, tuple[int, int, int, str]] = {}
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                self.problem = f"{path} cannot be used: {error}"
                return
            # Damaged: everything in it can be made again.
            with suppress(OSError, sqlite3.Error):
                path.unlink(missing_ok=True)
                self._connection = _connect(path)

    def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:
        """Digest of the file with this status, if it is known."""
        key, value = _key(status, algorithm), (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if key in self._new:
            new = self._new[key]
            return new[3] if new[:3] == value else None
        if self._connection is None:
            return None
        try:
            row = self._connection.execute(
                "SELECT size, modified, changed, digest FROM digests WHERE device = ? AND inode = ? AND algorithm = ?",
                key,
            ).fetchone()
        except sqlite3.Error as error:
            self.problem = f"the cache of digests cannot be read: {error}"
            return None
        return str(row[3]) if row is not None and tuple(row[:3]) == value else None

    def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
        """Remember a digest; the status is the one from before the file was read."""
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) >= _YOUNG:
            value = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest)
            self._new[_key(status, algorithm)] = value

    def close(self) -> None:
        """Write what is new and let go of the file."""
        if self._connection is None:
            return
        rows = [(*key, *value) for key, value in self._new.items()]
        try:
            if rows:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.problem = f"the cache of digests cannot be written: {error}"
        finally:
            self._connection.close()
            self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            connection.execute("DROP TABLE IF EXISTS digests")
            connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _key(status: os.stat_result, algorithm: str) -> _Key:
    return (_signed(status.st_dev), _signed(status.st_ino), algorithm)


def _signed(number: int) -> int:
    """SQLite's integers have a sign; devices and inodes use all 64 bits."""
    return number - (1 << 64) if number >= 1 << 63 else number
