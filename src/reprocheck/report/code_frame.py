"""Source lines with numbers and an underline that stands exactly under what it marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.cells import cell_len
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprocheck.model.finding import Severity
    from reprocheck.model.place import Excerpt
    from reprocheck.report.paint import Paint

TAB = 4
"""Tab stops, in cells."""
LEAD = 12
"""Cells kept before a mark that stands too far to the right for the window."""


class ShownLine:
    """A line as it appears: tabs widened, unsafe characters spelled out, and where each source character went."""

    __slots__ = ("_starts", "text")

    def __init__(self, source: str, *, unicode: bool, lead: str = "") -> None:
        """`source` is one line, without its end; `lead` is put before it and stands for characters cut off."""
        self._starts: Sequence[int]
        if source.isascii() and source.isprintable():
            self.text = lead + source
            self._starts = range(len(lead), len(self.text) + 1)
        else:
            self.text, self._starts = _spelled_out(source, lead, unicode=unicode)

    def cells_before(self, column: int) -> int:
        """Terminal cells left of a source column, from 1; columns behind the line's end count one cell each."""
        last = len(self._starts)
        beyond = max(0, column - last)
        return cell_len(self.text[: self._starts[min(column, last) - 1]]) + beyond

    def window(self, left: int, room: int, ellipsis: str) -> str:
        """The text between two cells, an ellipsis standing for what is cut off at either side."""
        if left == 0 and cell_len(self.text) <= room:
            return self.text
        edges = [cell_len(self.text[:index]) for index in range(len(self.text) + 1)]
        if edges[-1] <= left:
            return ellipsis if self.text.strip() else ""
        before = ellipsis if left else ""
        after = ellipsis if edges[-1] > left + room else ""
        begin, end = left + len(before), left + room - len(after)
        inside = [index for index, edge in enumerate(edges[:-1]) if edge >= begin and edges[index + 1] <= end]
        if not inside:
            return before or after
        # Half of a wide character can't be shown: a gap keeps what follows in its column.
        gap = " " * (edges[inside[0]] - begin)
        return f"{before}{gap}{self.text[inside[0] : inside[-1] + 1]}{after}"


def _spelled_out(source: str, lead: str, *, unicode: bool) -> tuple[str, list[int]]:
    """The text shown for a line, and the index in it of every source character and of the line's end."""
    text, starts = lead, []
    for character in source:
        starts.append(len(text))
        text += " " * (TAB - cell_len(text) % TAB) if character == "\t" else visible(character, unicode=unicode)
    return text, [*starts, len(text)]


def marked_line(excerpt: Excerpt) -> str:
    """The marked line of an excerpt, without its indentation."""
    index = excerpt.line - excerpt.first_line
    return excerpt.lines[index].strip() if 0 <= index < len(excerpt.lines) else ""


def code_frame(excerpt: Excerpt, severity: Severity, paint: Paint, *, width: int, unicode: bool) -> list[str]:
    """Numbered lines of an excerpt, the mark underlined; blank lines at the edges are left out."""
    numbered = _without_blank_edges(excerpt)
    if not numbered:
        return []
    bar = "\N{BOX DRAWINGS LIGHT VERTICAL}" if unicode else "|"
    ellipsis = ellipsis_for(unicode=unicode)
    digits = len(str(numbered[-1][0]))
    room = max(20, width - len("  ") - digits - len(" | "))
    lead = ellipsis if excerpt.dropped else ""
    shown = {number: ShownLine(text, unicode=unicode, lead=lead if text else "") for number, text in numbered}
    marked = shown[excerpt.line]
    start = marked.cells_before(excerpt.column)
    end = max(start + 1, marked.cells_before(excerpt.end_column))
    left = 0 if end <= room else max(0, min(start - LEAD, cell_len(marked.text) - room))
    frame: list[str] = []
    for number, line in shown.items():
        gutter = paint(f"{number:>{digits}} {bar}", "dim")
        frame.append(f"  {gutter} {line.window(left, room, ellipsis)}".rstrip(" "))
        if line is marked:
            carets = "^" * max(1, min(end, left + room) - start)
            under = paint(f"{'':>{digits}} {bar}", "dim")
            frame.append(f"  {under} {' ' * (start - left)}{paint.severity(carets, severity)}")
    return frame


def ellipsis_for(*, unicode: bool) -> str:
    """What stands for text left out."""
    return "\N{HORIZONTAL ELLIPSIS}" if unicode else "..."


def _without_blank_edges(excerpt: Excerpt) -> list[tuple[int, str]]:
    """Numbered lines between the first and the last that aren't blank; none if the marked line isn't there."""
    numbered = list(enumerate(excerpt.lines, excerpt.first_line))
    if excerpt.line not in (number for number, _ in numbered):
        return []
    while not numbered[0][1].strip() and numbered[0][0] != excerpt.line:
        del numbered[0]
    while not numbered[-1][1].strip() and numbered[-1][0] != excerpt.line:
        del numbered[-1]
    return numbered
