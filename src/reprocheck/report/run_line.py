"""The one line that follows a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES
from reprocheck.report.run_words import duration_text, ending
from reprocheck.report.summary import plural

if TYPE_CHECKING:
    from reprocheck.model.record import Record
    from reprocheck.report.paint import Paint


def closing_line(record: Record, paint: Paint) -> str:
    """Id, how it ended, duration, files in and out, seeds, gaps."""
    how, role = ending(record.execution)
    files = record.files
    inputs = sum(use.role in INPUT_ROLES for use in files.uses) + sum(
        t.files for t in files.trees if t.role in INPUT_ROLES
    )
    outputs = sum(use.role in OUTPUT_ROLES for use in files.uses) + sum(
        t.files for t in files.trees if t.role in OUTPUT_ROLES
    )
    parts = [
        paint(how, role),
        duration_text(record.execution.duration),
        f"{inputs:,} in, {outputs:,} out",
        plural(len(record.observations.seeders), "seed"),
    ]
    if record.gaps:
        parts.append(paint(plural(len(record.gaps), "gap"), "warning"))
    return f"{paint('reprocheck', 'dim')} {paint(record.id, 'code')}  {' · '.join(parts)}"
