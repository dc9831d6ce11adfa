"""The scorecard as a JSON value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.scorecard_text import RULE_OF_SCORES, RULE_OF_STEPS

if TYPE_CHECKING:
    from reprocheck.model.place import Place
    from reprocheck.model.scorecard import Head, Item, Scorecard, Sign


def scorecard_value(card: Scorecard) -> dict[str, object]:
    """All heads with their items, the overall score from 0 to 1 (null where nothing applies), and the steps."""
    weakest = card.weakest
    return {
        "overall": card.overall,
        "weakest_head": None if weakest is None else weakest.name,
        "heads": [_head(head) for head in card.heads],
        "steps": [
            {"head": s.head, "key": s.key, "title": s.title, "earn": s.earn, "reason": s.reason} for s in card.steps
        ],
        "how_scored": RULE_OF_SCORES,
        "how_steps_are_chosen": RULE_OF_STEPS,
    }


def _head(head: Head) -> dict[str, object]:
    return {
        "name": head.name,
        "points": head.points,
        "possible": head.possible,
        "share": head.share,
        "items": [_item(item) for item in head.items],
    }


def _item(item: Item) -> dict[str, object]:
    return {
        "key": item.key,
        "title": item.title,
        "standing": item.standing.value,
        "looked_at": item.looked_at,
        "found": [_sign(sign) for sign in item.found],
        "against": [_sign(sign) for sign in item.against],
        "earn": item.earn,
        "effort": item.effort,
        "ml_test_score": item.tests,
    }


def _sign(sign: Sign) -> dict[str, object]:
    place: Place = sign.place
    cell = place.cell
    return {
        "path": place.path,
        "line": place.span.line,
        "cell": None if cell is None else {"number": cell.number, "line": cell.line},
        "message": sign.message,
    }
