"""How wide text is on a terminal."""

from __future__ import annotations


def cell_len(text: str) -> int:
    """Terminal cells of text without control characters: East Asian characters and emoji take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len as rich_cell_len  # rich is loaded only when text asks for it

    return rich_cell_len(text)
