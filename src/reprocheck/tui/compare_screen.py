"""Two sides held against each other: a tree of what differs, the curves, and the way to findings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from reprocheck.app.explain_divergence import Seen, explaining, inside, leads, nearest
from reprocheck.model.comparison import Curve
from reprocheck.model.record import Record
from reprocheck.model.replay import Replay
from reprocheck.report.visible import visible
from reprocheck.tui.room import Room
from reprocheck.tui.run_text import causes_text, curves_text
from reprocheck.tui.services import Services
from reprocheck.tui.state.tree import Node, TreeLines
from reprocheck.tui.widgets.bars import Hints, Title
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.virtual_list import VirtualList

_EXPLAINING = (("compare.findings", "findings that may explain it"), ("compare.why", "causes"))
_HINTS = (
    ("compare.open", "open"),
    ("compare.close", "close"),
    ("compare.curves", "curves"),
    ("compare.back", "back"),
    ("app.help", "help"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is shown."""

    title: str
    names: tuple[str, str]
    """What the sides are called."""
    roots: list[Node]
    curves: Sequence[Curve]
    replay: Replay | None = None
    """Set for a replay: only that knows what else was not the same."""
    record: Record | None = None


class CompareScreen(Room):
    """Differences, one of them in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "fold(True)", "open", id="compare.open"),
        Binding("left,h", "fold(False)", "close", id="compare.close"),
        Binding("enter", "open_or_close", "open or close", id="compare.toggle"),
        Binding("t", "curves", "curves", id="compare.curves"),
        Binding("f", "findings", "findings that may explain it", id="compare.findings"),
        Binding("w", "why", "causes", id="compare.why"),
        Binding("tab", "other_side", "other side", show=False, id="compare.other_side"),
        Binding("escape", "back", "back", id="compare.back"),
    ]

    def __init__(self, services: Services, compared: Compared) -> None:
        super().__init__(services)
        self.compared = compared
        self.lines = TreeLines(compared.roots)
        self.view = "curves" if compared.curves else "node"

    def again(self) -> CompareScreen:
        """The same, at the same difference: a screen that was left can't be shown once more."""
        screen = CompareScreen(self.services, self.compared)
        screen.lines, screen.view = self.lines, self.view
        return screen

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Title(id="title")
        yield from self.halves(self.lines)
        yield Hints(id="hints")

    def on_mount(self) -> None:
        """Keys go to the tree."""
        self.focus_list()
        self.query_one(VirtualList).renew()
        self.query_one(Title).say([self.compared.title], "")
        self.query_one(Hints).say([(self.app.key(action), said) for action, said in self.hints()])

    def hints(self) -> Sequence[tuple[str, str]]:
        """Only a replay can be explained."""
        return (*(_EXPLAINING if self.compared.replay is not None else ()), *_HINTS)

    def on_resize(self) -> None:
        """Plots are as wide as there is room."""
        self.call_after_refresh(self.show)

    def look(self) -> None:
        """Curves stay while one looks around in the tree."""
        if self.view != "curves":
            self.view = "node"
        self.show()

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        self.action_open_or_close()

    def show(self) -> None:
        """Curves, causes, or what the cursor is on."""
        head, pane = self.query_one("#head", Static), self.query_one(Pane)
        match self.view:
            case "curves":
                head.update(Text("Curves; t goes back to the difference", "bold"))
                pane.read(self._curves())
            case "why" if self.compared.replay is not None:
                head.update(Text("What else was not the same; w goes back to the difference", "bold"))
                pane.read(causes_text(self.compared.replay))
            case _:
                node = self.lines.current
                head.update(Text(visible(node.name) if node is not None else "Nothing differs.", "bold"))
                pane.read(_node_text(node, self.compared.names) if node is not None else "")

    def _curves(self) -> RenderableType:
        size = self.query_one(Pane).size
        if not self.compared.curves:
            return Text("There are no curves, or they agree.", "dim")
        return curves_text(self.compared.curves, size.width - 1, size.height, self.compared.names)

    def action_fold(self, opened: bool) -> None:  # noqa: FBT001 — textual passes it by position
        """Open or close."""
        self.lines.fold(opened=opened)
        self.query_one(VirtualList).renew()

    def action_open_or_close(self) -> None:
        """Open what is closed, and the other way round."""
        node = self.lines.current
        if node is not None and node.children:
            self.action_fold(not node.open)
        elif node is not None:
            self.view = "node"
            self.show()

    def action_curves(self) -> None:
        """The curves, or the difference again."""
        self.view = "node" if self.view == "curves" else "curves"
        self.show()

    def action_why(self) -> None:
        """What else was not the same."""
        self.view = "node" if self.view == "why" else "why"
        self.show()

    def action_back(self) -> None:
        """Where one came from."""
        self.app.pop_screen()

    def action_findings(self) -> None:
        """Go to the findings that may explain it."""
        replay, record = self.compared.replay, self.compared.record
        if replay is None or record is None:
            self.notify("only a replay knows what else was not the same; r replays a run", severity="warning")
            return
        self.run_worker(self._explain(replay, record), exclusive=True)

    async def _explain(self, replay: Replay, record: Record) -> None:
        # Only who asks for it waits for what it imports.
        from reprocheck.app.explain_replay import root_in

        table = self.app.findings.listing.table
        followed = leads(replay, record)
        prefix = root_in(record, self.services.runs.config) or PurePosixPath()
        columns = zip(table.codes, table.paths, table.lines, table.messages, strict=True)
        seen = (Seen(code, inside(path, prefix), line, message) for code, path, line, message in columns)
        found = nearest(await asyncio.to_thread(explaining, seen, followed))
        if not found:
            what = "; ".join(lead.what for lead in followed) or "nothing else was seen to differ"
            self.notify(f"no finding explains it: {what}", severity="warning", timeout=8, markup=False)
            return
        self.app.pop_screen()
        self.app.action_room("findings")
        self.app.findings.narrow({one.index: "; ".join(one.what) for one in found}, (self.app.runs, self.again()))


def _node_text(node: Node, names: tuple[str, str]) -> RenderableType:
    text = Text()
    if node.outcome:
        text.append(f"{node.outcome}\n", "bold")
    if node.said:
        text.append(f"{visible(node.said)}\n")
    for name, value in zip(names, (node.left, node.right), strict=True):
        if value:
            text.append(f"\n{name}\n", "bold")
            text.append(f"  {visible(value)}\n")
    for note in node.notes:
        text.append(f"\nnote: {visible(note)}\n", "dim")
    return Group(text)
