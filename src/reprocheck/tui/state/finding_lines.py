"""How a finding reads on one line."""

from __future__ import annotations

from rich.cells import cell_len

from reprocheck.model.finding import Severity
from reprocheck.tui.state.lines import Part, Role, fitted, fitted_left
from reprocheck.tui.state.listing import Grouping, Listing

SEVERITY_MARKS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.NOTE: "n"}
"""A letter beside the colour."""
STATE_MARKS = {"open": " ", "accepted": "=", "false-positive": "x", "fixed": "+", "suppressed": "s", "known": "k"}
"""What stands before a finding that somebody has decided."""
_SEVERITY_ROLES: dict[Severity, Role] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_CODE = 7
_WIDEST_PLACE = 44
_NARROWEST_PLACE = 16


class FindingLines:
    """The lines of a listing."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing

    @property
    def cursor(self) -> int:
        """Line of the cursor."""
        return self.listing.cursor

    @cursor.setter
    def cursor(self, line: int) -> None:
        self.listing.cursor = line

    def __len__(self) -> int:
        return len(self.listing.lines)

    def move(self, lines: int) -> None:
        """Move the cursor."""
        self.listing.move(lines)

    def chosen(self, line: int) -> bool:
        """Whether a decision would take this line in, besides that under the cursor."""
        index = self.listing.lines[line]
        return self.listing.in_range(line) or (index >= 0 and index in self.listing.marks)

    def parts(self, line: int, width: int) -> list[Part]:
        """A heading or a finding."""
        index = self.listing.lines[line]
        return self._heading(-1 - index, width) if index < 0 else self._finding(index, width)

    def _heading(self, number: int, width: int) -> list[Part]:
        group = self.listing.groups[number]
        sign = "▸" if group.key in self.listing.collapsed else "▾"
        states = self.listing.table.states
        still = sum(states[index] == "open" for index in group.members)
        count = f" {len(group.members):,}" + (f", {still:,} open" if still != len(group.members) else "")
        title = fitted_left if self.listing.grouping is Grouping.FILE else fitted
        room = max(0, width - 2 - len(count))
        text = title(group.title, min(room, cell_len(group.title)))
        return [(f"{sign} ", "dim"), (text, "heading"), (count, "dim")]

    def _finding(self, index: int, width: int) -> list[Part]:
        table, grouping = self.listing.table, self.listing.grouping
        severity = table.severities[index]
        state = table.states[index]
        parts: list[Part] = [
            (STATE_MARKS.get(state, "?") + " ", "good" if state != "open" else "text"),
            (SEVERITY_MARKS[severity] + " ", _SEVERITY_ROLES[severity]),
        ]
        used = 4
        if grouping is not Grouping.RULE:
            parts.append((fitted(table.codes[index], _CODE) + " ", "code"))
            used += _CODE + 1
        where = table.place(index)
        if grouping is not Grouping.FILE:
            room = max(_NARROWEST_PLACE, min(table.widest, _WIDEST_PLACE, (width - used) * 2 // 5))
        else:
            where = where[len(table.paths[index]) + 1 :]
            room = 8
        parts.append((fitted_left(where, room) + " ", "path"))
        used += room + 1
        parts.append((fitted(table.messages[index], max(0, width - used)), "text" if state == "open" else "dim"))
        return parts
