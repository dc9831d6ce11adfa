"""The `concise` format: one line per finding, for people who know the codes and for programs that split lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.console_summary import statistics_lines
from reprocheck.report.paint import Paint
from reprocheck.report.places import line_place, linked
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import by_severity, counts, file_total, in_order, plural, set_aside, summarize
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write one line per finding and a last line with the count."""
    paint = Paint(color=options.color)
    shown = [f for f in in_order(result) if counts(f) or options.show_suppressed]
    lines = [_line(finding, paint, options) for finding in shown]
    statistics = list(statistics_lines(result, paint, options))
    if statistics:
        lines += ["", *statistics]
    lines.append(_count(result))
    if result.audit is not None:
        lines.append(visible(audit_sentence(result.audit), unicode=options.unicode))
    return "\n".join(lines) + "\n"


CONCISE = Reporter("concise", "one line per finding", render)


def _line(finding: Finding, paint: Paint, options: ReportOptions) -> str:
    place = paint(line_place(finding.place, unicode=options.unicode), "strong")
    place = linked(place, finding.place.path, options.root_uri if options.hyperlinks else None)
    code = paint(visible(finding.code, unicode=options.unicode), "code")
    severity = paint.severity(finding.severity, finding.severity)
    message = visible(finding.message, unicode=options.unicode)
    aside = "" if counts(finding) else paint(f" ({set_aside(finding)})", "dim")
    return f"{place}: {code}[{severity}] {message}{aside}"


def _count(result: ScanResult) -> str:
    summary = summarize(result)
    files = plural(file_total(result.files), "file")
    if summary.tally.total:
        text = f"{plural(summary.tally.total, 'finding')} ({by_severity(summary.tally)}) in {files}"
    else:
        text = f"no findings in {files}"
    extra = [
        *([f"{summary.suppressed:,} suppressed"] if summary.suppressed else []),
        *([f"{summary.known:,} in the baseline"] if summary.known else []),
        *([f"{summary.decided:,} decided in the ledger"] if summary.decided else []),
        *([f"incomplete for {plural(len(result.incomplete), 'reason')}"] if result.incomplete else []),
    ]
    return ", ".join([text, *extra])
