"""Gaps: what could not be observed, as a value beside what could."""

from __future__ import annotations

import msgspec


class Gap(msgspec.Struct, frozen=True, order=True):
    """Something that could not be observed or restored."""

    channel: str
    """What is incomplete: a field of the record, dotted (`files`, `environment.gpus`, `trace`)."""
    reason: str
    """Why, as one sentence without a full stop."""
    consequence: str
    """What can't be said or done because of it, as one sentence without a full stop."""
