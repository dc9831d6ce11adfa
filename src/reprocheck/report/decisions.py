"""Decisions of the ledger for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.ledger import State
from reprocheck.report.places import line_place
from reprocheck.report.prose import wrap
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from reprocheck.model.ledger import Decision, Standing
    from reprocheck.report.paint import Paint, Role

SCHEMA = 1
_SHORT = 12
"""Digits of a fingerprint that are shown: enough to name it."""
_STATE_WIDTH = max(map(len, State))


def decision_value(decision: Decision, today: dt.date) -> dict[str, object]:
    """A decision as JSON, with whether its time is over."""
    return {**msgspec.to_builtins(decision), "expired": decision.expired(today)}


def decision_lines(decisions: Iterable[Decision], today: dt.date, paint: Paint, *, width: int) -> Iterator[str]:
    """Two lines for each decision: what it is about, and why and by whom."""
    for decision in decisions:
        symbol = f" ({decision.symbol})" if decision.symbol else ""
        state = paint(decision.state.ljust(_STATE_WIDTH), _role(decision, today))
        code = paint(visible(decision.code), "code")
        where = visible(f"{decision.path}{symbol}")
        yield f"{state}  {decision.fingerprint[:_SHORT]}  {code}  {where}"
        parts = [decision.reason or "no reason given", decision.author, decision.date.isoformat()]
        if decision.until is not None:
            parts.append(f"expired on {decision.until}" if decision.expired(today) else f"until {decision.until}")
        indent = " " * (_STATE_WIDTH + 2)
        text = visible(", ".join(part for part in parts if part))
        yield from (f"{indent}{paint(line, 'dim')}" for line in wrap(text, max(width - len(indent), 20)))


def standing_lines(standings: Iterable[Standing], paint: Paint) -> Iterator[str]:
    """One line for each finding that is to be decided."""
    for standing in standings:
        finding = standing.finding
        was = f" (now {standing.decision.state})" if standing.decision is not None else ""
        code = paint(visible(finding.code), "code")
        where = line_place(finding.place)
        yield f"{finding.fingerprint[:_SHORT]}  {where}  {code} {visible(finding.message)}{was}"


def _role(decision: Decision, today: dt.date) -> Role:
    if decision.expired(today):
        return "warning"
    return "good" if decision.state.sets_aside else "strong"
