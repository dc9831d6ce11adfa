"""The end of the `full` format: what was found, by family, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.fix import Safety
from reprocheck.model.rule_info import FAMILIES
from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.prose import wrap
from reprocheck.report.summary import by_severity, file_total, plural, summarize
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.scan_result import FileCounts, ScanResult
    from reprocheck.report.paint import Paint
    from reprocheck.report.reporter import ReportOptions
    from reprocheck.report.summary import Summary, Tally

MANY = 200
"""Findings beyond which the summary says how to narrow down."""
_COLUMN = 10
INCOMPLETE_SHOWN = 5
"""Reasons for an incomplete scan that are listed unless the report is verbose."""


def statistics_lines(result: ScanResult, paint: Paint, options: ReportOptions) -> Iterator[str]:
    """Findings by rule, the most frequent first; nothing unless statistics were asked for."""
    if not options.statistics or not result.active:
        return
    numbers = Counter((f.code, f.rule) for f in result.active)
    width = len(f"{max(numbers.values()):,}")
    yield paint("Findings by rule", "strong")
    for (code, rule), number in sorted(numbers.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {number:>{width},}  {visible(code, unicode=options.unicode)} {visible(rule, unicode=options.unicode)}"
    yield ""


def closing_lines(result: ScanResult, paint: Paint, options: ReportOptions, *, width: int) -> Iterator[str]:
    """The last lines of the report."""
    summary = summarize(result)
    if summary.tally.total:
        yield from _by_family(summary, result, paint, options)
        yield ""
    yield _verdict(result, summary, paint, options)
    if repairs := _repairs(result):
        yield from wrap(repairs, width)
    if aside := _aside(result, summary, options):
        yield from (paint(line, "dim") for line in wrap(aside, width))
    if result.audit is not None:
        sentence = visible(audit_sentence(result.audit), unicode=options.unicode)
        yield from (paint(line, "dim") for line in wrap(sentence, width))
    yield from _incomplete(result, paint, options, width)
    if summary.tally.total > MANY:
        most = max(summary.families, key=lambda family: summary.families[family].total)
        select = visible(most, unicode=options.unicode)
        hint = f"Narrow down: --select {select} for one family, -o concise for one line per finding"
        yield from (paint(line, "dim") for line in wrap(hint, width))


def _by_family(summary: Summary, result: ScanResult, paint: Paint, options: ReportOptions) -> Iterator[str]:
    """A table: families down, severities that occur across."""
    severities = [severity for severity in Severity if _number(summary.tally, severity)]
    codes = {family: visible(family, unicode=options.unicode) for family in summary.families}
    names = {family: visible(_name(family, result), unicode=options.unicode) for family in summary.families}
    code_width, name_width = (max(map(len, column.values())) for column in (codes, names))
    dot = "\N{MIDDLE DOT}" if options.unicode else "-"
    heads = {severity: paint.severity(f"{severity}s".rjust(_COLUMN), severity) for severity in severities}
    yield " " * (code_width + name_width + len("    ")) + "".join(heads.values())
    for family, tally in summary.families.items():
        cells = ""
        for severity in severities:
            number = _number(tally, severity)
            cells += f"{number:>{_COLUMN},}" if number else paint(dot.rjust(_COLUMN), "dim")
        yield f"  {paint(codes[family].ljust(code_width), 'code')}  {names[family]:<{name_width}}{cells}"


def _verdict(result: ScanResult, summary: Summary, paint: Paint, options: ReportOptions) -> str:
    files = result.files
    total = file_total(files)
    if not total:
        return paint("No files to look at", "strong")
    where = f"in {plural(total, 'file')}"
    if not summary.tally.total:
        if result.incomplete:
            return f"{paint('No findings', 'strong')} {where}, as far as could be seen"
        tick = "\N{CHECK MARK} " if options.unicode else ""
        return f"{paint(f'{tick}No findings', 'good')} {where}"
    found = paint(plural(summary.tally.total, "finding"), "strong")
    return f"{found} ({by_severity(summary.tally)}) {where}"


def _repairs(result: ScanResult) -> str:
    """How many findings a fix is known for, and what does it."""
    kinds = Counter(finding.fix.safety for finding in result.active if finding.fix is not None)
    safe, unsafe = kinds[Safety.SAFE], kinds[Safety.UNSAFE]
    if safe and unsafe:
        return f"{safe:,} can be repaired with --fix ({unsafe:,} more with --fix --unsafe-fixes)"
    if safe:
        return f"{safe:,} can be repaired with --fix"
    return f"{unsafe:,} can be repaired with --fix --unsafe-fixes" if unsafe else ""


def _aside(result: ScanResult, summary: Summary, options: ReportOptions) -> str:
    parts = _kinds(result.files) if summary.tally.total else []
    if summary.suppressed:
        parts.append(f"{summary.suppressed:,} suppressed")
    if summary.known:
        parts.append(f"{summary.known:,} in the baseline")
    if summary.decided:
        parts.append(f"{summary.decided:,} decided in the ledger")
    if result.not_audited:
        parts.append("dependencies not audited (--audit)")
    return (" \N{MIDDLE DOT} " if options.unicode else ", ").join(parts)


def _incomplete(result: ScanResult, paint: Paint, options: ReportOptions, width: int) -> Iterator[str]:
    reasons = result.incomplete
    if not reasons:
        return
    shown = reasons if options.verbose else reasons[:INCOMPLETE_SHOWN]
    yield paint("Incomplete:", "warning")
    for reason in shown:
        lines = wrap(visible(reason, unicode=options.unicode), width - len("  - "))
        yield from (f"  {' ' if index else '-'} {line}" for index, line in enumerate(lines))
    if len(shown) < len(reasons):
        yield paint(f"    and {len(reasons) - len(shown):,} more (-v lists all)", "dim")


def _kinds(files: FileCounts) -> list[str]:
    """How many files there are of each kind; nothing when they are all of one kind."""
    kinds = ((files.python, "Python"), (files.notebooks, "notebook"), (files.documents, "other"))
    parts = [f"{number:,} {kind}" if kind == "Python" else plural(number, kind) for number, kind in kinds if number]
    return parts if len(parts) > 1 else []


def _name(family: str, result: ScanResult) -> str:
    """What a family is about; for users' rules, where they come from."""
    if family in FAMILIES:
        return FAMILIES[family]
    origins = {rule.origin for rule in result.rules.values() if rule.family == family}
    return ", ".join(sorted(origins))


def _number(tally: Tally, severity: Severity) -> int:
    match severity:
        case Severity.ERROR:
            return tally.error
        case Severity.WARNING:
            return tally.warning
        case Severity.NOTE:
            return tally.note
