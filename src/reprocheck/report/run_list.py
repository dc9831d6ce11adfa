"""Runs, one per line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from reprocheck.model.record import RunState, Status
from reprocheck.report.run_words import command_text, duration_text, signal_name
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reprocheck.model.record import RunSummary
    from reprocheck.report.paint import Paint, Role

_SIGNALS = 128
"""What shells add to the number of a signal."""
_NARROWEST = 20
"""Columns that the command gets however narrow the terminal is."""


def list_lines(summaries: Sequence[RunSummary], paint: Paint, *, width: int) -> Iterator[str]:
    """A table of runs: id, start, duration, end, files, gaps, name and command."""
    rows = [_cells(summary) for summary in summaries]
    heads = ("id", "started", "took", "end", "in", "out", "gaps")
    widths = [max(len(head), *(len(row[column]) for row in rows)) for column, head in enumerate(heads)]
    right = {2, 4, 5, 6}
    line = "  ".join(_fit(head, widths[i], right=i in right) for i, head in enumerate(heads))
    yield paint(f"{line}  command", "dim")
    rest = max(_NARROWEST, width - sum(widths) - 2 * len(widths))
    for summary, row in zip(summaries, rows, strict=True):
        cells = [_fit(cell, widths[i], right=i in right) for i, cell in enumerate(row)]
        cells[0] = paint(cells[0], "code")
        cells[3] = paint(cells[3], _role(summary))
        if summary.gaps:
            cells[6] = paint(cells[6], "warning")
        yield "  ".join((*cells, _label(summary, paint, rest)))


def _cells(summary: RunSummary) -> tuple[str, ...]:
    finished = summary.state is RunState.FINISHED
    return (
        summary.id,
        _local(summary.started),
        duration_text(summary.duration) if summary.duration is not None else "-",
        _end(summary),
        f"{summary.inputs:,}" if finished else "-",
        f"{summary.outputs:,}" if finished else "-",
        f"{summary.gaps:,}" if finished else "-",
    )


def _label(summary: RunSummary, paint: Paint, width: int) -> str:
    """Name and tags, then the command, cut to what fits."""
    name = visible(summary.name)
    tags = " ".join(f"#{visible(tag)}" for tag in summary.tags)
    marks = " ".join(part for part in (name, tags) if part)
    text = summary.problem or command_text(summary.command)
    room = width - (len(marks) + 1 if marks else 0)
    text = text if len(text) <= room else text[: max(1, room - 1)] + "…"
    return f"{paint(marks, 'label')} {text}" if marks else text


def _end(summary: RunSummary) -> str:
    match summary.status:
        case None:
            return summary.state.value
        case Status.EXITED:
            return f"exit {summary.exit_code}"
        case Status.KILLED:
            return signal_name((summary.exit_code or 0) - _SIGNALS)
        case Status.NOT_STARTED | Status.ABANDONED:
            return summary.status.value


def _role(summary: RunSummary) -> Role:
    match summary.state:
        case RunState.FINISHED if summary.status is not Status.ABANDONED:
            return "good" if summary.exit_code == 0 else "error"
        case RunState.RUNNING:
            return "note"
        case RunState.ABANDONED | RunState.FINISHED:
            return "warning"
        case RunState.DAMAGED:
            return "error"


def _local(started: str) -> str:
    """Time of day as the reader's clock shows it."""
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return "-"


def _fit(text: str, width: int, *, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
