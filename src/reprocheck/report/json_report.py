"""The `json` format: the whole result as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.audit_value import audit_value
from reprocheck.report.json_value import SCHEMA, finding_value, json_text
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.scorecard_json import scorecard_value
from reprocheck.report.summary import Tally, in_order, summarize

if TYPE_CHECKING:
    from reprocheck.model.scan_result import ScanResult


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write the result; suppressed and known findings are included and say so, the summary leaves them out."""
    summary = summarize(result)
    files = result.files
    value = {
        "schema": SCHEMA,
        "tool": {"name": "reprocheck", "version": result.tool_version},
        "findings": [finding_value(finding) for finding in in_order(result)],
        "files": {
            "python": files.python,
            "notebooks": files.notebooks,
            "documents": files.documents,
            "lines": files.lines,
        },
        "incomplete": list(result.incomplete),
        "not_audited": result.not_audited,
        **({} if result.audit is None else {"audit": audit_value(result.audit)}),
        **({} if result.scorecard is None else {"scorecard": scorecard_value(result.scorecard)}),
        "summary": {
            **_tally_value(summary.tally),
            "suppressed": summary.suppressed,
            "baseline": summary.known,
            "ledger": summary.decided,
            "families": {family: _tally_value(tally) for family, tally in summary.families.items()},
        },
    }
    return json_text(value, indent=True) + "\n"


JSON = Reporter("json", "the whole result as one JSON object", render)


def _tally_value(tally: Tally) -> dict[str, int]:
    return {"findings": tally.total, "error": tally.error, "warning": tally.warning, "note": tally.note}
