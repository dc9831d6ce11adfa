"""How a project stands, item by item, under the four heads of the ML Test Score."""

from __future__ import annotations

import msgspec

from reprocheck.model.place import Place
from reprocheck.model.practice import Standing

POINTS: dict[Standing, float] = {Standing.MET: 1.0, Standing.PARTLY: 0.5, Standing.MISSING: 0.0}
"""What an item is worth; one that does not apply, or was not looked at, is left out of the sum."""


class Sign(msgspec.Struct, frozen=True):
    """A place that speaks for or against an item."""

    place: Place
    message: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question about the project, with what was looked at and found."""

    key: str
    """Rule code, or `count:` and the families that it counts."""
    title: str
    """What would be the case, such as `data is validated`."""
    standing: Standing
    looked_at: str
    found: tuple[Sign, ...] = ()
    """What speaks for it."""
    against: tuple[Sign, ...] = ()
    """What is missing or wrong, worst first; may be cut, `looked_at` has the numbers."""
    earn: str = ""
    """What would earn the point; empty where it is earned."""
    effort: int = 2
    """1 for minutes, 2 for hours, 3 for days: a rough guess, the same for every project."""
    tests: str = ""
    """Tests of Breck et al. (2017) that the item speaks to, such as `Infra 1`."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One of the four heads."""

    name: str
    items: tuple[Item, ...]

    @property
    def points(self) -> float:
        """Points of the items that apply."""
        return sum(POINTS[item.standing] for item in self.items if item.standing in POINTS)

    @property
    def possible(self) -> int:
        """How many points could be had."""
        return sum(item.standing in POINTS for item in self.items)

    @property
    def share(self) -> float | None:
        """Points of those possible, from 0 to 1; None where nothing applies."""
        return self.points / self.possible if self.possible else None


class NextStep(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do next, and why this."""

    head: str
    key: str
    title: str
    earn: str
    reason: str


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """All heads, the overall score, and the steps that help most."""

    heads: tuple[Head, ...]
    steps: tuple[NextStep, ...]

    @property
    def weakest(self) -> Head | None:
        """The head with the smallest share, the first of equals; None where nothing applies anywhere."""
        rated = [head for head in self.heads if head.share is not None]
        return min(rated, key=lambda head: head.share or 0.0, default=None)

    @property
    def overall(self) -> float | None:
        """The smallest share of all heads: in the paper, too, the weakest section is the score."""
        return None if self.weakest is None else self.weakest.share
