"""The line for the filter: words are completed, and what may stand there is said while one types."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from reprocheck.tui.state.query import completions


class FilterLine(Input):
    """What is typed holds at once."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete the word", show=False)]

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002 — textual's word
        """A letter adds to what stands there: what was narrowed to before would else be lost with it."""
        super().__init__(
            value,
            placeholder="filter: code:RNG sev:warning path:src/ words",
            id=id,
            compact=True,
            select_on_focus=False,
        )
        self.cursor_blink = False  # it would paint twice a second, over slow lines too

    @property
    def offered(self) -> list[str]:
        """Words that the last one may become."""
        return completions(self.value)

    def action_complete(self) -> None:
        """The first word that the last one may become; a word that can become no other is ended."""
        offered = self.offered
        if not offered:
            return
        head, _, last = self.value.rpartition(" ")
        sign = last[:1] if last[:1] in {"-", "!"} else ""
        word = offered[0]
        self.value = f"{head} {sign}{word}".lstrip() + ("" if word.endswith(":") else " ")
        self.cursor_position = len(self.value)
