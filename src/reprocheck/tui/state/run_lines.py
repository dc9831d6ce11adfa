"""Runs and what replays have said of them, one line each; the last run first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from reprocheck.model.comparison import Outcome
from reprocheck.model.record import RunState, RunSummary
from reprocheck.model.replay import Replay
from reprocheck.report.run_words import command_text, duration_text
from reprocheck.report.visible import visible
from reprocheck.tui.state.lines import Part, Role, fitted

_OUTCOMES: dict[Outcome, tuple[str, Role]] = {
    Outcome.IDENTICAL: ("=", "good"),
    Outcome.EQUIVALENT: ("≈", "good"),
    Outcome.INCONCLUSIVE: ("?", "warning"),
    Outcome.DIVERGENT: ("≠", "error"),
}
_NAME = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A run, or one of its replays."""

    run: RunSummary
    replay: Replay | None = None


class RunLines:
    """The list of runs."""

    def __init__(self, runs: Sequence[RunSummary], replays: Mapping[str, Sequence[Replay]]) -> None:
        """`runs` come in the order of their start, `replays` by run, oldest first."""
        self.entries: list[Entry] = []
        for run in reversed(runs):
            self.entries.append(Entry(run))
            self.entries += [Entry(run, replay) for replay in reversed(replays.get(run.id, ()))]
        self.cursor = 0
        self.marked = ""
        """Id of the run that another one is held against."""

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def current(self) -> Entry | None:
        """What the cursor is on."""
        return self.entries[self.cursor] if self.entries else None

    def move(self, lines: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + lines, len(self.entries) - 1))

    def chosen(self, line: int) -> bool:
        """Whether it is the run that another is held against."""
        entry = self.entries[line]
        return entry.replay is None and entry.run.id == self.marked

    def find(self, run: str, replay: str = "") -> bool:
        """Put the cursor on a run or a replay; False where it isn't listed."""
        for line, entry in enumerate(self.entries):
            if entry.run.id == run and (entry.replay.id if entry.replay else "") == replay:
                self.cursor = line
                return True
        return False

    def parts(self, line: int, width: int) -> list[Part]:
        """A run or a replay."""
        entry = self.entries[line]
        return _run(entry.run, width) if entry.replay is None else _replay(entry.replay, width)


def _run(run: RunSummary, width: int) -> list[Part]:
    mark, role = _end(run)
    took = duration_text(run.duration) if run.duration is not None else "-"
    name = visible(run.name) or run.id[:14]
    parts: list[Part] = [
        (fitted(mark, 10) + " ", role),
        (fitted(name, _NAME) + " ", "code"),
        (f"{took:>12} ", "dim"),
    ]
    if run.gaps:
        parts.append((f"{run.gaps} gap{'s' if run.gaps > 1 else ''} ", "warning"))
    used = sum(cell_len(text) for text, _ in parts)
    parts.append((fitted(run.problem or command_text(run.command), max(0, width - used)), "text"))
    return parts


def _replay(replay: Replay, width: int) -> list[Part]:
    mark, role = _OUTCOMES[replay.outcome]
    times = len(replay.repetitions)
    said = f"{replay.verdict.label} in {replay.executor}" + (f", {times} times" if times > 1 else "")
    parts: list[Part] = [("  ↳ ", "dim"), (f"{mark} ", role), (said, role)]
    used = 6 + cell_len(said) + 2
    parts.append(("  " + fitted(replay.verdict.reason, max(0, width - used)).rstrip(), "dim"))
    return parts


def _end(run: RunSummary) -> tuple[str, Role]:
    match run.state:
        case RunState.RUNNING:
            return "running", "note"
        case RunState.DAMAGED:
            return "damaged", "error"
        case RunState.ABANDONED:
            return "abandoned", "warning"
    code = run.exit_code
    return (f"exit {code}", "good" if code == 0 else "error") if code is not None else ("ended", "warning")
