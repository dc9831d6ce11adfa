"""Digests that earlier runs took, looked up in the store's file of them; nothing is written there."""

from __future__ import annotations

import os
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUERY = "SELECT size, modified, changed, digest FROM digests WHERE device = ? AND inode = ? AND algorithm = 'blake3'"


class KnownDigests:
    """BLAKE3 by device, inode, size and both times; one that can't be read knows nothing."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()

    def get(self, status: os.stat_result) -> str | None:
        """Digest of the file with this status."""
        connection = self._connection()
        if connection is None:
            return None
        try:
            row = connection.execute(_QUERY, (_signed(status.st_dev), _signed(status.st_ino))).fetchone()
        except Exception as error:  # noqa: BLE001 -- sqlite3 is imported late, and its errors with it
            self._local.connection = None
            self._local.problem = str(error)
            return None
        status_now = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return str(row[3]) if row is not None and tuple(row[:3]) == status_now else None

    def _connection(self) -> Any:  # noqa: ANN401 -- sqlite3's, which is imported late
        """One per thread, opened at its first question."""
        if not hasattr(self._local, "connection"):
            self._local.connection = None
            if self._path and os.access(self._path, os.R_OK):
                import sqlite3

                try:
                    self._local.connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=0.1)
                except sqlite3.Error as error:
                    self._local.problem = str(error)
        return self._local.connection


def _signed(number: int) -> int:
    """SQLite's integers have a sign; devices and inodes use all 64 bits."""
    return number - (1 << 64) if number >= 1 << 63 else number
