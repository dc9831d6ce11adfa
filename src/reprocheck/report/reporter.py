"""What every reporter is and what it may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reprocheck.model.scan_result import ScanResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How the reader wants to see the result; formats for machines mind `root_uri` only."""

    color: bool = False
    """Whether colours and other terminal styles may be used."""
    width: int = 80
    """Columns of the terminal."""
    root_uri: str | None = None
    """URI of the scanned root; None keeps every path relative."""
    show_suppressed: bool = False
    """Whether findings that don't count (suppressed, in the baseline) are listed too."""
    statistics: bool = False
    """Whether to add a table of findings by rule."""
    hyperlinks: bool = False
    """Whether paths may be made clickable; needs `root_uri`."""
    verbose: bool = False
    """Whether to repeat explanations and leave nothing out."""
    unicode: bool = True
    """False where the output must be ASCII."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """A format: its name, what it is good for, and the function that writes it."""

    name: str
    description: str
    render: Callable[[ScanResult, ReportOptions], str]
    """Text of the report, ending with a line end unless it is empty."""
    binary: bool = False
    """Whether the text must reach the file byte for byte, without translated line ends."""
