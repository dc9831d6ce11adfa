"""The `rdjson` format: reviewdog's diagnostics, which it turns into comments of many code hosts.

Fields: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf (columns count UTF-8 bytes there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.place import WHOLE_FILE
from reprocheck.report.json_value import json_text
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import counts, in_order

if TYPE_CHECKING:
    from reprocheck.model.finding import Finding, Step
    from reprocheck.model.place import Place
    from reprocheck.model.scan_result import ScanResult

_LEVELS = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write one object with a diagnostic per finding that counts."""
    value = {
        "source": {"name": "reprocheck"},
        "diagnostics": [_diagnostic(finding) for finding in in_order(result) if counts(finding)],
    }
    return json_text(value, indent=True) + "\n"


RDJSON = Reporter("rdjson", "diagnostics for reviewdog", render)


def _diagnostic(finding: Finding) -> dict[str, object]:
    cell = finding.place.cell
    message = finding.message if cell is None else f"cell {cell.number}, line {cell.line}: {finding.message}"
    return {
        "message": message,
        "location": _location(finding.place),
        "severity": _LEVELS[finding.severity],
        "code": {"value": f"{finding.code} {finding.rule}"},
        **({"related_locations": [_related(step) for step in finding.trail]} if finding.trail else {}),
    }


def _related(step: Step) -> dict[str, object]:
    return {"message": step.message, "location": _location(step.place)}


def _location(place: Place) -> dict[str, object]:
    """Columns are left out where their bytes can't be told: a place without source, or one that isn't ASCII."""
    span = place.span
    if span == WHOLE_FILE:
        return {"path": place.path, "range": {"start": {"line": 1}}}
    if not _columns_are_bytes(place):
        return {"path": place.path, "range": {"start": {"line": span.line}, "end": {"line": span.end_line}}}
    return {
        "path": place.path,
        "range": {
            "start": {"line": span.line, "column": span.column},
            "end": {"line": span.end_line, "column": span.end_column},
        },
    }


def _columns_are_bytes(place: Place) -> bool:
    """Whether characters and bytes are the same on the marked line; columns of notebooks are those of cells."""
    excerpt = place.excerpt
    if excerpt is None or excerpt.dropped or place.cell is not None:
        return False
    index = excerpt.line - excerpt.first_line
    return 0 <= index < len(excerpt.lines) and excerpt.lines[index].isascii() and place.span.line == place.span.end_line
