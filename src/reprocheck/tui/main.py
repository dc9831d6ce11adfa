"""The interface as a program."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import deque
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.app import App, SuspendNotSupported, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from reprocheck.tui.compare_screen import CompareScreen
from reprocheck.tui.findings_list import FindingsList
from reprocheck.tui.findings_screen import FindingsScreen
from reprocheck.tui.findings_view import FindingsView
from reprocheck.tui.help_screen import HelpScreen
from reprocheck.tui.room import Room
from reprocheck.tui.runs_screen import RunsScreen
from reprocheck.tui.runs_view import RunsView
from reprocheck.tui.services import Services
from reprocheck.tui.state.keymap import read_preferences
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.virtual_list import VirtualList

_PATIENCE = 0.3
"""Seconds after which a key that nobody answered holds up no other."""
_SIGNAL_CODE = 128
"""What shells add to the number of a signal."""


class TriageApp(App[None]):
    """Rooms: findings and runs."""

    CSS_PATH = "triage.tcss"
    TITLE = "reprocheck"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]  # noqa: RUF012 — textual's declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "room('findings')", "findings", id="app.findings"),
        Binding("2", "room('runs')", "runs", id="app.runs"),
        Binding("colon,ctrl+p", "command_palette", "all commands", id="app.commands"),
        Binding("T", "change_theme", "another theme", id="app.theme"),
        Binding("question_mark", "help", "help", id="app.help"),
        Binding("q", "quit", "quit", id="app.quit", priority=False),
    ]

    class KeyDone(Message):
        """Follows a key on its way."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._key_under_way = False
        self._keys: deque[events.Key] = deque()
        self._patience: Timer | None = None
        self.services = services
        self.findings = FindingsScreen(services)
        self.runs = RunsScreen(services)
        self._shortcuts = _shortcuts()
        preferences = read_preferences(services.preferences, self._shortcuts, self.available_themes)
        self._problems = preferences.problems
        self._shortcuts.update(preferences.keys)
        self.set_keymap(dict(preferences.keys))
        if theme := preferences.theme or services.theme:
            self.theme = theme

    def on_mount(self) -> None:
        """Begin with the findings."""
        self.install_screen(self.findings, "findings")
        self.install_screen(self.runs, "runs")
        self.push_screen(self.findings)
        for problem in self._problems:
            self.notify(problem, severity="warning", timeout=12, markup=False)
        if not self.is_headless:
            for number in (signal.SIGHUP, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._end_by, number)

    async def on_event(self, event: events.Event) -> None:
        """One key after the other: each is about what the one before it has brought.

        Keys go to what has the focus when they arrive, and are acted upon some messages later; those that are pasted or
        typed while the machine is busy would else go to where the focus was before.
        """
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_under_way:
            self._keys.append(event)
        else:
            self._key_under_way = True
            target = self.focused or self.screen
            await super().on_event(event)
            # It takes the way of the key, behind it. What is gone by then lets nobody wait for long.
            target.post_message(self.KeyDone())
            self._patience = self.set_timer(_PATIENCE, self._next_key)

    async def on_triage_app_key_done(self) -> None:
        """The key has been acted upon."""
        await self._next_key()

    async def _next_key(self) -> None:
        if self._patience is not None:
            self._patience.stop()
        self._key_under_way = False
        if self._keys:
            await self.on_event(self._keys.popleft())

    def _end_by(self, number: signal.Signals) -> None:
        """The terminal is closed, or somebody wants us to go: what was decided is kept first."""
        self.run_worker(self._leave(_SIGNAL_CODE + number))

    async def _leave(self, code: int) -> None:
        await self.findings.deciding.written()
        self.exit(return_code=code)

    async def action_quit(self) -> None:
        """Leave once everything that was decided is kept."""
        await self._leave(0)

    def key(self, action: str) -> str:
        """How the key of an action is written, such as `a` or `^p`."""
        return self.get_key_display(Binding(self._shortcuts[action].split(",")[0], "", ""))

    def action_room(self, name: str) -> None:
        """Go to a room; what was open above it closes, and what it showed is still there."""
        room: Screen[None] = {"findings": self.findings, "runs": self.runs}[name]
        if room in self.screen_stack:
            while self.screen is not room:
                self.pop_screen()
        else:
            self.push_screen(room)

    def action_help(self) -> None:
        """Keys, marks, filter."""
        seen: dict[str, list[str]] = {}
        ranks: dict[str, int] = {}
        first = [action for action, _ in self.screen.hints()] if isinstance(self.screen, Room) else []
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if binding.id is not None and binding.description:
                seen.setdefault(binding.description, []).append(self.get_key_display(binding.with_key(key)))
                ranks[binding.description] = first.index(binding.id) if binding.id in first else len(first)
        # What is named at the foot of the screen is what one is most likely to look for.
        ordered = sorted(seen.items(), key=lambda item: ranks[item[0]])
        self.push_screen(HelpScreen([(" ".join(keys), said) for said, keys in ordered]))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that a key does here can be looked up by its name."""
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id is None or binding.action in seen or not binding.description:
                continue
            seen.add(binding.action)

            async def act(node: DOMNode = active.node, action: str = binding.action) -> None:
                await self.run_action(action, node)

            yield SystemCommand(binding.description, f"{self.key(binding.id)}", act)

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


def _shortcuts() -> dict[str, str]:
    """Keys by the id of what they do, over all rooms."""
    classes: tuple[type[DOMNode], ...] = (
        TriageApp, FindingsList, FindingsView, FindingsScreen, RunsView, RunsScreen, CompareScreen, VirtualList, Pane,
    )  # fmt: skip
    bindings = [binding for one in classes for binding in one.BINDINGS if isinstance(binding, Binding)]
    return {binding.id: binding.key for binding in bindings if binding.id is not None}
