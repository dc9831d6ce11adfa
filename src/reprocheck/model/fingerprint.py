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
    """8 hex digits over the normalized neighbouring statements, four for each."""
    return _digest((previous,))[:4] + _digest((following,))[:4]


def share_neighbour(one: str, other: str) -> bool:
    """Whether two contexts agree in a neighbour, on the same side; that both have none there says nothing."""
    nothing = _digest(("",))[:4]
    halves = zip((one[:4], one[4:]), (other[:4], other[4:]), strict=True)
    return any(left == right != nothing for left, right in halves if left)


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()
