"""Where something stands in a file."""

from __future__ import annotations

import msgspec


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of text in one file; lines and columns count from 1, columns count characters."""

    line: int
    """First line."""
    column: int
    """Column of the first character."""
    end_line: int
    """Last line."""
    end_column: int
    """Column just behind the last character."""


WHOLE_FILE = Span(1, 1, 1, 1)
"""The span of a finding about a file as a whole."""


class Cell(msgspec.Struct, frozen=True):
    """A place inside a notebook as a person sees it."""

    number: int
    """Position of the cell among all cells of the notebook, from 1."""
    line: int
    """Line inside the cell, from 1."""


class Excerpt(msgspec.Struct, frozen=True):
    """The lines of source shown with a finding, so that reporters never read files."""

    first_line: int
    """Line number of the first line shown (inside the cell for notebooks)."""
    lines: tuple[str, ...]
    """Lines without line ends, tabs kept, over-long lines cut."""
    line: int
    """Line number of the marked line, in the same numbering."""
    column: int
    """First marked column, from 1."""
    end_column: int
    """Column just behind the mark on that line; greater than `column`."""
    dropped: int = 0
    """Characters cut from the left of every line, for lines that are too long to show."""


class Place(msgspec.Struct, frozen=True):
    """A span in a file of the scanned tree."""

    path: str
    """POSIX path relative to the scanned root."""
    span: Span
    """For notebooks: lines of the `.ipynb` file."""
    cell: Cell | None = None
    """Set for notebooks only."""
    excerpt: Excerpt | None = None
    """Source around the place; absent where there is none to show."""
