"""The `full` format: findings with their code, trail, reason and repair, for people at a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from reprocheck.model.finding import Severity
from reprocheck.model.fix import Safety
from reprocheck.report.cells import cell_len
from reprocheck.report.code_frame import ShownLine, code_frame, ellipsis_for, marked_line
from reprocheck.report.console_summary import closing_lines, statistics_lines
from reprocheck.report.paint import Paint
from reprocheck.report.places import linked, person_place
from reprocheck.report.prose import code_below, first_paragraph, first_sentence, wrap
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.scorecard_console import scorecard_lines
from reprocheck.report.summary import counts, in_order, plural, set_aside
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reprocheck.model.finding import Finding, Step
    from reprocheck.model.place import Excerpt, Place
    from reprocheck.model.scan_result import ScanResult

NARROWEST = 40
"""Columns below which lines aren't made shorter."""


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write the report for people."""
    if result.scorecard is not None:
        return "\n".join(scorecard_lines(result, result.scorecard, options)) + "\n"
    writer = _Writer(result, options)
    lines = [*writer.findings(), *statistics_lines(result, writer.paint, options)]
    lines += closing_lines(result, writer.paint, options, width=writer.width)
    return "\n".join(lines) + "\n"


FULL = Reporter("full", "findings with code, trail, reason and repair, for people", render)


class _Writer:
    """Writes the findings of one result; knows which rules it has explained."""

    def __init__(self, result: ScanResult, options: ReportOptions) -> None:
        self._result = result
        self._options = options
        self._unicode = options.unicode
        self._explained: set[str] = set()
        self.paint = Paint(color=options.color)
        self.width = max(NARROWEST, options.width)

    def findings(self) -> Iterator[str]:
        """Lines of all findings, file by file."""
        shown = [f for f in in_order(self._result) if counts(f) or self._options.show_suppressed]
        for path, group in groupby(shown, key=lambda finding: finding.place.path):
            members = list(group)
            yield self._heading(path, len(members))
            yield ""
            for finding in members:
                yield from self._finding(finding)
                yield ""

    def _heading(self, path: str, number: int) -> str:
        name, count = visible(path, unicode=self._unicode), plural(number, "finding")
        dash = "\N{BOX DRAWINGS LIGHT HORIZONTAL}" if self._unicode else "-"
        room = self.width - cell_len(name) - len(count) - len("  ") - 2 * len(dash) - len(" ")
        rule = dash * max(2, room)
        paint = self.paint
        return f"{paint(dash * 2, 'dim')} {paint(name, 'path')} {paint(rule, 'dim')} {paint(count, 'dim')}"

    def _finding(self, finding: Finding) -> Iterator[str]:
        yield from self._headline(finding)
        yield from self._wrapped(finding.message, "  ", "  ")
        if not counts(finding):
            yield from self._set_aside(finding)
            return
        excerpt = finding.place.excerpt
        if excerpt is not None:
            frame = code_frame(excerpt, finding.severity, self.paint, width=self.width, unicode=self._unicode)
            yield from ["", *frame] if frame else []
        if finding.trail:
            yield ""
            yield from self._trail(finding.trail)
        yield from self._because(finding)

    def _headline(self, finding: Finding) -> Iterator[str]:
        paint = self.paint
        code, rule = (visible(text, unicode=self._unicode) for text in (finding.code, finding.rule))
        plain = f"{finding.severity} {code} {rule}"
        painted = f"{paint.severity(finding.severity, finding.severity)} {paint(code, 'code')} {rule}"
        if self._options.verbose or finding.confidence == "low":
            plain += f" ({finding.confidence} confidence)"
            painted += paint(f" ({finding.confidence} confidence)", "dim")
        if finding.fix is not None and counts(finding):
            mark = "fixable" if finding.fix.safety is Safety.SAFE else "fixable, unsafe"
            plain += f" [{mark}]"
            painted += paint(f" [{mark}]", "dim")
        if self._options.verbose and finding.fingerprint:
            plain += f" id {finding.fingerprint}"
            painted += paint(f" id {finding.fingerprint}", "dim")
        where = self._where(finding.place)
        if cell_len(person_place(finding.place, unicode=self._unicode)) + len("  ") + len(plain) <= self.width:
            yield f"{where}  {painted}"
        else:
            yield where
            yield f"  {painted}"

    def _set_aside(self, finding: Finding) -> Iterator[str]:
        reason = set_aside(finding)
        if finding.suppression is not None and finding.suppression.reason:
            reason = f"{reason}: {finding.suppression.reason}"
        yield from self._wrapped(f"({reason})", "  ", "  ", dim=True)

    def _trail(self, trail: Iterable[Step]) -> Iterator[str]:
        for number, step in enumerate(trail, 1):
            label = f"  {number}. "
            indent = " " * len(label)
            where = f"{self.paint(label, 'label')}{self._where(step.place)}"
            message = visible(step.message, unicode=self._unicode)
            used = len(label) + cell_len(person_place(step.place, unicode=self._unicode)) + len("  ")
            if used + cell_len(message) <= self.width:
                yield f"{where}  {message}"
            else:
                yield where
                yield from self._wrapped(message, indent, indent)
            if step.place.excerpt is not None and self._options.verbose:
                yield from self._step_frame(step.place.excerpt)
            elif step.place.excerpt is not None:
                line = ShownLine(marked_line(step.place.excerpt), unicode=self._unicode)
                code = line.window(0, self.width - len(indent) - 2, ellipsis_for(unicode=self._unicode))
                yield f"{indent}{self.paint(f'> {code}', 'dim')}"

    def _step_frame(self, excerpt: Excerpt) -> Iterator[str]:
        frame = code_frame(excerpt, Severity.NOTE, self.paint, width=self.width - 4, unicode=self._unicode)
        yield from ["", *(f"    {line}" for line in frame), ""]

    def _because(self, finding: Finding) -> Iterator[str]:
        """Reason, repair and evidence: spelled out for the first finding of a rule, a hint for the others."""
        labelled: list[tuple[Literal["why", "fix", "evidence"], str]] = []
        hint = ""
        rule = self._result.rules.get(finding.code)
        if rule is not None and (rule.why or rule.fix):
            if self._options.verbose or finding.code not in self._explained:
                self._explained.add(finding.code)
                labelled += [("why", first_sentence(rule.why)), ("fix", first_paragraph(rule.fix))]
            else:
                hint = f"  why and fix: see the first {visible(finding.code, unicode=self._unicode)} above"
        if finding.evidence != "untested":
            labelled.append(("evidence", finding.evidence))
        labelled = [(label, text) for label, text in labelled if text]
        if labelled or hint:
            yield ""
        width = max((len(label) for label, _ in labelled), default=0)
        for label, text in labelled:
            first = f"  {self.paint(label.ljust(width), 'label')}  "
            yield from self._wrapped(text, first, " " * (width + len("    ")))
            if label == "fix" and rule is not None:
                yield from self._code(code_below(rule.fix), " " * (width + len("    ")))
        if hint:
            yield self.paint(hint, "dim")

    def _code(self, lines: list[str], indent: str) -> Iterator[str]:
        for line in ["", *lines] if lines else []:
            yield f"{indent}{self.paint(visible(line, unicode=self._unicode), 'dim')}".rstrip()

    def _where(self, place: Place) -> str:
        text = self.paint(person_place(place, unicode=self._unicode), "strong")
        return linked(text, place.path, self._options.root_uri if self._options.hyperlinks else None)

    def _wrapped(self, text: str, first: str, rest: str, *, dim: bool = False) -> Iterator[str]:
        """`text` in lines of the report's width; `first` may hold colours, `rest` is blank and as wide."""
        lines = wrap(visible(text, unicode=self._unicode), self.width - len(rest))
        for index, line in enumerate(lines):
            yield f"{rest if index else first}{self.paint(line, 'dim') if dim else line}"
