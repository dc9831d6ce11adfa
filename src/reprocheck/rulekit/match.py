"""What a rule says about a place, before the engine turns it into a finding."""

from __future__ import annotations

import msgspec

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.fix import Fix
from reprocheck.model.place import Span


class Note(msgspec.Struct, frozen=True):
    """One step of a trail."""

    span: Span
    message: str
    path: str = ""
    """File of the step; empty for the file of the match."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a rule matched, in the coordinates of the text that the rule saw."""

    span: Span
    message: str
    """One sentence about this place, without a full stop."""
    severity: Severity | None = None
    """None takes the rule's own."""
    confidence: Confidence | None = None
    """None takes the rule's own."""
    trail: tuple[Note, ...] = ()
    fix: Fix | None = None
    path: str = ""
    """File of the match, for rules about the project; empty for the file that the rule saw."""

    def saying(self, message: str) -> Match:
        """The same with another message."""
        return msgspec.structs.replace(self, message=message)
