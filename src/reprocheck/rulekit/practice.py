"""What a rule about a practice saw: not only a gap, but what it looked at and what speaks for the project."""

from __future__ import annotations

import msgspec

from reprocheck.rulekit.match import Match, Note


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice as one project keeps it."""

    looked_at: str
    """What was looked at, in a few words with numbers: `4 programs that train`."""
    applies: bool = True
    """False where the project has nothing that the practice is about."""
    found: tuple[Note, ...] = ()
    """Places that speak for the practice, each with its path and what stands there."""
    gap: Match | None = None
    """What is missing, and where; None where the practice is kept, or doesn't apply."""


def not_applicable(why: str) -> Practice:
    """A practice that the project gives no occasion for."""
    return Practice(looked_at=why, applies=False)
