"""Comparisons: what differs between two sets of artifacts, by how much, and what that amounts to."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """What a comparison says of one thing, or of all of them."""

    IDENTICAL = "identical"
    """The same bytes."""
    EQUIVALENT = "equivalent"
    """The same content but for volatile metadata, or inside a stated tolerance."""
    INCONCLUSIVE = "inconclusive"
    """It could not be seen; never a pass."""
    DIVERGENT = "divergent"

    @property
    def rank(self) -> int:
        """0 for the best; the worst of several decides."""
        return _RANK[self]


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Because(StrEnum):
    """Why things whose bytes differ are equivalent all the same."""

    METADATA = "metadata"
    TOLERANCE = "tolerance"


class Distance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far apart two arrays or columns of the same length are."""

    elements: int
    """Compared."""
    differing: int
    """Elements whose bits differ."""
    max_ulp: int | None = None
    """Greatest number of steps between neighbouring floating-point numbers; None where there are none."""
    max_absolute: float | None = None
    """Greatest `|a - b|`; infinite when infinity meets a number; None for what are no numbers."""
    max_relative: float | None = None
    """Greatest `|a - b| / max(|a|, |b|)`; the divisor is never below the smallest normal number."""
    first: tuple[int, ...] = ()
    """Index of the first differing element, one number per dimension."""
    nan_one_side: int = 0
    """Elements that are NaN on one side only; no tolerance covers them."""
    nan_payloads: int = 0
    """Elements that are NaN on both sides with different bits."""
    signed_zeros: int = 0
    """Elements that are `0.0` on one side and `-0.0` on the other."""
    beyond: int | None = None
    """Elements that no limit of the tolerance covers; None without a tolerance."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far apart two numbers may be; it is enough to keep one of the limits."""

    ulp: int | None = None
    absolute: float | None = None
    relative: float | None = None


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """Limits for some artifacts, or for some numbers in them."""

    pattern: str
    """Glob for the path of the artifact; without a slash it is for the name alone."""
    key: str = ""
    """Glob for the place inside the artifact, such as `state_dict.layer1.*`; empty for all of it."""
    limits: Limits
    text: str
    """As the user wrote it."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was compared, and below it the parts that differ."""

    name: str
    """Path of an artifact; below it a member, key, column, tensor or step."""
    outcome: Outcome
    kind: str = ""
    """Comparator of an artifact (`torch`, `json`), or what a part is (`tensor`, `number`, `text`)."""
    because: tuple[Because, ...] = ()
    """Why it is equivalent; empty for every other outcome."""
    message: str = ""
    """What differs, without a full stop."""
    left: str = ""
    """The value on the left, shortened; empty where it says nothing."""
    right: str = ""
    distance: Distance | None = None
    tolerance: str = ""
    """The tolerance that was applied, as written."""
    children: tuple[Difference, ...] = ()
    """Parts that differ, in the order of the artifact."""
    omitted: int = 0
    """Further parts that differ and are not listed."""
    notes: tuple[str, ...] = ()
    """What a reader must know about how it was compared."""


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One number over the steps of two runs that do not agree about it."""

    name: str
    """Path of the artifact and place of the number in it, such as `log.jsonl:loss`."""
    left: tuple[tuple[float, float], ...]
    """Step and value of a selection of points, in order; all of them finite."""
    right: tuple[tuple[float, float], ...]
    first: float | None = None
    """First step at which the values differ; None where only the steps do."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What all differences amount to: the worst of them."""

    outcome: Outcome
    because: tuple[Because, ...] = ()
    reason: str
    """Which artifact decided, and by how much; without a full stop."""
    runs: int = 1
    """How many repetitions stand behind it."""
    bound: float | None = None
    """Upper bound (95%) of the probability that a repetition diverges; None where the runs bound nothing."""

    @property
    def label(self) -> str:
        """The outcome with its reason, such as `equivalent (metadata)`."""
        return f"{self.outcome} ({', '.join(self.because)})" if self.because else str(self.outcome)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two sides, aligned and compared."""

    left: str
    """What the left side is called."""
    right: str
    differences: tuple[Difference, ...]
    """One per artifact of either side, the identical ones included, in the order of their names."""
    verdict: Verdict
    notes: tuple[str, ...] = ()
    """Alignments that were ambiguous, and what could not be listed."""
