"""The formats that a report can be written in, by the name given to `-o`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from reprocheck.report.concise import CONCISE
from reprocheck.report.console import FULL
from reprocheck.report.github import GITHUB
from reprocheck.report.gitlab import GITLAB
from reprocheck.report.html import HTML
from reprocheck.report.json_lines import JSON_LINES
from reprocheck.report.json_report import JSON
from reprocheck.report.junit import JUNIT
from reprocheck.report.markdown import MARKDOWN
from reprocheck.report.rdjson import RDJSON
from reprocheck.report.reporter import Reporter, ReportOptions
from reprocheck.report.sarif import SARIF

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "ReportOptions", "Reporter"]

FORMATS: Mapping[str, Reporter] = MappingProxyType(
    {
        reporter.name: reporter
        for reporter in (FULL, CONCISE, JSON, JSON_LINES, SARIF, GITHUB, GITLAB, JUNIT, RDJSON, MARKDOWN, HTML)
    }
)
"""Reporters by name, the default one first."""
