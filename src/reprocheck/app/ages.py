"""How long dead code has stood: the date of the last commit that touched a finding's line."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.git import git
from reprocheck.model.finding import Finding

AGED = frozenset({"DBT001"})
"""Rules whose findings are worth more the older they are."""
_SECONDS = 10.0
"""Bound on all questions to git; what is left then has no date."""


def with_ages(findings: Sequence[Finding], root: Path) -> tuple[Finding, ...]:
    """The findings, those of aged rules with the date of their line where git knows it."""
    by_path: dict[str, set[int]] = {}
    for finding in findings:
        if finding.code in AGED:
            by_path.setdefault(finding.place.path, set()).add(finding.place.span.line)
    if not by_path or not (root / ".git").exists():
        return tuple(findings)
    dates = _dates(by_path, root)
    return tuple(_aged(finding, dates) for finding in findings)


def _aged(finding: Finding, dates: dict[tuple[str, int], dt.date]) -> Finding:
    date = dates.get((finding.place.path, finding.place.span.line)) if finding.code in AGED else None
    if date is None:
        return finding
    return msgspec.structs.replace(finding, message=f"{finding.message}; unchanged since {date.isoformat()}")


def _dates(by_path: dict[str, set[int]], root: Path) -> dict[tuple[str, int], dt.date]:
    found: dict[tuple[str, int], dt.date] = {}
    end = time.monotonic() + _SECONDS
    for path, lines in sorted(by_path.items()):
        left = end - time.monotonic()
        if left <= 0:
            break
        ranges = [part for line in sorted(lines) for part in ("-L", f"{line},{line}")]
        try:
            blame = git(root, "blame", "--line-porcelain", "--no-textconv", *ranges, "--", path, seconds=left)
        except UsageError:
            continue  # not committed, or no history: no date
        found.update({(path, line): date for line, date in _parse(blame).items()})
    return found


def _parse(blame: str) -> dict[int, dt.date]:
    dates: dict[int, dt.date] = {}
    line = 0
    for text in blame.splitlines():
        words = text.split(" ")
        if len(words) in {3, 4} and len(words[0]) in {40, 64} and words[2].isdigit():
            line = int(words[2])
            if set(words[0]) == {"0"}:
                line = 0  # changed and not committed
        elif words[0] == "committer-time" and line:
            dates[line] = dt.datetime.fromtimestamp(int(words[1]), tz=dt.UTC).date()
    return dates
