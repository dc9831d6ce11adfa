"""The line at the top that says where one is, and the line at the bottom that says what one can do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

SEPARATOR = "  "


def hints_text(hints: Sequence[tuple[str, str]], width: int) -> Text:
    """As many hints as fit, the most important first; the last one always has its place."""
    text = Text(no_wrap=True, overflow="crop")
    if not hints:
        return text
    *others, last = hints
    room = width - _cells(last)
    for hint in others:
        if _cells(hint) + len(SEPARATOR) > room:
            continue
        room -= _cells(hint) + len(SEPARATOR)
        _add(text, hint)
        text.append(SEPARATOR)
    _add(text, last)
    return text


def _cells(hint: tuple[str, str]) -> int:
    return cell_len(hint[0]) + 1 + cell_len(hint[1])


def _add(text: Text, hint: tuple[str, str]) -> None:
    text.append(hint[0], "bold")
    text.append(f" {hint[1]}")


class Hints(Static):
    """What can be done here, cut to the width of the terminal."""

    hints: Sequence[tuple[str, str]] = ()

    def say(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show other hints."""
        if tuple(hints) != tuple(self.hints):
            self.hints = tuple(hints)
            self.on_resize()

    def on_resize(self) -> None:
        """Fit them in anew."""
        self.update(hints_text(self.hints, self.content_size.width), layout=False)


class Title(Static):
    """Left: where one is. Right: how far one has got."""

    left: tuple[str, ...] = ()
    right: str = ""

    def say(self, left: Sequence[str], right: str) -> None:
        """Show something else; of `left` the first is where one is, in bold."""
        if (tuple(left), right) != (self.left, self.right):
            self.left, self.right = tuple(left), right
            self.on_resize()

    def on_resize(self) -> None:
        """Fit it in anew; the right side is never cut."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for number, part in enumerate(self.left):
            text.append(part, "bold" if number == 0 else "")
            text.append("  ")
        room = max(0, self.content_size.width - cell_len(self.right) - 1)
        text.truncate(room, overflow="ellipsis", pad=True)
        text.append(f" {self.right}")
        self.update(text, layout=False)
