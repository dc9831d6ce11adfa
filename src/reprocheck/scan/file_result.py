"""What the analysis of one file leaves behind; small enough to be kept and sent between processes."""

from __future__ import annotations

import msgspec

from reprocheck.model.finding import Finding
from reprocheck.model.place import Place


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A suppression comment as written."""

    place: Place
    words: tuple[str, ...]
    """Codes, families or names in the brackets; empty for all."""
    reason: str = ""
    until: str = ""
    """ISO date up to and including which it applies."""
    first_line: int
    """First line of the file that it covers."""
    last_line: int
    """Last line of the file that it covers."""


class FileResult(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of the file rules before any judgement, and the suppression comments."""

    path: str
    kind: str
    digest: bytes
    """BLAKE3 of the content."""
    lines: int = 0
    """Lines of Python."""
    findings: tuple[Finding, ...] = ()
    comments: tuple[Comment, ...] = ()
    unread: str = ""
    """Why the file could not be read at all; empty when it could."""
    facts: bytes = b""
    """Encoded facts for rules about the project; empty when none of these runs."""
    facts_digest: bytes = b""
    """BLAKE3 of the encoded facts: all that rules about the project know of the file. Empty when there are none."""
    timings: dict[str, float] = {}
    """Seconds of processor time by rule code or phase; only when asked for."""
