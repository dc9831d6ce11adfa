"""All keys of the room that one is in, what the marks mean, and the words of the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from reprocheck.tui.state.query import KEYS
from reprocheck.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from reprocheck.tui.main import TriageApp

_MARKS = (
    ("E W n", "error, warning, note"),
    ("=", "accepted"),
    ("x", "false positive"),
    ("+", "fixed"),
    ("s k", "suppressed in the source, known to the baseline"),
    ("•", "marked, or in the open range"),
    ("= ≈ ? ≠", "identical, equivalent, inconclusive, divergent"),
)


class HelpScreen(ModalScreen[None]):
    """Help."""

    app: TriageApp
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "close", "close", show=False)]

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        """`keys` with what each does."""
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """A page to scroll."""
        yield Static("Help — escape closes it", id="help-title")
        yield Pane(id="help")

    def on_mount(self) -> None:
        """Fill it."""
        page = Table.grid(padding=(0, 2))
        page.add_column(no_wrap=True, style="bold")
        page.add_column()
        for title, rows in (("Keys", self._keys), ("Marks", _MARKS), ("Filter", _filter_rows())):
            page.add_row(Text(title, "underline"), "")
            for name, said in rows:
                page.add_row(Text(name), Text(said))
            page.add_row("", "")
        pane = self.query_one(Pane)
        pane.read(page)
        pane.focus()

    def action_close(self) -> None:
        """Back."""
        self.dismiss()


def _filter_rows() -> list[tuple[str, str]]:
    rows = [(f"{key}:", said) for key, said in KEYS.items()]
    return [*rows, ("a,b", "one of them is enough"), ("-word", "leaves out"), ('"two words"', "free text")]
