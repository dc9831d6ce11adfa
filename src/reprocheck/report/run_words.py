"""How durations, sizes and ends of runs read."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING

from reprocheck.model.record import Status
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprocheck.model.record import Execution
    from reprocheck.report.paint import Role

_MINUTE, _HOUR = 60, 3600
_KILO = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def duration_text(nanoseconds: int) -> str:
    """Such as `0.42 s`, `3 min 12 s`, `2 h 5 min`."""
    seconds = nanoseconds / 1e9
    if seconds < 10:  # noqa: PLR2004 — two digits that matter
        return f"{seconds:.2f} s"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def size_text(size: int) -> str:
    """Such as `812 B`, `1.4 MB`."""
    value = float(size)
    for unit in _UNITS:
        if value < _KILO or unit == _UNITS[-1]:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KILO
    return f"{size} B"


def ending(execution: Execution) -> tuple[str, Role]:
    """How it ended, in a word or three, and the role to paint it in."""
    match execution.status:
        case Status.EXITED:
            return (f"exit {execution.code}", "good" if execution.code == 0 else "error")
        case Status.KILLED:
            return (f"killed by {signal_name(execution.signal or 0)}", "error")
        case Status.NOT_STARTED:
            return ("did not start", "error")
        case Status.ABANDONED:
            return ("abandoned", "warning")


def signal_name(number: int) -> str:
    """Such as `SIGKILL`."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def command_text(arguments: Sequence[str]) -> str:
    """A command line as it would be typed, safe to print."""
    return visible(shlex.join(arguments))


def short_id(name: str) -> str:
    """As much of an id as people write: beyond its time, so that it is hardly ever shared."""
    return name[:14]
