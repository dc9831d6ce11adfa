"""The scorecard as a part of an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.practice import Standing
from reprocheck.report.html_text import code, prose
from reprocheck.report.prose import first_paragraph
from reprocheck.report.scorecard_text import (
    MARKS,
    RULE_OF_SCORES,
    RULE_OF_STEPS,
    earn,
    overall,
    percent,
    points,
    where,
)
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.scorecard import Head, Item, Scorecard, Sign

_STRONG, _FAIR = 0.75, 0.4
_CLASSES = {Standing.MET: "met", Standing.PARTLY: "partly", Standing.MISSING: "missing"}


def scorecard_html(card: Scorecard) -> Iterator[str]:
    """Lines: the four heads at a glance, the steps, then every item with its evidence."""
    yield f'<p class="dim">Overall: {marked_up(overall(card))}</p>'
    yield '<section class="heads">'
    for head in card.heads:
        share = head.share or 0.0
        kind = "good" if share >= _STRONG else "fair" if share >= _FAIR else "poor"
        yield (
            f'<div class="card">{marked_up(head.name.capitalize())}<b>{percent(head.share)}</b>'
            f'<div class="bar {kind}"><i style="width:{share:.0%}"></i></div>'
            f'<span class="small dim">{marked_up(points(head))}</span></div>'
        )
    yield "</section>"
    if card.steps:
        yield "<h2>What helps most</h2>"
        yield "<ol>"
        for step in card.steps:
            yield (
                f"<li><strong>{prose(_sentence(step.title))}.</strong> {prose(first_paragraph(step.earn))} "
                f'<span class="small dim">{prose(step.reason)}</span></li>'
            )
        yield "</ol>"
    for head in card.heads:
        yield from _head(head)
    yield f'<p class="small dim">{prose(RULE_OF_SCORES)} {prose(RULE_OF_STEPS)}</p>'


def _head(head: Head) -> Iterator[str]:
    yield f'<h2>{marked_up(head.name.capitalize())} <span class="small dim">{marked_up(points(head))}</span></h2>'
    for item in head.items:
        yield from _item(item)


def _item(item: Item) -> Iterator[str]:
    known = _CLASSES.get(item.standing)
    key = "" if item.key.startswith("count:") else f'<span class="tag">{marked_up(item.key)}</span>'
    tests = f'<span class="small dim">{marked_up(item.tests)}</span>' if item.tests else ""
    aside = "" if known else f' <span class="dim">({item.standing})</span>'
    yield f'<div class="item {known or "aside"}">'
    yield f"<p>{MARKS[item.standing]} <strong>{prose(_sentence(item.title))}</strong>{aside} {key}{tests}</p>"
    yield f"<dl><dt>looked at</dt><dd>{prose(item.looked_at)}</dd>"
    yield from _signs("found", item.found)
    yield from _signs("missing", item.against)
    if item.earn:
        yield f"<dt>earns it</dt><dd>{prose(earn(item))}</dd>"
    yield "</dl></div>"


def _signs(label: str, signs: tuple[Sign, ...]) -> Iterator[str]:
    for index, sign in enumerate(signs):
        yield f"<dt>{label if index == 0 else ''}</dt><dd>{code(where(sign.place))} {prose(sign.message)}</dd>"


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
