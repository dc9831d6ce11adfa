"""Findings and decisions for tests of the ledger."""

from __future__ import annotations

import datetime as dt

from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.ledger import Decision, State
from reprocheck.model.place import Place, Span

DAY = dt.date(2026, 11, 21)


def finding(
    path: str = "a.py", context: str = "0a", *, line: int = 1, fingerprint: str = "f", message: str = "m"
) -> Finding:
    """A finding; short contexts and fingerprints are filled up."""
    return Finding(
        code="ART003",
        rule="unsafe-deserialisation",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message=message,
        place=Place(path, Span(line, 1, line, 2)),
        fingerprint=fingerprint * (16 // len(fingerprint)),
        context=context * (8 // len(context)),
    )


def decision(of: Finding, state: State = State.ACCEPTED, **fields: object) -> Decision:
    """A decision about a finding."""
    values: dict[str, object] = {
        "fingerprint": of.fingerprint,
        "path": of.place.path,
        "context": of.context,
        "code": of.code,
        "message": of.message,
        "state": state,
        "reason": "r",
        "date": DAY,
    }
    return Decision(**{**values, **fields})  # type: ignore[arg-type]  # fields of a decision, by name
