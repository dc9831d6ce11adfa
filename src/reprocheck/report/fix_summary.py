"""What fixing came to, in a few lines for a person."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reprocheck.report.places import person_place
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reprocheck.model.finding import Finding

_SHOWN = 20
"""Findings named one by one."""


def summary_lines(
    fixed: Sequence[Finding],
    left: Sequence[tuple[Finding, str]],
    files: int,
    *,
    would: bool,
    verbose: bool = False,
) -> Iterator[str]:
    """`12 fixed in 4 files, 3 left`, and for those that are left where and why.

    `files` is how many change, `would` speaks of a patch that is only shown.
    """
    where = f" in {plural(files, 'file')}" if fixed else ""
    verb = "would be fixed" if would else "fixed"
    behind = f", {len(left)} left" if left else ""
    yield f"{len(fixed)} {verb}{where}{behind}"
    if verbose:
        counted = Counter((finding.code, finding.fix.title if finding.fix is not None else "") for finding in fixed)
        yield from (f"  {code}: {visible(title)} ({number})" for (code, title), number in sorted(counted.items()))
    for finding, reason in left[:_SHOWN]:
        yield f"  left: {person_place(finding.place)} {finding.code}: {visible(reason)}"
    if len(left) > _SHOWN:
        yield f"  left: {len(left) - _SHOWN} more"
