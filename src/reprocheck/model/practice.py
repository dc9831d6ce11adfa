"""How a project keeps its practices, as far as its files show."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import Span


class Standing(StrEnum):
    """How far a practice is kept."""

    MET = "met"
    PARTLY = "partly"
    """There is something of it and something is missing, or it is not certain that something is."""
    MISSING = "missing"
    NOT_APPLICABLE = "not applicable"
    """The project gives no occasion for it."""
    NOT_LOOKED_AT = "not looked at"
    """The rules that would tell did not run."""


class Evidence(msgspec.Struct, frozen=True):
    """A place that shows something about a practice."""

    path: str
    span: Span
    message: str


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule about a practice says of the project."""

    code: str
    standing: Standing
    looked_at: str
    found: tuple[Evidence, ...] = ()
    """What speaks for it."""
    gap: str = ""
    """What is missing; empty where nothing is."""
    place: Evidence | None = None
    """Where the gap is reported."""
