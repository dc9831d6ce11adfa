"""The room of runs: replay them, stop that, and hold them against each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from reprocheck.model.plan import Executor
from reprocheck.model.replay import Replay
from reprocheck.store.errors import StoreError
from reprocheck.tui.compare_screen import Compared, CompareScreen
from reprocheck.tui.jobs.frames import Progress, Refused, Replayed
from reprocheck.tui.runs_view import RunsView
from reprocheck.tui.services import Services, Work
from reprocheck.tui.state.tree import of_differences, of_runs
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

_STOPPING = (("runs.cancel", "stop"),)
_REPLAYING = (("runs.replay", "replay"),)
_HINTS = (
    ("runs.next_view", "tabs"),
    ("runs.compare", "compare"),
    ("runs.mark", "mark"),
    ("runs.open", "open"),
    ("app.findings", "findings"),
    ("runs.reload", "look again"),
    ("app.quit", "quit"),
    ("app.help", "help"),
)
_MOST_TIMES = 1000


class RunsScreen(RunsView):
    """Runs, and what to do with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "replay", "replay", id="runs.replay"),
        Binding("x", "cancel", "stop the replay", id="runs.cancel"),
        Binding("space", "mark", "mark for comparing", id="runs.mark"),
        Binding("c", "compare", "compare", id="runs.compare"),
        Binding("enter", "open", "open", id="runs.open"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._work: Work | None = None

    def hints(self) -> Sequence[tuple[str, str]]:
        """To replay comes first, or to stop it."""
        acting = () if self.services.read_only else (_STOPPING if self._work is not None else _REPLAYING)
        return (*acting, *_HINTS)

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """What a replay found; or the run as large as the screen."""
        entry = self.lines.current
        if entry is not None and entry.replay is not None:
            self.run_worker(self._open_replay(entry.replay), group="open")
        else:
            self.action_zoom()

    async def _open_replay(self, replay: Replay) -> None:
        if not replay.repetitions:
            self.trouble(f"nothing was run: {replay.verdict.reason}")
            return
        worst = max(replay.repetitions, key=lambda repetition: repetition.comparison.verdict.outcome.rank)
        try:
            record = await asyncio.to_thread(self.services.runs.record, replay.run)
        except StoreError as error:
            self.trouble(str(error))
            return
        compared = Compared(
            title=f"{replay.verdict.label}: {replay.verdict.reason}",
            names=("recorded", "replayed"),
            roots=of_differences(worst.comparison.differences),
            curves=worst.curves,
            replay=replay,
            record=record,
        )
        self.app.push_screen(CompareScreen(self.services, compared))

    def action_mark(self) -> None:
        """Mark the run that another one is to be held against."""
        entry = self.lines.current
        if entry is not None:
            self.lines.marked = "" if self.lines.marked == entry.run.id else entry.run.id
            self.query_one(VirtualList).renew()

    def action_compare(self) -> None:
        """Hold the run under the cursor against the marked one, else against the run before it."""
        entry = self.lines.current
        if entry is None:
            return
        runs = [other.run.id for other in self.lines.entries if other.replay is None]
        here = runs.index(entry.run.id)
        other = self.lines.marked or (runs[here + 1] if here + 1 < len(runs) else "")
        if not other or other == entry.run.id:
            self.notify("mark another run with space, and press c here", severity="warning")
            return
        self.run_worker(self._compare(other, entry.run.id), group="open")

    async def _compare(self, first: str, second: str) -> None:
        runs = self.services.runs
        try:
            found = await asyncio.to_thread(runs.differences, first, second)
            curves = await asyncio.to_thread(runs.curves, first, second)
        except StoreError as error:
            self.trouble(str(error))
            return
        summary = {entry.run.id: entry.run for entry in self.lines.entries}
        names = (summary[first].name or first[:14], summary[second].name or second[:14])
        same = f"{found.same_inputs:,} inputs and {found.same_outputs:,} outputs are the same"
        compared = Compared(title=f"{names[0]} | {names[1]}: {same}", names=names, roots=of_runs(found), curves=curves)
        self.app.push_screen(CompareScreen(self.services, compared))

    def action_replay(self) -> None:
        """Ask where and how often."""
        if self.services.read_only:
            self.notify("nothing is replayed with --read-only", severity="warning")
        elif self._work is not None:
            self.notify("a replay is going on; x stops it", severity="warning")
        elif self.lines.current is not None:
            run = self.lines.current.run.id
            usual = (self.services.runs.config.replay_in, self.services.runs.config.replay_times)
            question = f"replay where, how often? same, venv, docker; enter is `{usual[0]} {usual[1]}` "
            then = partial(self._begin_replay, run, usual)
            self.query_one(Prompt).ask(question, then, self.query_one(VirtualList))

    def _begin_replay(self, run: str, usual: tuple[str, int], text: str) -> None:
        wish = _wish(text, usual)
        if wish is None:
            self.notify("that is `same`, `venv` or `docker`, and a number, such as `venv 3`", severity="warning")
        else:
            self.run_worker(self._replay(run, *wish), group="replay")

    async def _replay(self, run: str, executor: str, times: int) -> None:
        """Follow a replay to its verdict."""
        work = self._work = self.services.replay(self.services.runs.request(run, executor, times))
        self.status = "replaying"
        self.say()
        done = ""
        try:
            async for frame in work.frames():
                match frame:
                    case Progress():
                        self.status = f"replaying: {frame.text}"
                    case Replayed():
                        done = frame.replay.id
                        verdict = frame.replay.verdict
                        if self.app.screen is not self:  # here the list has it at once
                            self.notify(f"{verdict.label}: {verdict.reason}", title="replay", timeout=10, markup=False)
                    case Refused():
                        self.trouble(frame.message)
                self.say()
        finally:
            await work.end()
            self._work = None
            self.status = ""
        self.say()
        await self.load(run, done)

    def action_cancel(self) -> None:
        """Stop the replay; what it laid out goes away."""
        if self._work is not None:
            self._work.cancel()
            self.status = "stopping"
            self.say()


def _wish(text: str, usual: tuple[str, int]) -> tuple[str, int] | None:
    """Where and how often, in either order, as usual where it isn't said; None for anything else."""
    executor, times = usual
    for word in text.split():
        if word in set(Executor):
            executor = word
        elif word.isdecimal() and 1 <= int(word) <= _MOST_TIMES:
            times = int(word)
        else:
            return None
    return executor, times
