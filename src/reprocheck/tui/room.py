"""What the rooms share: a list, and beside it what the cursor is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from reprocheck.tui.services import Services
from reprocheck.tui.state.lines import Lines
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from reprocheck.tui.main import TriageApp


class Room(Screen[None]):
    """Two halves: a list, and one of its lines in full."""

    app: TriageApp

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self._rest: Timer | None = None

    def halves(self, lines: Lines) -> ComposeResult:
        """List and pane; the pane has a head."""
        with Container(id="halves"):
            yield VirtualList(lines, id="list")
            with Vertical(id="detail"):
                yield Static(id="head")
                yield Pane(id="pane")

    def hints(self) -> Sequence[tuple[str, str]]:
        """What can be done, by the id of the action; the most important first and help last."""
        raise NotImplementedError

    def look(self) -> None:
        """Show what the cursor is on."""
        raise NotImplementedError

    def trouble(self, message: str) -> None:
        """Say what went wrong."""
        self.notify(message, severity="error", timeout=12, markup=False)

    def on_unmount(self) -> None:
        """A timer that fires later would find nothing."""
        self.rested()

    def rested(self) -> bool:
        """Wait no longer for the cursor to rest; whether it was waited for."""
        waiting = self._rest is not None
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        return waiting

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        """Show what the cursor is on once it rests."""
        self.rested()
        self._rest = self.set_timer(self.services.rest, self.look)

    def focus_list(self) -> None:
        """Keys go to the list."""
        self.set_focus(self.query_one(VirtualList))

    def action_other_side(self) -> None:
        """Keys go to the other half."""
        pane, lines = self.query_one(Pane), self.query_one(VirtualList)
        self.set_focus(lines if pane.has_focus else pane)

    def action_zoom(self) -> None:
        """The pane alone, or both halves again."""
        self.toggle_class("zoomed")
        self.set_focus(self.query_one(Pane) if self.has_class("zoomed") else self.query_one(VirtualList))
