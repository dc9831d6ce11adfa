"""The `jsonl` format: one finding per line, each a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.json_value import finding_value, json_text
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.summary import in_order

if TYPE_CHECKING:
    from reprocheck.model.scan_result import ScanResult


def render(result: ScanResult, options: ReportOptions) -> str:  # noqa: ARG001 -- every reporter takes options
    """Write one object per finding, suppressed ones included; nothing when there are none."""
    return "".join(f"{json_text(finding_value(finding), indent=False)}\n" for finding in in_order(result))


JSON_LINES = Reporter("jsonl", "one JSON object per finding and line", render)
