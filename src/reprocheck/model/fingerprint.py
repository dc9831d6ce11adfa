"""The stable identity of a finding."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def fingerprint(code: str, symbol: str, statement: str) -> str:
    """16 hex digits over the rule code, the enclosing symbol and the normalized statement.

    Path and neighbours are left out on purpose: they are tie-breakers between twins, so that a moved file keeps its
    decisions.
    """
    return _digest((code, symbol, statement))


def context(previous: str, following: str) -> str:
    """8 hex digits over the normalized neighbouring statements."""
    return _digest((previous, following))[:8]


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
