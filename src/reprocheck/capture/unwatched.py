"""Python processes that the supervisor saw start and the agent did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from reprocheck.agent.audit import switched_off
from reprocheck.capture.journal_lines import Event, read_lines
from reprocheck.model.gap import Gap


def unwatched_gaps(journal: Path, watched: Iterable[tuple[int, int]]) -> Iterator[Gap]:
    """A gap for each way in which an interpreter ran without the agent; none where files were not supervised.

    `watched` holds number and start of the processes that the agent was in. A process that first was a wrapper script
    called `python` and then the interpreter counts once.
    """
    path = journal / "files.jsonl"
    if not path.is_file():
        return
    known = set(watched)
    seen = set()
    for event in read_lines(path, only=b'"execute"').events:
        if event["event"] != "execute" or "python" not in event or (event.get("pid"), event.get("started")) in known:
            continue
        reason = _reason(event)
        if reason not in seen:
            seen.add(reason)
            yield Gap("observations.python", reason, "seeds, settings and lines of Python are not known for it")


def _reason(event: Event) -> str:
    name = PurePosixPath(str(event.get("path", ""))).name
    options = event.get("python")
    # the supervisor leaves the values of -W and -X out
    listed = [str(option) for option in options if option not in {"-W", "-X"}] if isinstance(options, list) else []
    option = switched_off([name, *listed])
    return f"{name} was started with {option}" if option else f"{name} ran without the agent"
