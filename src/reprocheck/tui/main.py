"""The interface as a program."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType

from reprocheck.tui.findings_screen import FindingsScreen
from reprocheck.tui.runs_screen import RunsScreen
from reprocheck.tui.services import Services


class TriageApp(App[None]):
    """Rooms: findings and runs."""

    CSS_PATH = "triage.tcss"
    TITLE = "reprocheck"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012 — textual's declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", id="app.quit"),
        Binding("1", "room('findings')", "findings", id="app.findings"),
        Binding("2", "room('runs')", "runs", id="app.runs"),
        Binding("question_mark", "help", "help", id="app.help"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services

        self.findings = FindingsScreen(services)
        self.runs = RunsScreen(services)

    def on_mount(self) -> None:
        """Begin with the findings."""
        self.install_screen(self.findings, "findings")
        self.install_screen(self.runs, "runs")
        self.push_screen(self.findings)

    def action_room(self, name: str) -> None:
        """Go to a room; what was open above it closes, and what it showed is still there."""
        room = {"findings": self.findings, "runs": self.runs}[name]
        if self.screen is room:
            return
        if room in self.screen_stack:
            while self.screen is not room:
                self.pop_screen()
        else:
            self.push_screen(room)

    def edit(self, command: Sequence[str]) -> None:
        """Give the terminal to an editor, and take it back."""
        try:
            with self.suspend():
                subprocess.run(command, check=False)  # noqa: S603 — the user's own editor
        except SuspendNotSupported:
            self.notify("this terminal can't be lent to an editor", severity="error")
        except OSError as error:
            self.notify(f"{command[0]}: {error.strerror}; set EDITOR", severity="error", markup=False)

    @property
    def code_theme(self) -> str:
        """Colours of code that go with the theme."""
        theme = self.current_theme
        if theme.ansi:
            return "ansi_dark" if theme.dark else "ansi_light"
        return "monokai" if theme.dark else "friendly"
