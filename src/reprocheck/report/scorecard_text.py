"""Words and figures of a scorecard, shared by its formats."""

from __future__ import annotations

from reprocheck.model.place import Place
from reprocheck.model.practice import Standing
from reprocheck.model.scorecard import Head, Item, Scorecard
from reprocheck.report.places import person_place
from reprocheck.report.prose import first_paragraph

TITLE = "Scorecard"
RULE_OF_SCORES = (
    "Each item earns 1 point when it is met, a half when it is partly met. A head's score is the share of its points; "
    "items that don't apply or were not looked at are left out. The overall score is that of the weakest head, as in "
    "the ML Test Score (Breck et al., 2017), whose heads these are; the items are this tool's own, so that figures of "
    "the paper don't compare."
)
RULE_OF_STEPS = (
    "The steps: the cheapest open item of the weakest head, three times over, each time as if the steps before had "
    "been taken; among equally cheap ones the one that earns most."
)
MARKS = {
    Standing.MET: "\N{CHECK MARK}",
    Standing.PARTLY: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Standing.MISSING: "\N{BALLOT X}",
    Standing.NOT_APPLICABLE: "\N{EN DASH}",
    Standing.NOT_LOOKED_AT: "?",
}
PLAIN_MARKS = {
    Standing.MET: "+",
    Standing.PARTLY: "~",
    Standing.MISSING: "x",
    Standing.NOT_APPLICABLE: "-",
    Standing.NOT_LOOKED_AT: "?",
}


def points(head: Head) -> str:
    """`3.5 of 6`, or that nothing applies."""
    return f"{head.points:g} of {head.possible}" if head.possible else "nothing to score"


def percent(share: float | None) -> str:
    """A share for people; a dash where there is none."""
    return "\N{EN DASH}" if share is None else f"{share:.0%}"


def overall(card: Scorecard) -> str:
    """The overall score and where it comes from."""
    weakest = card.weakest
    if weakest is None:
        return "nothing could be scored"
    return f"{percent(card.overall)}, the share of the weakest head ({weakest.name})"


def earn(item: Item) -> str:
    """What would earn the point, on one line."""
    return first_paragraph(item.earn)


def where(place: Place, *, unicode: bool = True) -> str:
    """A place for people."""
    return person_place(place, unicode=unicode)
