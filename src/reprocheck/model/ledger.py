"""The ledger: what people have decided about findings, and what replays have said of them."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec

from reprocheck.model.finding import Finding

SCHEMA = 1
"""Raised with every new key or new meaning: a ledger steers what is hidden, so an older tool refuses a newer one."""

Fingerprint = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]
Context = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{8})?$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class State(StrEnum):
    """What somebody has decided about a finding."""

    OPEN = "open"
    """Looked at, and still to be dealt with; it counts."""
    ACCEPTED = "accepted"
    """True, and lived with."""
    FALSE_POSITIVE = "false-positive"
    """Not true of this code."""
    FIXED = "fixed"
    """Repaired; when it is found again, it counts and that is said."""

    @property
    def sets_aside(self) -> bool:
        """Whether a finding so decided is not counted."""
        return self in {State.ACCEPTED, State.FALSE_POSITIVE}


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision about one finding; of identical findings each has its own."""

    fingerprint: Fingerprint
    """The finding's identity without place."""
    path: Text
    """File that it stood in, POSIX, relative to the root."""
    context: Context = ""
    """Digest of its neighbours at the time, which tells it from identical findings in the same file."""
    code: Text
    """Rule."""
    symbol: str = ""
    """Function or class around it, for whoever reads the ledger."""
    message: str = ""
    """What the rule said at the time, for whoever reads the ledger."""
    beside: tuple[Context, ...] = ()
    """Digests of neighbours and messages of identical findings in the same file that were left undecided: these never
    inherit the decision."""
    elsewhere: tuple[str, ...] = ()
    """Other files that held an identical, undecided finding: none of them is this one's file under a new name."""
    state: State
    reason: str = ""
    author: str = ""
    date: dt.date
    """Day of the decision."""
    until: dt.date | None = None
    """Last day on which it holds; None for always."""

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Order in the file: that of the identity first, so that edits of other decisions move nothing."""
        return (self.fingerprint, self.path, self.context, self.code, self.date, self.state, self.author, self.reason)

    def expired(self, today: dt.date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < today


class Outcome(StrEnum):
    """What replays have said of a prediction."""

    CONFIRMED = "confirmed"
    """The results went apart, and the finding's line is why."""
    NOT_OBSERVED = "not-observed"
    """The results did not go apart in the given number of runs."""
    REFUTED = "refuted"
    """The line ran, the change took effect, and controls and treatments agreed."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an experiment has said of one finding."""

    fingerprint: Fingerprint
    path: Text
    context: Context = ""
    code: Text
    slice: Text
    """Digest of the code that the finding depends on: evidence about other code says nothing."""
    command: Text
    """What was run, as a line of a shell."""
    factor: Text
    """What was varied, such as `hash-seed`."""
    levels: tuple[str, ...] = ()
    """Values that the factor was given."""
    runs: Annotated[int, msgspec.Meta(ge=1)]
    """Number of runs under the changed factor."""
    outcome: Outcome
    run: str = ""
    """Id of the run that shows it best."""
    date: dt.date

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Order in the file."""
        return (self.fingerprint, self.path, self.context, self.code, self.slice, self.factor, self.command, self.date)


class Ledger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    schema: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA
    decision: tuple[Decision, ...] = ()
    """Sorted by fingerprint, path, context and code."""
    evidence: tuple[Evidence, ...] = ()


class Fit(StrEnum):
    """How well a decision and a finding of today agree."""

    EXACT = "exact"
    """File and neighbours agree."""
    MOVED = "moved"
    """The file agrees, the neighbours have changed."""
    RENAMED = "renamed"
    """The neighbours agree and the file of the decision is gone: weak, and always shown as such."""


class Standing(msgspec.Struct, frozen=True):
    """How one finding stands in the ledger."""

    finding: Finding
    decision: Decision | None = None
    """What was decided about it; None when nothing was."""
    fit: Fit = Fit.EXACT
    unclear: tuple[Decision, ...] = ()
    """Decisions that fit this finding as well as an identical one, so that neither inherits them."""

    def sets_aside(self, today: dt.date) -> bool:
        """Whether the finding does not count."""
        return self.decision is not None and self.decision.state.sets_aside and not self.decision.expired(today)
