"""The room of runs: what ran, whether it happens again, and in what two of them differ."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from reprocheck.model.plan import Executor
from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, Record
from reprocheck.model.replay import Replay
from reprocheck.store.errors import StoreError
from reprocheck.tui.compare_screen import Compared, CompareScreen
from reprocheck.tui.jobs.frames import Progress, Refused, Replayed
from reprocheck.tui.run_text import environment_text, files_text, record_text, series_text, verdict_text
from reprocheck.tui.services import Services, Work
from reprocheck.tui.state.run_lines import RunLines
from reprocheck.tui.state.tree import of_differences, of_runs
from reprocheck.tui.widgets.bars import Hints, Title
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from reprocheck.tui.main import TriageApp

VIEWS = ("record", "environment", "inputs", "outputs", "trace")
"""What is shown of a run, in the order of the tabs."""
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


class RunsScreen(Screen[None]):
    """Runs, one of them in full."""

    app: TriageApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "view(1)", "next tab", id="runs.next_view"),
        Binding("left,h", "view(-1)", "previous tab", id="runs.previous_view"),
        Binding("r", "replay", "replay", id="runs.replay"),
        Binding("x", "cancel", "stop the replay", id="runs.cancel"),
        Binding("space", "mark", "mark for comparing", id="runs.mark"),
        Binding("c", "compare", "compare", id="runs.compare"),
        Binding("enter", "open", "open", id="runs.open"),
        Binding("tab", "other_side", "other side", show=False, id="runs.other_side"),
        Binding("u", "reload", "look again", id="runs.reload"),
        Binding("escape", "back", "back", show=False, id="runs.back"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.lines = RunLines((), {})
        self.view = "record"
        self.status = ""
        self._work: Work | None = None
        self._timer: Timer | None = None
        self._records: dict[str, Record] = {}

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Title(id="title")
        with Container(id="halves"):
            yield VirtualList(self.lines, id="list")
            with Vertical(id="detail"):
                yield Static(id="head")
                yield Pane(id="pane")
        yield Prompt(id="prompt")
        yield Hints(id="hints")

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.set_focus(self.query_one(VirtualList))
        self.action_reload()

    def on_unmount(self) -> None:
        """A timer that fires later would find nothing."""
        if self._timer is not None:
            self._timer.stop()

    def action_reload(self) -> None:
        """Look at the store again."""
        self.run_worker(self._load(), exclusive=True, group="load")

    async def _load(self, run: str = "", replay: str = "") -> None:
        """Read the list; the cursor goes to what is named, else it stays."""
        before, marked = self.lines.current, self.lines.marked
        try:
            self.lines = await asyncio.to_thread(self._read)
        except StoreError as error:
            self.trouble(str(error))
            return
        self.lines.marked = marked
        if run:
            self.lines.find(run, replay)
        elif before is not None:
            self.lines.find(before.run.id, before.replay.id if before.replay else "")
        self.query_one(VirtualList).show(self.lines)
        self.say()

    def _read(self) -> RunLines:
        runs = self.services.runs.all()
        return RunLines(runs, {run.id: self.services.runs.replays(run.id) for run in runs})

    def say(self) -> None:
        """Title and hints."""
        runs = sum(entry.replay is None for entry in self.lines.entries)
        parts = [f"{runs:,} run{'s' if runs != 1 else ''}", *([self.status] if self.status else [])]
        self.query_one(Title).say(parts, self.services.root.name)
        acting = () if self.services.read_only else (_STOPPING if self._work is not None else _REPLAYING)
        self.query_one(Hints).say([(self.app.key(action), said) for action, said in (*acting, *_HINTS)])

    def trouble(self, message: str) -> None:
        """Say what went wrong."""
        self.notify(message, severity="error", timeout=12, markup=False)

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        """Show what the cursor is on once it rests."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(self.services.rest, self.look)

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        self.action_open()

    def on_resize(self) -> None:
        """Plots are as wide as there is room."""
        self._moved()

    def look(self) -> None:
        """Show the run or the replay under the cursor."""
        self.run_worker(self._show(), exclusive=True, group="show")

    async def _show(self) -> None:
        entry = self.lines.current
        head, pane = self.query_one("#head", Static), self.query_one(Pane)
        if entry is None:
            head.update("")
            pane.read(Text("No runs yet. `reprocheck run -- python train.py` records one.", "dim"))
            return
        if entry.replay is not None:
            head.update(Text("Verdict of a replay; enter opens what differs, with the curves", "bold"))
            pane.read(verdict_text(entry.replay))
            return
        tabs = Text()
        for view in VIEWS:
            tabs.append(f"[{view}]" if view == self.view else f" {view} ", "bold reverse" if view == self.view else "")
        head.update(tabs)
        try:
            pane.read(await self._tab(entry.run.id))
        except StoreError as error:
            pane.read(Text(str(error)))

    async def _tab(self, run: str) -> RenderableType:
        size = self.query_one(Pane).size
        if self.view == "trace":
            series = await asyncio.to_thread(self.services.runs.series, run)
            return series_text(series, size.width - 1, size.height)
        if run not in self._records:
            self._records[run] = await asyncio.to_thread(self.services.runs.record, run)
        record = self._records[run]
        match self.view:
            case "environment":
                return environment_text(record)
            case "inputs":
                return files_text(record, INPUT_ROLES, "It read no files but its own code.")
            case "outputs":
                return files_text(record, OUTPUT_ROLES, "It left no files.")
        return record_text(record, size.width - 1)

    def action_view(self, tabs: int) -> None:
        """Another tab."""
        self.view = VIEWS[(VIEWS.index(self.view) + tabs) % len(VIEWS)]
        self.look()

    def action_other_side(self) -> None:
        """Keys go to the other half."""
        pane, lines = self.query_one(Pane), self.query_one(VirtualList)
        self.set_focus(lines if pane.has_focus else pane)

    def action_back(self) -> None:
        """To the list, to both halves, to the findings."""
        if self.has_class("zoomed"):
            self.toggle_class("zoomed")
            self.set_focus(self.query_one(VirtualList))
        elif not self.query_one(VirtualList).has_focus:
            self.set_focus(self.query_one(VirtualList))
        else:
            self.app.action_room("findings")

    def action_open(self) -> None:
        """What a replay found; or the run as large as the screen."""
        entry = self.lines.current
        if entry is not None and entry.replay is not None:
            self.run_worker(self._open_replay(entry.replay), group="open")
        else:
            self.toggle_class("zoomed")
            self.set_focus(self.query_one(Pane if self.has_class("zoomed") else VirtualList))

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
            question = "replay where, how often? same, venv, docker; enter is `same 1` "
            then = partial(self._begin_replay, run)
            self.query_one(Prompt).ask(question, then, self.query_one(VirtualList))

    def _begin_replay(self, run: str, text: str) -> None:
        wish = _wish(text)
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
                        self.notify(f"{verdict.label}: {verdict.reason}", title="replay", timeout=10, markup=False)
                    case Refused():
                        self.trouble(frame.message)
                self.say()
        finally:
            await work.end()
            self._work = None
            self.status = ""
        self.say()
        await self._load(run, done)

    def action_cancel(self) -> None:
        """Stop the replay; what it laid out goes away."""
        if self._work is not None:
            self._work.cancel()
            self.status = "stopping"
            self.say()


def _wish(text: str) -> tuple[str, int] | None:
    """Where and how often, in either order; None for anything else."""
    executor, times = Executor.SAME.value, 1
    for word in text.split():
        if word in set(Executor):
            executor = word
        elif word.isdecimal() and 1 <= int(word) <= _MOST_TIMES:
            times = int(word)
        else:
            return None
    return executor, times
