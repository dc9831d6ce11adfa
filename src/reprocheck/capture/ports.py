"""What capture needs from a store, without knowing one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class ObjectSink(Protocol):
    """Keeps content under its BLAKE3 (hex)."""

    def put(self, data: bytes) -> str:
        """Keep bytes; returns the digest. Raises OSError."""

    def put_file(self, path: Path) -> str:
        """Keep the content of a file; returns the digest. Raises OSError."""

    def put_files(self, paths: Sequence[Path]) -> list[str | OSError]:
        """Keep the contents of many files; the digest of each, or why it could not be kept."""

    def discard(self, digest: str) -> None:
        """Forget content that must not be kept; what isn't there is no error."""

    def __contains__(self, digest: str) -> bool:
        """Whether the content is there."""


class DigestCache(Protocol):
    """Remembers digests of files by their status."""

    def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:
        """Digest of the file that has this status, if it is known."""

    def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
        """Remember it; the status is from before the file was read."""


class NoCache:
    """Remembers nothing."""

    def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:  # noqa: ARG002 — the protocol's
        """Nothing is known."""
        return None

    def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
        """Nothing is kept."""
