"""The `junit` format: JUnit's XML as Jenkins, GitLab, Azure and others show it among test results.

Elements and attributes are those of Jenkins' schema: https://github.com/jenkinsci/xunit-plugin, `junit-10.xsd`.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.places import line_place
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import counts, in_order, set_aside
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write a suite per file, a case per finding: notes pass, suppressed ones are skipped, gaps are errors."""
    findings = in_order(result)
    suites = [(path, list(group)) for path, group in groupby(findings, key=lambda finding: finding.place.path)]
    failures = sum(map(_fails, findings))
    errors = len(result.incomplete)
    total = len(findings) + errors + (0 if findings or errors else 1)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="reprocheck" tests="{total}" failures="{failures}" errors="{errors}">',
    ]
    if result.audit is not None:
        lines.append(f"  <!-- {_comment(audit_sentence(result.audit))} -->")
    for path, group in suites:
        lines += _suite(path, group)
    if errors:
        lines += _unread(result.incomplete)
    if total and not findings and not errors:
        lines += [
            '  <testsuite name="reprocheck" tests="1" failures="0" errors="0" skipped="0">',
            '    <testcase classname="reprocheck" name="no findings"/>',
            "  </testsuite>",
        ]
    return "\n".join([*lines, "</testsuites>"]) + "\n"


JUNIT = Reporter("junit", "JUnit XML for services that show test results", render)


def _comment(text: str) -> str:
    """Text of a comment, which two hyphens would end."""
    return marked_up(text).replace("--", "- -")


def _fails(finding: Finding) -> bool:
    return counts(finding) and finding.severity is not Severity.NOTE


def _suite(path: str, group: Sequence[Finding]) -> Iterator[str]:
    failures = sum(map(_fails, group))
    skipped = sum(not counts(finding) for finding in group)
    numbers = f'tests="{len(group)}" failures="{failures}" errors="0" skipped="{skipped}"'
    yield f'  <testsuite name="{marked_up(path)}" {numbers}>'
    for finding in group:
        yield from _case(finding)
    yield "  </testsuite>"


def _case(finding: Finding) -> Iterator[str]:
    where = line_place(finding.place)
    name = (
        f'classname="{marked_up(finding.place.path)}" name="{marked_up(f"{finding.code} {finding.rule} at {where}")}"'
    )
    message = marked_up(finding.message)
    if not counts(finding):
        reason = finding.suppression.reason if finding.suppression is not None else ""
        yield f"    <testcase {name}>"
        yield f'      <skipped message="{marked_up(": ".join(filter(None, (set_aside(finding), reason))))}"/>'
        yield "    </testcase>"
    elif _fails(finding):
        trail = "\n".join(f"{line_place(step.place)}: {step.message}" for step in finding.trail)
        text = f"{marked_up(where)}: {message}" + ("\n" + "\n".join(map(marked_up, trail.split("\n"))) if trail else "")
        yield f"    <testcase {name}>"
        yield f'      <failure type="{marked_up(finding.severity)}" message="{message}">{text}</failure>'
        yield "    </testcase>"
    else:
        yield f"    <testcase {name}>"
        yield f"      <system-out>{message}</system-out>"
        yield "    </testcase>"


def _unread(reasons: Sequence[str]) -> Iterator[str]:
    yield f'  <testsuite name="incomplete" tests="{len(reasons)}" failures="0" errors="{len(reasons)}" skipped="0">'
    for reason in reasons:
        text = marked_up(reason)
        yield f'    <testcase classname="reprocheck" name="{text}">'
        yield f'      <error type="incomplete" message="{text}"/>'
        yield "    </testcase>"
    yield "  </testsuite>"
