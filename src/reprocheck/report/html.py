"""The `html` format: one page to read, print or attach, with the scorecard, the audit and every finding."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.html_page import page
from reprocheck.report.html_text import code, excerpt_html, prose
from reprocheck.report.places import person_place
from reprocheck.report.prose import first_paragraph, first_sentence
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.scorecard_html import scorecard_html
from reprocheck.report.summary import by_severity, counts, file_total, in_order, plural, set_aside, summarize
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.audit import Audit
    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write the page; suppressed findings only on request."""
    title = "reprocheck scorecard" if result.scorecard is not None else "reprocheck report"
    return page(title, _body(result, options))


HTML = Reporter("html", "one page to read or print, with nothing from outside", render)


def _body(result: ScanResult, options: ReportOptions) -> Iterator[str]:
    if result.scorecard is not None:
        yield "<h1>ML project scorecard</h1>"
        yield from scorecard_html(result.scorecard)
        yield "<h2>Findings</h2>"
    else:
        yield "<h1>Reproducibility report</h1>"
    yield from _overview(result)
    if result.incomplete:
        yield "<h2>Incomplete</h2>"
        yield f"<ul>{''.join(f'<li>{prose(reason)}</li>' for reason in result.incomplete)}</ul>"
    if result.audit is not None:
        yield from _audit(result.audit)
    shown = [f for f in in_order(result) if counts(f) or options.show_suppressed]
    explained: set[str] = set()
    for path, group in groupby(shown, key=lambda finding: finding.place.path):
        yield f"<h3>{code(path)}</h3>"
        for finding in group:
            yield from _finding(finding, result, explain=finding.code not in explained)
            explained.add(finding.code)
    yield f'<p class="small dim">reprocheck {marked_up(result.tool_version)}</p>'


def _overview(result: ScanResult) -> Iterator[str]:
    summary = summarize(result)
    files = plural(file_total(result.files), "file")
    found = plural(summary.tally.total, "finding")
    total = f"{found} ({by_severity(summary.tally)})" if summary.tally.total else "No findings"
    yield f"<p>{total} in {files}</p>"
    if result.not_audited:
        yield '<p class="dim">Dependencies were not audited.</p>'
    if summary.families:
        yield "<table><tr><th>family</th><th>errors</th><th>warnings</th><th>notes</th></tr>"
        for family, tally in summary.families.items():
            cells = "".join(f"<td>{number:,}</td>" for number in (tally.error, tally.warning, tally.note))
            yield f"<tr><td>{marked_up(family)}</td>{cells}</tr>"
        yield "</table>"


def _finding(finding: Finding, result: ScanResult, *, explain: bool) -> Iterator[str]:
    aside = "" if counts(finding) else f' <span class="dim">({set_aside(finding)})</span>'
    kind = finding.severity.value if counts(finding) else "aside"
    yield f'<div class="finding {kind}">'
    yield (
        f'<p><span class="tag">{marked_up(finding.code)}</span><strong>{marked_up(finding.rule)}</strong> '
        f'<span class="dim">{marked_up(finding.severity)}, {code(person_place(finding.place))}</span>{aside}</p>'
    )
    yield f"<p>{prose(finding.message)}</p>"
    if finding.place.excerpt is not None:
        yield excerpt_html(finding.place.excerpt)
    if finding.trail:
        steps = (f"<li>{code(person_place(step.place))} {prose(step.message)}</li>" for step in finding.trail)
        yield f'<ol class="small">{"".join(steps)}</ol>'
    rule = result.rules.get(finding.code)
    if explain and rule is not None and counts(finding):
        yield '<dl class="small">'
        if rule.why:
            yield f"<dt>why</dt><dd>{prose(first_sentence(rule.why))}</dd>"
        if rule.fix:
            yield f"<dt>fix</dt><dd>{prose(first_paragraph(rule.fix))}</dd>"
        yield "</dl>"
    yield "</div>"


def _audit(audit: Audit) -> Iterator[str]:
    yield "<h2>Known vulnerabilities</h2>"
    yield f"<p>{prose(audit_sentence(audit))}.</p>"
    if audit.vulnerable:
        yield "<table><tr><th>package</th><th>where</th><th>advisory</th><th>severity</th><th>fixed in</th></tr>"
        for item in audit.vulnerable:
            for advisory in item.advisories:
                names = ", ".join(marked_up(name) for name in (advisory.id, *advisory.aliases))
                fixed = marked_up(", ".join(advisory.fixed[:1]) or "not known")
                yield (
                    f"<tr><td>{code(f'{item.package} {item.version}')}</td><td>{code(person_place(item.place))}</td>"
                    f"<td>{names}<br><span class='dim'>{marked_up(advisory.summary)}</span></td>"
                    f"<td>{marked_up(advisory.rating)}</td><td>{fixed}</td></tr>"
                )
        yield "</table>"
    if audit.unaudited:
        yield "<p>Not audited:</p><ul>"
        for open_ in audit.unaudited:
            yield f"<li>{code(open_.package)} ({code(person_place(open_.place))}): {prose(open_.reason)}</li>"
        yield "</ul>"
