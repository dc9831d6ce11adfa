"""Lines of text in parts, each with a role; what a role looks like is the theme's affair."""

from __future__ import annotations

from typing import Literal, Protocol

from rich.cells import cell_len, set_cell_size

from reprocheck.report.visible import visible

Role = Literal["text", "error", "warning", "note", "code", "path", "label", "dim", "strong", "good", "heading"]
ROLES: tuple[Role, ...] = (
    "text", "error", "warning", "note", "code", "path", "label", "dim", "strong", "good", "heading",
)  # fmt: skip
Part = tuple[str, Role]
"""Text that is safe on a terminal, and its role."""


class Lines(Protocol):
    """What a list shows; asked for one line at a time, and only for those on the screen."""

    cursor: int

    def __len__(self) -> int: ...

    def parts(self, line: int, width: int) -> list[Part]:
        """The line in at most `width` cells."""
        ...

    def chosen(self, line: int) -> bool:
        """Whether the line is marked or in the open range."""
        ...

    def move(self, lines: int) -> None:
        """Move the cursor, as far as there are lines."""
        ...


def fitted(text: str, width: int) -> str:
    """Text in exactly `width` cells, an ellipsis where it was cut."""
    text = visible(text)
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    return set_cell_size(text, width)


def fitted_left(text: str, width: int) -> str:
    """The same, cut at the left: the end of a path says most."""
    text = visible(text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    kept, room = len(text), max(0, width - 1)
    while kept and cell_len(text[kept - 1 :]) <= room:
        kept -= 1
    return set_cell_size("…" + text[kept:], width) if width > 0 else ""
