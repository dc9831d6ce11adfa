"""What experiments say of findings, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.model.ledger import Evidence
from reprocheck.report.visible import visible

_SHORT = 12
"""Digits of a fingerprint that are shown: enough to name it."""


def evidence_line(item: Evidence) -> str:
    """One experiment and what it said."""
    by = f" by {item.run}" if item.run else ""
    counted = f"{item.runs} run{'s' * (item.runs != 1)} under {item.factor}"
    said = f"{item.outcome}{by}, {counted}, {item.date.isoformat()}: {item.command}"
    return visible(f"{item.fingerprint[:_SHORT]}  {item.code}  {item.path}  {said}")


def learned_lines(evidence: Iterable[Evidence], reasons: Iterable[str]) -> Iterator[str]:
    """What was written to the ledger, and why it isn't more."""
    written = list(evidence)
    yield f"{len(written)} new in the ledger as evidence"
    yield from (f"  {evidence_line(item)}" for item in written)
    yield from (visible(f"note: {reason}") for reason in reasons)
