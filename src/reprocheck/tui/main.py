"""The interface as a program."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, SuspendNotSupported
from textual.binding import Binding, BindingType

from reprocheck.tui.findings_screen import FindingsScreen
from reprocheck.tui.services import Services


class TriageApp(App[None]):
    """Rooms: findings and runs."""

    CSS_PATH = "triage.tcss"
    TITLE = "reprocheck"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012 — textual's declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", id="app.quit"),
        Binding("question_mark", "help", "help", id="app.help"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services

    def on_mount(self) -> None:
        """Begin with the findings."""
        self.push_screen(FindingsScreen(self.services))

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
