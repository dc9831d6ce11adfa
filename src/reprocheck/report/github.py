"""The `github` format: workflow commands that GitHub Actions turns into annotations.

Escapes and parameters: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.place import WHOLE_FILE
from reprocheck.report.audit_value import audit_sentence
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import counts, in_order
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from reprocheck.model.finding import Finding
    from reprocheck.model.place import Span
    from reprocheck.model.scan_result import ScanResult

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write one command per finding that counts, and a warning per reason why the scan is incomplete."""
    lines = [_command(finding) for finding in in_order(result) if counts(finding)]
    lines += [f"::warning title=reprocheck scan incomplete::{_data(reason)}" for reason in result.incomplete]
    if result.audit is not None:
        lines.append(f"::notice title=reprocheck audit::{_data(audit_sentence(result.audit))}")
    return "".join(f"{line}\n" for line in lines)


GITHUB = Reporter("github", "annotations for GitHub Actions", render)


def _command(finding: Finding) -> str:
    properties = {
        "file": finding.place.path,
        **_position(finding.place.span),
        "title": f"{finding.code} {finding.rule}",
    }
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = finding.message
    cell = finding.place.cell
    if cell is not None:
        message = f"cell {cell.number}, line {cell.line}: {message}"
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(message)}"


def _position(span: Span) -> dict[str, str]:
    """Columns are left out where the runner would refuse them: over several lines, and for a file as a whole."""
    if span == WHOLE_FILE:
        return {"line": "1"}
    if span.line != span.end_line:
        return {"line": str(span.line), "endLine": str(span.end_line)}
    return {
        "line": str(span.line),
        "col": str(span.column),
        "endLine": str(span.end_line),
        "endColumn": str(span.end_column),
    }


def _data(text: str) -> str:
    """Percent-encode what would end the command; other unsafe characters are spelled out."""
    lines = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return visible(lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
