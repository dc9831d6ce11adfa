"""Differences in words, shared by the formats for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprocheck.report.summary import plural

if TYPE_CHECKING:
    from reprocheck.model.comparison import Difference, Distance


_FAR = 1 << 20
"""ULP from which on a count of them says less than the distance itself."""


def headline(difference: Difference) -> str:
    """What is said behind the name of a difference: the message, the distance, the tolerance."""
    parts = [difference.message] if difference.message else []
    if difference.distance is not None:
        parts.append(distance_text(difference.distance))
    if difference.tolerance:
        inside = "inside" if difference.because else "beyond"
        parts.append(f"{inside} {difference.tolerance}")
    if not parts and difference.left and difference.right and not _is_long(difference):
        return f"{difference.left} | {difference.right}"
    return ", ".join(parts)


def values(difference: Difference) -> tuple[str, str] | None:
    """Both values, when they are worth lines of their own."""
    if not difference.left and not difference.right:
        return None
    if not difference.message and difference.distance is None and not _is_long(difference):
        return None
    return difference.left, difference.right


def _is_long(difference: Difference) -> bool:
    return len(difference.left) + len(difference.right) > 60  # noqa: PLR2004 — still one line with a name before it


def distance_text(distance: Distance) -> str:
    """How many elements differ, by how much, and where first."""
    parts = []
    if distance.elements > 1:
        parts.append(f"{distance.differing:,} of {distance.elements:,} differ")
    if distance.max_ulp is not None and (distance.max_ulp <= _FAR or distance.max_absolute is None):
        parts.append(f"{'at most ' if distance.differing > 1 else ''}{distance.max_ulp:,} ULP")
    if distance.max_absolute is not None:
        parts.append(f"{number(distance.max_absolute)} absolute")
    if distance.max_relative is not None:
        parts.append(f"{number(distance.max_relative)} relative")
    if distance.first and distance.elements > 1:
        parts.append(f"first at [{', '.join(map(str, distance.first))}]")
    for count, what in (
        (distance.nan_one_side, "NaN on one side only"),
        (distance.nan_payloads, "NaN with other bits"),
        (distance.signed_zeros, "zero with the other sign"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    if distance.beyond:
        parts.append(f"{distance.beyond:,} beyond the tolerance")
    return ", ".join(parts)


def number(value: float) -> str:
    """A distance to three digits."""
    return "infinitely far" if math.isinf(value) else f"{value:.3g}"


def counts_text(differences: tuple[Difference, ...]) -> str:
    """How many artifacts there are of each outcome, the worst first."""
    from reprocheck.model.comparison import Outcome

    counts = {outcome: sum(one.outcome is outcome for one in differences) for outcome in reversed(Outcome)}
    shown = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)
    return f"{plural(len(differences), 'artifact')}: {shown}" if shown else "no artifacts"
