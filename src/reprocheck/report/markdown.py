"""The `markdown` format: for comments on changes, wikis and appendices of papers."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.markdown_text import code, plain
from reprocheck.report.places import person_place
from reprocheck.report.prose import code_below, first_paragraph, first_sentence
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.scorecard_markdown import scorecard_markdown
from reprocheck.report.summary import by_severity, counts, file_total, in_order, plural, set_aside, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.audit import Audit
    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult

_LIMIT = 200
"""Findings that are listed; code hosts cut long comments off."""


def render(result: ScanResult, options: ReportOptions) -> str:
    """Write the scorecard if there is one, the audit, and the findings file by file."""
    lines: list[str] = []
    if result.scorecard is not None:
        lines += scorecard_markdown(result.scorecard)
    lines += _findings(result, options)
    if result.audit is not None:
        lines += ["", *_audit(result.audit)]
    if result.incomplete:
        lines += ["", "## Incomplete", "", *(f"- {plain(reason)}" for reason in result.incomplete)]
    return "\n".join(lines) + "\n"


MARKDOWN = Reporter("markdown", "Markdown for comments, wikis and papers", render)


def _findings(result: ScanResult, options: ReportOptions) -> Iterator[str]:
    summary = summarize(result)
    total = summary.tally.total
    files = plural(file_total(result.files), "file")
    yield "## Findings"
    yield ""
    yield (
        f"{plural(total, 'finding')} ({by_severity(summary.tally)}) in {files}."
        if total
        else f"No findings in {files}."
    )
    shown = [f for f in in_order(result) if counts(f) or options.show_suppressed]
    for path, group in groupby(shown[:_LIMIT], key=lambda finding: finding.place.path):
        yield ""
        yield f"### {code(path)}"
        yield ""
        for finding in group:
            yield from _finding(finding)
    if len(shown) > _LIMIT:
        yield ""
        yield f"{len(shown) - _LIMIT:,} more are left out here; `-o json` and `-o html` have all."
    codes = sorted({finding.code for finding in shown} & result.rules.keys())
    if codes:
        yield ""
        yield "### What the codes mean"
        yield ""
    for name in codes:
        rule = result.rules[name]
        yield f"- **{plain(name)} {plain(rule.name)}**: {plain(first_sentence(rule.why) or rule.summary)}"
        if rule.fix:
            yield f"  *Fix:* {plain(first_paragraph(rule.fix))}"
            lines = code_below(rule.fix)
            yield from ("", *(f"      {line}".rstrip() for line in lines), "") if lines else ()


def _finding(finding: Finding) -> Iterator[str]:
    aside = "" if counts(finding) else f" ({set_aside(finding)})"
    where = code(person_place(finding.place))
    yield f"- **{plain(finding.code)}** {plain(finding.severity)}, {where}: {plain(finding.message)}{aside}"
    for number, step in enumerate(finding.trail, 1):
        yield f"  {number}. {code(person_place(step.place))} {plain(step.message)}"


def _audit(audit: Audit) -> Iterator[str]:
    yield "## Known vulnerabilities"
    yield ""
    yield f"{plain(audit_sentence(audit))}."
    if audit.vulnerable:
        yield ""
        yield "| package | where | advisory | severity | fixed in |"
        yield "|---|---|---|---|---|"
    for item in audit.vulnerable:
        for advisory in item.advisories:
            names = ", ".join(plain(name) for name in (advisory.id, *advisory.aliases))
            fixed = ", ".join(code(version) for version in advisory.fixed[:1]) or "not known"
            package = f"{code(f'{item.package} {item.version}')}"
            yield f"| {package} | {code(person_place(item.place))} | {names} | {advisory.rating} | {fixed} |"
    if audit.unaudited:
        yield ""
        yield "Not audited:"
        yield ""
        for open_ in audit.unaudited:
            yield f"- {code(open_.package)} ({code(person_place(open_.place))}): {plain(open_.reason)}"
