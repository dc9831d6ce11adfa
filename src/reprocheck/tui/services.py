"""What the interface works with: handed in, so that tests and benchmarks can hand in something else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reprocheck.app.put_back import Contents
from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.show_source import Sources
from reprocheck.model.finding import Finding
from reprocheck.tui.jobs.frames import Received
from reprocheck.tui.jobs.requests import Spot
from reprocheck.tui.runs import Runs
from reprocheck.tui.state.decisions import Ledger


class Preview(Protocol):
    """What a fix would change."""

    @property
    def patch(self) -> str:
        """In git's notation; empty where nothing can be done."""
        ...

    @property
    def refused(self) -> str:
        """Why nothing can be done."""
        ...


class Work(Protocol):
    """Work that goes on elsewhere."""

    def frames(self) -> AsyncIterator[Received]:
        """What it has to say, until it is through."""
        ...

    def cancel(self) -> None:
        """Stop it; its frames end by themselves."""
        ...

    async def end(self) -> None:
        """Stop it and wait until it has tidied up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One project."""

    root: Path
    sources: Sources
    scan: Callable[[], Work]
    """Begins a scan; with `--watch` one that goes on."""
    preview: Callable[[Finding], Preview]
    """What the fix of a finding would change; takes a moment."""
    repair: Callable[[frozenset[Spot], bool], Work]
    """Begins to carry out fixes; whether some are of findings that a rule is not sure of is said with it."""
    put_back: Callable[[Contents, Contents], None]
    """Turns files that are as in the first into the second; raises UsageError."""
    runs: Runs
    replay: Callable[[ReplayRequest], Work]
    """Begins a replay."""
    ledger: Ledger | None
    """None where nothing may be decided."""
    editor: tuple[str, ...]
    """Command of the user's editor."""
    read_only: bool = False
    watching: bool = False
    query: str = "state:open "
    """The filter to begin with."""
    rest: float = 0.06
    """Seconds that a cursor rests before what is under it is shown."""
    preferences: str = ""
    """Text of the user's file of keys and theme."""
    theme: str = ""
    """Where the user has said none; empty for textual's own."""
