"""The `html` format: one page to read, print or attach, with the scorecard, the audit and every finding."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reprocheck.model.fix import Safety
from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.html_overview import overview_html
from reprocheck.report.html_page import page
from reprocheck.report.html_runs import runs_html
from reprocheck.report.html_text import code, excerpt_html, prose
from reprocheck.report.places import person_place
from reprocheck.report.prose import code_below, first_paragraph, first_sentence
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.run_words import short_id
from reprocheck.report.scorecard_html import scorecard_html
from reprocheck.report.summary import by_severity, counts, file_total, in_order, plural, set_aside, summarize
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reprocheck.model.audit import Audit
    from reprocheck.model.finding import Finding, Step
    from reprocheck.model.scan_result import ScanResult


_UNFOLDED = 40
"""Findings of a page that shows the code of each from the start."""
_CONTROLS = (
    '<div id="controls" hidden><input id="filter" type="search" autocomplete="off" spellcheck="false" '
    'aria-label="Filter the findings" placeholder="filter: code:RNG sev:error path:src/ -path:tests/ words (press /)">'
    '<button id="toggle" type="button">fold / unfold</button><span id="shown" class="small dim" role="status"></span>'
    '<span class="small dim">j, k: next, previous</span></div>'
)


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write the page; suppressed findings only on request."""
    title = "reprocheck scorecard" if result.scorecard is not None else "reprocheck report"
    return page(title, _body(result, options), behaviour="html_behaviour.js")


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
    if shown:
        yield from overview_html(shown)
    identities = {finding.fingerprint for finding in shown if finding.fingerprint}
    yield from runs_html(result.ran, identities)
    if shown:
        yield "<h2>Findings</h2>" if result.ran.runs else ""
        yield _CONTROLS
    explains = _explains(result)
    explained: set[str] = set()
    unfold = len(shown) <= _UNFOLDED
    for path, group in groupby(shown, key=lambda finding: finding.place.path):
        yield f'<section class="file"><h3>{code(path)}</h3>'
        for finding in group:
            # Twins share a fingerprint; the first of them is the one that links lead to.
            anchor = finding.fingerprint if finding.fingerprint in identities else ""
            identities.discard(anchor)
            notes = explains.get(finding.fingerprint, ())
            yield from _finding(finding, result, anchor, notes, explain=finding.code not in explained, unfold=unfold)
            explained.add(finding.code)
        yield "</section>"
    yield f'<p class="small dim">reprocheck {marked_up(result.tool_version)}</p>'


def _overview(result: ScanResult) -> Iterator[str]:
    summary = summarize(result)
    files = plural(file_total(result.files), "file")
    found = plural(summary.tally.total, "finding")
    total = f"{found} ({by_severity(summary.tally)})" if summary.tally.total else "No findings"
    yield f"<p>{total} in {files}</p>"
    if result.not_audited:
        yield '<p class="dim">Dependencies were not audited.</p>'


def _explains(result: ScanResult) -> dict[str, list[str]]:
    """Runs whose divergence a finding may explain, as links, by its fingerprint."""
    found: dict[str, list[str]] = {}
    for one in result.ran.runs:
        for finding in one.replay.explanations if one.replay is not None else ():
            link = f'<a href="#run-{marked_up(one.run.id)}">{marked_up(one.run.name or short_id(one.run.id))}</a>'
            found.setdefault(finding.fingerprint, []).append(link)
    return found


def _finding(
    finding: Finding, result: ScanResult, anchor: str, explains: Sequence[str], *, explain: bool, unfold: bool
) -> Iterator[str]:
    aside = "" if counts(finding) else f' <span class="dim">({set_aside(finding)})</span>'
    kind = finding.severity.value if counts(finding) else "aside"
    state = "open" if counts(finding) else set_aside(finding).split()[0]
    identity = f' id="finding-{marked_up(anchor)}"' if anchor else ""
    yield (
        f'<details class="finding {kind}"{" open" if unfold else ""}{identity} data-code="{marked_up(finding.code)}" '
        f'data-severity="{finding.severity.value}" data-path="{marked_up(finding.place.path)}" data-state="{state}">'
    )
    yield (
        f'<summary><span class="tag">{marked_up(finding.code)}</span><strong>{marked_up(finding.rule)}</strong> '
        f'<span class="dim">{marked_up(finding.severity)}, {code(person_place(finding.place))}</span>{aside}'
    )
    yield f"<p>{prose(finding.message)}</p></summary>"
    if finding.place.excerpt is not None:
        yield excerpt_html(finding.place.excerpt)
    if finding.trail:
        yield f'<ol class="small trail">{"".join(map(_step, finding.trail))}</ol>'
    rule = result.rules.get(finding.code)
    yield '<dl class="small">'
    if explain and rule is not None and counts(finding):
        if rule.why:
            yield f"<dt>why</dt><dd>{prose(first_sentence(rule.why))}</dd>"
        if rule.fix:
            lines = code_below(rule.fix)
            shown = f"<pre>{marked_up(chr(10).join(lines))}</pre>" if lines else ""
            yield f"<dt>fix</dt><dd>{prose(first_paragraph(rule.fix))}{shown}</dd>"
    if finding.fix is not None and counts(finding):
        option = "--fix" if finding.fix.safety is Safety.SAFE else "--unsafe-fixes"
        yield f"<dt>repair</dt><dd>{prose(finding.fix.title)} (<code>reprocheck scan {option}</code>)</dd>"
    if explains:
        yield f"<dt>may explain</dt><dd>why these diverged: {', '.join(explains)}</dd>"
    yield "</dl></details>"


def _step(step: Step) -> str:
    """One place of a trail; its code unfolds."""
    words = f"{code(person_place(step.place))} {prose(step.message)}"
    if step.place.excerpt is None:
        return f"<li>{words}</li>"
    return f"<li><details><summary>{words}</summary>{excerpt_html(step.place.excerpt)}</details></li>"


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
