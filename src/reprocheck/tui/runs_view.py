"""The room of runs, as far as one only looks: what ran, and what replays have said of it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, Record
from reprocheck.report.summary import plural
from reprocheck.store.errors import StoreError
from reprocheck.tui.room import Room
from reprocheck.tui.run_text import environment_text, files_text, record_text, series_text, verdict_text
from reprocheck.tui.services import Services
from reprocheck.tui.state.run_lines import RunLines
from reprocheck.tui.widgets.bars import Hints, Title
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

VIEWS = ("record", "environment", "inputs", "outputs", "trace")
"""What is shown of a run, in the order of the tabs."""


class RunsView(Room):
    """Runs, one of them in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "view(1)", "next tab", id="runs.next_view"),
        Binding("left,h", "view(-1)", "previous tab", id="runs.previous_view"),
        Binding("tab", "other_side", "other side", show=False, id="runs.other_side"),
        Binding("u", "reload", "look again", id="runs.reload"),
        Binding("escape", "back", "back", show=False, id="runs.back"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.lines = RunLines((), {})
        self.view = "record"
        self.status = ""
        self._records: dict[str, Record] = {}

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Title(id="title")
        yield from self.halves(self.lines)
        yield Prompt(id="prompt")
        yield Hints(id="hints")

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.focus_list()
        self.action_reload()

    def action_reload(self) -> None:
        """Look at the store again."""
        self.run_worker(self.load(), exclusive=True, group="load")

    async def load(self, run: str = "", replay: str = "") -> None:
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
        parts = [plural(runs, "run"), *([self.status] if self.status else [])]
        self.query_one(Title).say(parts, self.services.root.name)
        self.query_one(Hints).say([(self.app.key(action), said) for action, said in self.hints()])

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

    def action_back(self) -> None:
        """To the list, to both halves, to the findings."""
        if self.has_class("zoomed"):
            self.action_zoom()
        elif not self.query_one(VirtualList).has_focus:
            self.focus_list()
        else:
            self.app.action_room("findings")
