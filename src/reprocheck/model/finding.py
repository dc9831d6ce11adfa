"""Findings: a place where a rule matched."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.fix import Fix
from reprocheck.model.place import Place


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The result is wrong or lost."""
    WARNING = "warning"
    """The usual."""
    NOTE = "note"
    """Worth knowing; shown by the strict pack."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _SEVERITY_RANK[self]


class Confidence(StrEnum):
    """How sure the rule is that a careful reviewer would agree."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    """Shown on request only."""

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return _CONFIDENCE_RANK[self]


_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_CONFIDENCE_RANK = {confidence: rank for rank, confidence in enumerate(Confidence)}


class Step(msgspec.Struct, frozen=True):
    """One place of a trail and what happens there."""

    place: Place
    message: str


class Suppression(msgspec.Struct, frozen=True):
    """Why a finding is not counted."""

    kind: str
    """`inline` for a comment in the source, `baseline` for a recorded finding, `ledger` for a decision."""
    reason: str = ""
    place: Place | None = None
    """Where the comment stands; absent for the others."""
    state: str = ""
    """What was decided, for a decision: `accepted` or `false-positive`."""
    moved_from: str = ""
    """File that a decision was made in, where that is gone and this one seems to be it under a new name."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a rule matched."""

    code: str
    """Rule code, such as `RNG004`."""
    rule: str
    """Rule name, such as `seed-from-clock`."""
    severity: Severity
    confidence: Confidence
    message: str
    """One sentence about this place, without a full stop."""
    place: Place
    symbol: str = ""
    """Qualified name of the enclosing function or class inside the file; empty at module level."""
    trail: tuple[Step, ...] = ()
    """Ordered places that explain the finding."""
    fix: Fix | None = None
    """What would repair it, where that can be done mechanically."""
    evidence: str = "untested"
    """What replays have said of the prediction."""
    fingerprint: str = ""
    """Stable identity (hex): code, enclosing symbol and normalized statement. Twins share it."""
    context: str = ""
    """Digest of the neighbouring statements, a tie-breaker between twins."""
    suppression: Suppression | None = None
    known: bool | None = None
    """Whether the baseline has it; None where no baseline was given."""

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Order of findings in every report: path, place, code, message."""
        return (self.place.path, self.place.span, self.code, self.message)
