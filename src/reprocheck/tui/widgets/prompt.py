"""Asks for one line of text at the foot of the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

Answer = Callable[[str], None]


class _Line(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "earlier", "earlier answer", show=False),
        Binding("escape", "give_up", "cancel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(compact=True)
        self.cursor_blink = False  # it would paint twice a second, over slow lines too
        self.answered: Callable[[str | None], None] = lambda _: None
        self._earlier: list[str] = []
        self._back = 0

    def restart(self) -> None:
        """An empty line."""
        self.value = ""
        self._back = 0

    def action_earlier(self) -> None:
        """Walk back through what was answered before."""
        if self._earlier:
            self._back = self._back % len(self._earlier) + 1
            self.value = self._earlier[-self._back]
            self.cursor_position = len(self.value)

    async def action_submit(self) -> None:
        """Answer at once: a key behind this one is about what comes after the answer."""
        text = self.value.strip()
        if text:
            self._earlier = [*(answer for answer in self._earlier if answer != text), text]
        self.answered(text)

    def action_give_up(self) -> None:
        """Leave without an answer."""
        self.answered(None)


class Prompt(Horizontal):
    """A question and a line for the answer; hidden until it asks."""

    def compose(self) -> ComposeResult:
        """Question and line."""
        yield Static(id="question")
        yield _Line()

    def ask(self, question: str, then: Answer, back: Widget) -> None:
        """Show the question and take the keys; `then` gets the answer, unless there is none, and `back` the keys."""

        def answered(text: str | None) -> None:
            self.display = False
            self.screen.set_focus(back)
            if text is not None:
                then(text)

        self.query_one("#question", Static).update(question, layout=True)
        line = self.query_one(_Line)
        line.restart()
        line.answered = answered
        self.display = True
        # At once: `focus` would let a quick second key go to what had the keys before.
        self.screen.set_focus(line)
