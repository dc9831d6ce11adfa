"""Asks for one line of text at the foot of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class _Line(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "earlier", "earlier answer", show=False),
        Binding("escape", "give_up", "cancel", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(compact=True)
        self.earlier: list[str] = []
        self._back = 0

    def restart(self) -> None:
        self.value = ""
        self._back = 0

    def action_earlier(self) -> None:
        """Walk back through what was answered before."""
        if self.earlier:
            self._back = self._back % len(self.earlier) + 1
            self.value = self.earlier[-self._back]
            self.cursor_position = len(self.value)

    def action_give_up(self) -> None:
        self.post_message(Prompt.Answered(None))


class Prompt(Horizontal):
    """A question and a line for the answer; hidden until it asks."""

    class Answered(Message):
        """The answer; None where there is none."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def compose(self) -> ComposeResult:
        """Question and line."""
        yield Static(id="question")
        yield _Line()

    def ask(self, question: str) -> None:
        """Show the question and take the keys."""
        self.query_one("#question", Static).update(question, layout=True)
        line = self.query_one(_Line)
        line.restart()
        self.display = True
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter answers; what was answered can be had again."""
        event.stop()
        text = event.value.strip()
        line = self.query_one(_Line)
        if text:
            line.earlier = [*(answer for answer in line.earlier if answer != text), text]
        self.post_message(self.Answered(text))
