"""Processes that the supervisor saw start and the agent did not: Python without it, and other languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from reprocheck.agent.audit import switched_off
from reprocheck.capture.journal_lines import Event, read_lines
from reprocheck.model.gap import Gap

_UNKNOWN = "seeds, settings and lines of Python are not known for it"
_WITHOUT = {
    "PYTHONPATH": (
        "was started with a PYTHONPATH that leaves the agent out",
        f"{_UNKNOWN}; `PYTHONPATH=FOLDER:$PYTHONPATH` in place of `PYTHONPATH=FOLDER` keeps it",
    ),
    "environment": ("was started in an environment without the agent", _UNKNOWN),
}
"""What the supervisor saw an interpreter be given, and what follows."""
_NAMED = 3
"""Programs that are named."""


def unwatched_gaps(journal: Path, watched: Iterable[tuple[int, int]]) -> Iterator[Gap]:
    """A gap for each way in which an interpreter ran without the agent, and one for programs of other languages.

    None where files were not supervised.

    `watched` holds number and start of the processes that the agent was in. A process that first was a wrapper script
    called `python` and then the interpreter counts once.
    """
    path = journal / "files.jsonl"
    if not path.is_file():
        return
    known = set(watched)
    seen = set()
    others: dict[str, None] = {}
    for event in read_lines(path, only=b'"execute"').events:
        if event["event"] != "execute":
            continue
        if "other" in event:
            others[PurePosixPath(str(event.get("path", ""))).name] = None
        if "python" not in event or (event.get("pid"), event.get("started")) in known:
            continue
        reason, consequence = _why(event)
        if reason not in seen:
            seen.add(reason)
            yield Gap("observations.python", reason, consequence)
    if others:
        yield _of_others(list(others))


def _of_others(names: list[str]) -> Gap:
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    verb = "is no Python program" if len(names) == 1 else "are no Python programs"
    return Gap("observations.programs", f"{named} {verb}", "seeds and settings of such are not known")


def _why(event: Event) -> tuple[str, str]:
    """Reason and consequence."""
    name = PurePosixPath(str(event.get("path", ""))).name
    options = event.get("python")
    # the supervisor leaves the values of -W and -X out
    listed = [str(option) for option in options if option not in {"-W", "-X"}] if isinstance(options, list) else []
    option = switched_off([name, *listed])
    if option:
        return f"{name} was started with {option}", _UNKNOWN
    why, consequence = _WITHOUT.get(str(event.get("without")), ("ran without the agent", _UNKNOWN))
    return f"{name} {why}", consequence
