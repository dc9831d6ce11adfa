"""The list as it is shown: order, groups, cursor and marks over a table of findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from reprocheck.model.rule_info import FAMILIES
from reprocheck.tui.state.query import Query
from reprocheck.tui.state.table import FindingTable


class Order(StrEnum):
    """What findings are sorted by; place breaks ties."""

    PLACE = "place"
    SEVERITY = "severity"
    CODE = "code"
    SURENESS = "confidence"


class Grouping(StrEnum):
    """What findings are put together by."""

    NONE = "nothing"
    RULE = "rule"
    FILE = "file"
    FAMILY = "family"


@dataclass(slots=True)
class Group:
    """Findings under one heading."""

    key: str
    title: str
    members: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a finding is found again by in another scan."""

    fingerprint: str
    path: str
    line: int


class Listing:
    """Lines of the list: a number from 0 is a finding of the table, `-1 - N` is the heading of group N."""

    def __init__(self, table: FindingTable) -> None:
        """Everything in the table, by place."""
        self.table = table
        self.query = Query()
        self.order = Order.PLACE
        self.grouping = Grouping.NONE
        self.only: Sequence[int] | None = None
        """Findings that the list is narrowed to besides the filter, in this order; None for all."""
        self.collapsed: set[str] = set()
        self.groups: list[Group] = []
        self.lines: Sequence[int] = ()
        self.matched = 0
        """Findings that the filter leaves, those of collapsed groups included."""
        self.cursor = 0
        self.marks: set[int] = set()
        self.anchor: int | None = None
        """Line where a range began; None while none is open."""
        self._orders: dict[Order, Sequence[int]] = {}
        self.rebuild()

    def rebuild(self) -> None:
        """Make the lines anew; the cursor stays on its finding, or where it was when that has gone."""
        kept = self.current
        found = self.table.matching(self.query, self._ordered() if self.only is None else self.only)
        self.matched = len(found)
        if self.grouping is Grouping.NONE:
            self.groups, self.lines = [], found
        else:
            self.groups = self._grouped(found)
            self.lines = self._with_headings()
        if kept is not None:
            self._return_to(kept)
        self.cursor = max(0, min(self.cursor, len(self.lines) - 1))
        if self.anchor is not None:
            self.anchor = max(0, min(self.anchor, len(self.lines) - 1))

    def grown(self) -> None:
        """The table has more findings now."""
        self._orders.clear()
        self.rebuild()

    def replace_table(self, table: FindingTable) -> None:
        """Another scan: the cursor and the marks go to the same findings, as far as they are still there.

        What the list is narrowed to are numbers of the new table already.
        """
        identity = self.identity(self.current) if self.current is not None else None
        marked = {self.identity(index) for index in self.marks}
        self.table = table
        self.anchor = None
        self._orders.clear()
        self.marks = {i for i in range(len(table)) if self.identity(i) in marked} if marked else set()
        place = self.cursor
        self.lines = ()
        self.rebuild()
        self.cursor = max(0, min(place, len(self.lines) - 1))
        if identity is not None:
            self._find(identity)

    def identity(self, index: int) -> Identity:
        """What finding `index` is known by."""
        return Identity(self.table.fingerprints[index], self.table.paths[index], self.table.lines[index])

    @property
    def current(self) -> int | None:
        """The finding under the cursor; None on a heading and in an empty list."""
        if not 0 <= self.cursor < len(self.lines) or self.lines[self.cursor] < 0:
            return None
        return self.lines[self.cursor]

    @property
    def heading(self) -> Group | None:
        """The group whose heading the cursor is on."""
        if not 0 <= self.cursor < len(self.lines) or self.lines[self.cursor] >= 0:
            return None
        return self.groups[-1 - self.lines[self.cursor]]

    def move(self, lines: int) -> None:
        """Move the cursor, as far as there are lines."""
        self.cursor = max(0, min(self.cursor + lines, len(self.lines) - 1))

    def go_to(self, index: int) -> bool:
        """Put the cursor on a finding; False where the list doesn't show it."""
        return self._return_to(index)

    def targets(self) -> list[int]:
        """What a decision is about: the open range, else the marks, else the group or finding under the cursor."""
        if self.anchor is not None:
            first, last = sorted((self.anchor, self.cursor))
            return [index for index in self.lines[first : last + 1] if index >= 0]
        return sorted(self.marks) if self.marks else self._under_cursor()

    def in_range(self, line: int) -> bool:
        """Whether a line lies in the open range."""
        return self.anchor is not None and min(self.anchor, self.cursor) <= line <= max(self.anchor, self.cursor)

    def toggle_mark(self) -> None:
        """Mark what is under the cursor, or take the mark away; a heading stands for its group."""
        found = set(self._under_cursor())
        if self.anchor is not None:
            self.marks |= set(self.targets())
            self.anchor = None
        else:
            self.marks = self.marks - found if found <= self.marks else self.marks | found

    def mark_all(self) -> None:
        """Mark everything that the filter leaves, or nothing where all of it is marked."""
        everything = {index for group in self.groups for index in group.members} or {i for i in self.lines if i >= 0}
        self.marks = set() if everything <= self.marks else everything

    def clear_marks(self) -> bool:
        """Take all marks and the open range away; whether there were any."""
        had = bool(self.marks) or self.anchor is not None
        self.marks.clear()
        self.anchor = None
        return had

    def collapse(self, *, collapsed: bool) -> None:
        """Close or open the group that the cursor is in; closing puts the cursor on its heading."""
        group = self._group_here()
        if group is None:
            return
        if collapsed:
            self.collapsed.add(group.key)
        else:
            self.collapsed.discard(group.key)
        self.rebuild()
        self.cursor = next(
            (line for line, entry in enumerate(self.lines) if entry < 0 and
             self.groups[-1 - entry].key == group.key), self.cursor,
        )  # fmt: skip

    def collapse_all(self) -> None:
        """Close all groups, or open them where all are closed."""
        group = self._group_here()
        keys = {group.key for group in self.groups}
        self.collapsed = set() if keys <= self.collapsed else keys
        self.rebuild()
        if group is not None and self.collapsed:
            self._go_to_heading(group.key)

    def _go_to_heading(self, key: str) -> None:
        for line, entry in enumerate(self.lines):
            if entry < 0 and self.groups[-1 - entry].key == key:
                self.cursor = line
                return

    def count(self, states: frozenset[str]) -> int:
        """Findings of the whole table in one of these states."""
        return sum(state in states for state in self.table.states)

    def _under_cursor(self) -> list[int]:
        if (group := self.heading) is not None:
            return list(group.members)
        return [] if self.current is None else [self.current]

    def _group_here(self) -> Group | None:
        for line in range(min(self.cursor, len(self.lines) - 1), -1, -1):
            if self.lines[line] < 0:
                return self.groups[-1 - self.lines[line]]
        return None

    def _return_to(self, index: int) -> bool:
        try:
            self.cursor = self.lines.index(index)
        except ValueError:
            return False
        return True

    def _find(self, identity: Identity) -> None:
        """Put the cursor on the finding of that identity, the nearest line of its file first."""
        table = self.table
        near = [
            (abs(table.lines[index] - identity.line), line)
            for line, index in enumerate(self.lines)
            if index >= 0 and table.fingerprints[index] == identity.fingerprint and table.paths[index] == identity.path
        ]
        if near:
            self.cursor = min(near)[1]

    def _ordered(self) -> Sequence[int]:
        if self.order not in self._orders:
            self._orders[self.order] = self._sorted()
        return self._orders[self.order]

    def _sorted(self) -> Sequence[int]:
        """Scans come sorted by place, and sorting is stable."""
        table = self.table
        keys: dict[Order, Callable[[int], object]] = {
            Order.SEVERITY: lambda index: (table.severities[index].rank, table.confidences[index].rank),
            Order.CODE: lambda index: table.codes[index],
            Order.SURENESS: lambda index: table.confidences[index].rank,
        }
        if self.order is Order.PLACE:
            return range(len(table))
        return sorted(range(len(table)), key=keys[self.order])  # type: ignore[arg-type] # every key is comparable

    def _grouped(self, found: Sequence[int]) -> list[Group]:
        table, groups = self.table, dict[str, Group]()
        column = table.paths if self.grouping is Grouping.FILE else table.codes
        family = self.grouping is Grouping.FAMILY
        for index in found:
            key = column[index].rstrip("0123456789") if family else column[index]
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(key, self._title(key, index))
            group.members.append(index)
        if self.grouping is Grouping.FILE:
            return list(groups.values()) if self.order is Order.PLACE else sorted(groups.values(), key=lambda g: g.key)
        worst = {group.key: min(table.severities[index].rank for index in group.members) for group in groups.values()}
        return sorted(groups.values(), key=lambda group: (worst[group.key], -len(group.members), group.key))

    def _title(self, key: str, index: int) -> str:
        match self.grouping:
            case Grouping.RULE:
                return f"{key} {self.table.rules[index]}"
            case Grouping.FAMILY:
                return f"{key} {FAMILIES.get(key, 'rules of your own')}"
            case _:
                return key

    def _with_headings(self) -> list[int]:
        lines: list[int] = []
        for number, group in enumerate(self.groups):
            lines.append(-1 - number)
            if group.key not in self.collapsed:
                lines += group.members
        return lines
