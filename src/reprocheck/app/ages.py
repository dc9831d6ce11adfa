"""How long dead code has stood: the date of the last commit that touched a finding's line."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.app.errors import UsageError
from reprocheck.app.git import git
from reprocheck.app.remembered import load, store
from reprocheck.model.finding import Finding

AGED = frozenset({"DBT001"})
"""Rules whose findings are worth more the older they are."""
_SECONDS = 10.0
"""Bound on all questions to git; what is left then has no date."""


_NAME = "ages"


class _Ages(msgspec.Struct, array_like=True):
    """What git said of one file's lines at one commit."""

    digest: bytes
    """BLAKE3 of the file's content."""
    dates: dict[int, dt.date | None]


class _Remembered(msgspec.Struct, array_like=True):
    """What git said at one commit."""

    commit: str = ""
    files: dict[str, _Ages] = {}


def with_ages(findings: Sequence[Finding], root: Path, folder: Path | None) -> tuple[Finding, ...]:
    """The findings, those of aged rules with the date of their line where git knows it.

    What git says of a file is remembered in `folder`, where there is one, as long as no commit is made and the file
    stays as it is: a hundred questions to git take longer than a scan.
    """
    by_path: dict[str, set[int]] = {}
    for finding in findings:
        if finding.code in AGED:
            by_path.setdefault(finding.place.path, set()).add(finding.place.span.line)
    if not by_path or not (root / ".git").exists():
        return tuple(findings)
    try:
        commit = git(root, "rev-parse", "--verify", "--quiet", "HEAD", seconds=_SECONDS).strip()
    except UsageError:
        return tuple(findings)  # no history: no date
    remembered = load(folder, _NAME, _Remembered)
    earlier = remembered.files if remembered is not None and remembered.commit == commit else {}
    ages = _all_ages(by_path, root, earlier)
    if ages != earlier:
        store(folder, _NAME, _Remembered(commit, ages))
    dates = {(path, line): date for path, of in ages.items() for line, date in of.dates.items() if date is not None}
    return tuple(_aged(finding, dates) for finding in findings)


def _aged(finding: Finding, dates: dict[tuple[str, int], dt.date]) -> Finding:
    date = dates.get((finding.place.path, finding.place.span.line)) if finding.code in AGED else None
    if date is None:
        return finding
    return msgspec.structs.replace(finding, message=f"{finding.message}; unchanged since {date.isoformat()}")


def _all_ages(by_path: Mapping[str, set[int]], root: Path, earlier: Mapping[str, _Ages]) -> dict[str, _Ages]:
    found: dict[str, _Ages] = {}
    end = time.monotonic() + _SECONDS
    for path, lines in sorted(by_path.items()):
        try:
            digest = blake3((root / path).read_bytes()).digest()
        except OSError:
            continue
        known = earlier.get(path)
        if known is not None and known.digest == digest and lines <= known.dates.keys():
            found[path] = known
            continue
        left = end - time.monotonic()
        if left > 0:
            # What git could not say now it may say next time: only what it said is remembered.
            dates = _dates(path, lines, root, left)
            if dates is not None:
                found[path] = _Ages(digest, {**dict.fromkeys(lines), **dates})
    return found


def _dates(path: str, lines: set[int], root: Path, seconds: float) -> Mapping[int, dt.date | None] | None:
    ranges = [part for line in sorted(lines) for part in ("-L", f"{line},{line}")]
    try:
        blame = git(root, "blame", "--line-porcelain", "--no-textconv", *ranges, "--", path, seconds=seconds)
    except UsageError:
        return None  # not committed: no date
    return _parse(blame)


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
