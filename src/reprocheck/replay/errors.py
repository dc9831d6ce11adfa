"""Why a replay gives no verdict."""

from __future__ import annotations


class ReplayError(Exception):
    """A replay that could not be carried through; its verdict is inconclusive."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        """`reason` says what happened, `remedy` what to do; sentences without a full stop."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
