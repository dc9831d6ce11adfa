"""The scorecard at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.practice import Standing
from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.paint import Paint
from reprocheck.report.places import linked
from reprocheck.report.prose import first_paragraph, wrap
from reprocheck.report.scorecard_text import (
    MARKS,
    PLAIN_MARKS,
    RULE_OF_SCORES,
    RULE_OF_STEPS,
    earn,
    overall,
    percent,
    points,
    where,
)
from reprocheck.report.summary import by_severity, file_total, plural, summarize
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.scan_result import ScanResult
    from reprocheck.model.scorecard import Head, Item, Scorecard, Sign
    from reprocheck.report.paint import Role
    from reprocheck.report.reporter import ReportOptions

_BAR = 20
_NARROWEST, _WIDEST = 60, 110
_BRIEF = 2
"""Places that an item lists unless the report is verbose."""
_ROLES: dict[Standing, Role] = {
    Standing.MET: "good",
    Standing.PARTLY: "warning",
    Standing.MISSING: "error",
    Standing.NOT_APPLICABLE: "dim",
    Standing.NOT_LOOKED_AT: "dim",
}
_STRONG, _FAIR = 0.75, 0.4


def scorecard_lines(result: ScanResult, card: Scorecard, options: ReportOptions) -> Iterator[str]:
    """The whole card: heads with their items, the steps, and how the figures come about."""
    yield from _Writer(card, options).lines(result)


class _Writer:
    """Writes one card."""

    def __init__(self, card: Scorecard, options: ReportOptions) -> None:
        self._card = card
        self._options = options
        self._unicode = options.unicode
        self._paint = Paint(color=options.color)
        self._width = max(_NARROWEST, min(_WIDEST, options.width))
        self._marks = MARKS if options.unicode else PLAIN_MARKS

    def lines(self, result: ScanResult) -> Iterator[str]:
        yield self._paint("ML project scorecard", "strong")
        yield ""
        name_width = max(len(head.name) for head in self._card.heads)
        for head in self._card.heads:
            yield self._summary(head, name_width)
        yield ""
        yield f"  {self._paint('Overall', 'strong')} {self._ascii(overall(self._card))}"
        for head in self._card.heads:
            yield ""
            yield self._heading(head)
            for item in head.items:
                yield from self._item(item)
        yield ""
        yield from self._steps()
        yield ""
        yield from self._dim(f"{RULE_OF_SCORES} {RULE_OF_STEPS}")
        yield ""
        yield from self._closing(result)

    def _closing(self, result: ScanResult) -> Iterator[str]:
        tally = summarize(result).tally
        found = f"{plural(tally.total, 'finding')} ({by_severity(tally)})" if tally.total else "no findings"
        yield from self._dim(f"{found} in {plural(file_total(result.files), 'file')}; `reprocheck scan` lists them.")
        if result.audit is not None:
            yield from self._dim(f"{audit_sentence(result.audit)}.")
        for reason in result.incomplete:
            yield self._paint(f"Incomplete: {visible(reason, unicode=self._unicode)}", "warning")

    def _summary(self, head: Head, name_width: int) -> str:
        share = head.share
        filled = round((share or 0) * _BAR)
        full, empty = ("\N{FULL BLOCK}", "\N{LIGHT SHADE}") if self._unicode else ("#", ".")
        bar = self._paint(full * filled, _role_of(share)) + self._paint(empty * (_BAR - filled), "dim")
        score = self._ascii(percent(share))
        return f"  {head.name:<{name_width}}  {bar} {score:>4}  {self._paint(points(head), 'dim')}"

    def _heading(self, head: Head) -> str:
        dash = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" if self._unicode else "-"
        title, count = head.name.capitalize(), points(head)
        rule = dash * max(2, self._width - len(title) - len(count) - 6)
        painted = (self._paint(dash * 2, "dim"), self._paint(title, "path"), self._paint(rule, "dim"))
        return f"{' '.join(painted)} {self._paint(count, 'dim')}"

    def _item(self, item: Item) -> Iterator[str]:
        role = _ROLES[item.standing]
        mark = self._paint(self._marks[item.standing], role)
        tests = f" [{item.tests}]" if item.tests else ""
        asked = visible(item.title, unicode=self._unicode)
        title = asked if role != "dim" else f"{asked} ({item.standing})"
        key = "" if item.key.startswith("count:") else f" {item.key}"
        yield f" {mark} {self._paint(title, 'dim') if role == 'dim' else title}{self._paint(key + tests, 'dim')}"
        if role == "dim" and not self._options.verbose:
            return
        yield from self._labelled("looked at", item.looked_at)
        if item.standing is not Standing.MISSING:
            yield from self._signs("found", item.found)
        if item.standing is not Standing.MET:
            yield from self._signs("missing", item.against)
            yield from self._labelled("earns it", earn(item))

    def _signs(self, label: str, signs: tuple[Sign, ...]) -> Iterator[str]:
        shown = signs if self._options.verbose else signs[:_BRIEF]
        for index, sign in enumerate(shown):
            place = where(sign.place, unicode=self._unicode)
            uri = self._options.root_uri if self._options.hyperlinks else None
            text = f"{place}  {sign.message}"
            for number, line in enumerate(self._wrapped(text)):
                head = self._label(label) if index == 0 and number == 0 else " " * len(self._plain_label(label))
                if number == 0 and line.startswith(place):
                    line = linked(self._paint(place, "strong"), sign.place.path, uri) + line[len(place) :]  # noqa: PLW2901 — the same line, painted
                yield head + line
        if len(signs) > len(shown):
            more = f"and {len(signs) - len(shown)} more (-v lists all)"
            yield " " * len(self._plain_label(label)) + self._paint(more, "dim")

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        for number, line in enumerate(self._wrapped(text)):
            yield (self._label(label) if number == 0 else " " * len(self._plain_label(label))) + line

    def _wrapped(self, text: str) -> list[str]:
        return wrap(visible(text, unicode=self._unicode), self._width - len(self._plain_label("")))

    def _plain_label(self, label: str) -> str:
        return f"     {label:<10}"

    def _label(self, label: str) -> str:
        return self._paint(self._plain_label(label), "label")

    def _steps(self) -> Iterator[str]:
        steps = self._card.steps
        if not steps:
            yield self._paint("Nothing is left to earn.", "good")
            return
        count = "The step that helps" if len(steps) == 1 else f"The {len(steps)} steps that help"
        yield self._paint(f"{count} most", "strong")
        for number, step in enumerate(steps, 1):
            key = "" if step.key.startswith("count:") else f" ({step.key})"
            title = visible(step.title, unicode=self._unicode)
            yield f"  {self._paint(f'{number}.', 'label')} so that {title}{self._paint(key, 'dim')}"
            for line in wrap(visible(self._ascii(first_paragraph(step.earn)), unicode=self._unicode), self._width - 5):
                yield f"     {line}"
            yield from (
                f"     {self._paint(line, 'dim')}"
                for line in wrap(visible(step.reason, unicode=self._unicode), self._width - 5)
            )

    def _dim(self, text: str) -> Iterator[str]:
        return (self._paint(line, "dim") for line in wrap(visible(text, unicode=self._unicode), self._width))

    def _ascii(self, text: str) -> str:
        return text if self._unicode else text.replace("\N{EN DASH}", "-")


def _role_of(share: float | None) -> Role:
    if share is None:
        return "dim"
    return "good" if share >= _STRONG else "warning" if share >= _FAIR else "error"
