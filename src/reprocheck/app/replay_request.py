"""What to replay and how to judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from reprocheck.config import Config
from reprocheck.model.plan import Executor


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    run: str
    """Id, beginning of an id, name, or `@`."""
    start: Path
    """Where the command was given: the project's store is found from here."""
    environment: Mapping[str, str]
    store: Path | None = None
    executor: Executor = Executor.SAME
    times: int = 1
    tolerances: tuple[str, ...] = ()
    tolerances_from: str = ""
    """Where they are written, for a message about them; empty for the command line."""
    outputs: tuple[str, ...] = ()
    """Patterns that count instead of the recorded ones."""
    usual_outputs: tuple[str, ...] = ()
    """Patterns for a run that was recorded without any."""
    against: str = ""
    """Run whose results are compared with; empty for the run's own."""
    seconds: float | None = None
    """Time that one repetition may take; None for no limit."""
    keep: bool = False
    wheels: tuple[Path, ...] = ()
    """Folders of wheels that a rebuilt environment may use."""
    offline: bool = False
    """Whether a rebuilt environment does without a package index."""
    image: str = ""
    """Image that a container begins with; empty for the recorded one, else Python's own."""
    findings: Config | None = None
    """Configuration of the project whose findings may explain a divergence; None to look for none."""
    tool_version: str = "0"


Progress = Callable[[str], None]
"""Called with what is being done."""
