"""The scorecard in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.practice import Standing
from reprocheck.report.markdown_text import code, plain
from reprocheck.report.prose import first_paragraph
from reprocheck.report.scorecard_text import MARKS, RULE_OF_SCORES, RULE_OF_STEPS, earn, overall, percent, points, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.scorecard import Head, Item, Scorecard, Sign

_SHOWN = 3


def scorecard_markdown(card: Scorecard) -> Iterator[str]:
    """Lines: a table of heads, the steps, then each head's items with their evidence."""
    yield "## ML project scorecard"
    yield ""
    yield f"**Overall: {overall(card)}.**"
    yield ""
    yield "| head | score | points |"
    yield "|---|--:|--:|"
    for head in card.heads:
        yield f"| {head.name} | {percent(head.share)} | {points(head)} |"
    yield ""
    if card.steps:
        yield "### What helps most"
        yield ""
    for number, step in enumerate(card.steps, 1):
        earns = f"{plain(first_paragraph(step.earn))} *({plain(step.reason)})*"
        yield f"{number}. **{plain(_sentence(step.title))}.** {earns}"
    for head in card.heads:
        yield ""
        yield from _head(head)
    yield ""
    yield f"*{plain(RULE_OF_SCORES)} {plain(RULE_OF_STEPS)}*"
    yield ""


def _head(head: Head) -> Iterator[str]:
    yield f"### {head.name.capitalize()}: {points(head)}"
    yield ""
    yield "| | item | looked at | evidence | would earn it |"
    yield "|:-:|---|---|---|---|"
    for item in head.items:
        yield _row(item)


def _row(item: Item) -> str:
    tests = f"<br>*{plain(item.tests)}*" if item.tests else ""
    key = "" if item.key.startswith("count:") else f" ({plain(item.key)})"
    aside = "" if item.standing in {Standing.MET, Standing.PARTLY, Standing.MISSING} else f": {item.standing}"
    evidence = "<br>".join((*_signs("", item.found), *_signs("missing: ", item.against)))
    cells = (
        MARKS[item.standing],
        f"{plain(_sentence(item.title))}{key}{aside}{tests}",
        plain(item.looked_at),
        evidence,
        plain(earn(item)),
    )
    return f"| {' | '.join(cells)} |"


def _signs(label: str, signs: tuple[Sign, ...]) -> Iterator[str]:
    for sign in signs[:_SHOWN]:
        yield f"{label}{code(where(sign.place))} {plain(sign.message)}"
    if len(signs) > _SHOWN:
        yield f"and {len(signs) - _SHOWN} more"


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
