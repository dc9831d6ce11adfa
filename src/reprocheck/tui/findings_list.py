"""The half of the findings' room that lists them: scan, filter, groups, order."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from reprocheck.model.rule_info import RuleInfo
from reprocheck.report.summary import plural
from reprocheck.tui.deciding import Deciding
from reprocheck.tui.jobs.frames import EncodedFindings, Progress, Refused, Scanned
from reprocheck.tui.room import Room
from reprocheck.tui.services import Services
from reprocheck.tui.state.finding_lines import FindingLines
from reprocheck.tui.state.listing import Grouping, Listing, Order
from reprocheck.tui.state.query import parse
from reprocheck.tui.state.table import FindingTable
from reprocheck.tui.widgets.bars import Hints, Title
from reprocheck.tui.widgets.filter_line import FilterLine
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

_LOOK = 1.0
"""Seconds between two looks at whether others have decided."""
_TYPING = (("⏎", "list"), ("^u", "empty"), ("⇥", "complete"))
"""What can be done in the filter, in front of the words that may stand there."""


class FindingsList(Room):
    """Findings, as many as the filter leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="findings.filter"),
        Binding("b", "group", "group by rule, file, family", id="findings.group"),
        Binding("left,h", "collapse(True)", "close the group", show=False, id="findings.close_group"),
        Binding("right,l", "collapse(False)", "open the group", show=False, id="findings.open_group"),
        Binding("minus", "collapse_all", "close or open all groups", show=False, id="findings.close_all"),
        Binding("s", "sort", "sort by severity, code, confidence", id="findings.sort"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.listing = Listing(FindingTable())
        self.deciding = Deciding(services.ledger, self.listing, self.trouble)
        self.rules: dict[str, RuleInfo] = {}
        self.status = "scanning"
        self.reasons: dict[int, str] = {}
        """What findings may explain, by their number, while the list is narrowed to them."""
        self._back: Sequence[Screen[None]] = ()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Title(id="title")
        yield FilterLine(self.services.query, id="filter")
        yield Static(id="problem")
        yield from self.halves(FindingLines(self.listing))
        yield Prompt(id="prompt")
        yield Hints(id="hints")

    def on_mount(self) -> None:
        """Begin to scan; keys go to the list."""
        self.listing.query = parse(self.services.query)
        self.focus_list()
        self.say()
        self.scan()
        self.set_interval(_LOOK, self._look_at_ledger)

    def scan(self) -> None:
        """Scan, in place of a scan that is still going on."""
        self.status = "scanning"
        self.run_worker(self._scan(), exclusive=True, group="scan")

    async def _scan(self) -> None:
        """Take findings in as they come; the first scan is shown while it grows, later ones when they are whole."""
        work = self.services.scan()
        table = FindingTable()
        try:
            async for frame in work.frames():
                match frame:
                    case EncodedFindings():
                        table.extend(frame.findings)
                        if not len(self.listing.table) or self.listing.table is table:
                            self.listing.table = table
                            self.listing.grown()
                            self.renew()
                    case Scanned():
                        self.rules = frame.rules
                        await self.deciding.load(table, scanned=True, whole=frame.whole)
                        self.status = "watching" if self.services.watching else ""
                        self._take(table)
                        table = FindingTable()
                        for message in frame.messages:
                            self.notify(message, title="scan", markup=False)
                    case Progress():
                        self.status = f"{frame.text} {frame.done:,} of {frame.total:,}"
                    case Refused():
                        self.status = "scan failed"
                        self.notify(frame.message, title="The scan failed", severity="error", timeout=20, markup=False)
                self.say()
        finally:
            await work.end()

    async def _look_at_ledger(self) -> None:
        """Take over what others decide."""
        if self.deciding.changed_elsewhere():
            await self.deciding.load(self.listing.table, scanned=False)
            self.listing.rebuild()
            self.renew()

    def _take(self, table: FindingTable) -> None:
        if table is not self.listing.table:
            self._narrow_again(table)
            self.listing.replace_table(table)
        else:
            self.listing.rebuild()
        self.renew()
        # What is there stays: no collection needs to look at it again.
        gc.collect()
        gc.freeze()

    def _narrow_again(self, table: FindingTable) -> None:
        """What a difference may be explained by stays that in another scan, as far as it is still found."""
        if self.listing.only is None:
            return
        before = self.listing.table
        said = {(before.fingerprints[i], before.paths[i]): reason for i, reason in self.reasons.items()}
        order = {identity: number for number, identity in enumerate(said)}
        now = list(zip(table.fingerprints, table.paths, strict=True))
        numbers = sorted((i for i, identity in enumerate(now) if identity in said), key=lambda i: order[now[i]])
        self.reasons = {i: said[now[i]] for i in numbers}
        self.listing.only = tuple(numbers)

    def renew(self) -> None:
        """The list has changed."""
        self.query_one(VirtualList).renew()
        self.say()

    def say(self) -> None:
        """Title and hints."""
        listing = self.listing
        total = len(listing.table)
        counted = plural(total, "finding")
        parts = [f"{listing.matched:,} of {counted}" if listing.matched != total else counted]
        if listing.only is not None:
            parts.append("that may explain it (esc goes back)")
        if listing.grouping is not Grouping.NONE:
            parts.append(f"by {listing.grouping}")
        if listing.order is not Order.PLACE:
            parts.append(f"sorted by {listing.order}")
        if listing.anchor is not None:
            parts.append("range: v ends it")
        if listing.marks:
            parts.append(f"{len(listing.marks):,} marked")
        if self.status:
            parts.append(self.status)
        decided = len(self.deciding.decisions)
        progress = f"{decided:,} decided · " if decided else ""
        self.query_one(Title).say(parts, f"{progress}{self.services.root.name}")
        line = self.query_one(FilterLine)
        if line.has_focus:
            self.query_one(Hints).say([*_TYPING, *((word, "") for word in line.offered), ("esc", "back")])
        else:
            self.query_one(Hints).say([(self.app.key(action), said) for action, said in self.hints()])

    def nothing(self) -> str:
        """Why the list is empty, and what to do about it."""
        total = len(self.listing.table)
        if not total:
            return "" if self.status.startswith("scan") else "No findings."
        if self.query_one(FilterLine).value.strip() == self.services.query.strip():
            return f"Nothing is left of {plural(total, 'finding')}: with fewer words in the filter (/) more are shown."
        return f"The filter leaves none of {plural(total, 'finding')}: / changes it, esc takes it back."

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        query = parse(event.value)
        if query.problems != self.listing.query.problems:
            problem = self.query_one("#problem", Static)
            problem.update(Text("; ".join(query.problems)))
            problem.display = bool(query.problems)
        same = query.terms == self.listing.query.terms
        self.listing.query = query
        if not same:
            self.listing.rebuild()
            self.renew()
        else:
            self.say()

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self.focus_list()

    def on_descendant_focus(self) -> None:
        """Other keys hold in the filter."""
        self.say()

    def narrow(self, reasons: dict[int, str], back: Sequence[Screen[None]]) -> None:
        """Show some findings only, with what they may explain; `escape` goes back to where they were asked for."""
        self.reasons, self._back = reasons, back
        self.listing.only = tuple(reasons)
        self.listing.query = parse("")
        self.query_one(FilterLine).value = ""
        self.listing.rebuild()
        self.listing.cursor = 0
        self.renew()

    def widen(self) -> None:
        """All findings again, and back to the difference."""
        self.reasons, self.listing.only = {}, None
        self.reset_filter()
        for screen in self._back:
            self.app.push_screen(screen)
        self._back = ()

    def reset_filter(self) -> bool:
        """The filter to begin with; whether it was another one."""
        line = self.query_one(FilterLine)
        other = line.value.strip() != self.services.query.strip()
        line.value = self.services.query
        line.cursor_position = len(line.value)
        self.listing.query = parse(line.value)
        self.listing.rebuild()
        self.renew()
        return other

    def action_filter(self) -> None:
        """Type a filter; the first letter begins a word of its own."""
        line = self.query_one(FilterLine)
        if line.value and not line.value.endswith(" "):
            line.value += " "
        line.cursor_position = len(line.value)
        self.set_focus(line)

    def action_group(self) -> None:
        """The next kind of groups."""
        kinds = list(Grouping)
        self.listing.grouping = kinds[(kinds.index(self.listing.grouping) + 1) % len(kinds)]
        self.listing.rebuild()
        self.renew()

    def action_collapse(self, collapsed: bool) -> None:  # noqa: FBT001 — textual passes it by position
        """Close or open the group that the cursor is in."""
        self.listing.collapse(collapsed=collapsed)
        self.renew()

    def action_collapse_all(self) -> None:
        """Close all groups, or open them."""
        self.listing.collapse_all()
        self.renew()

    def action_sort(self) -> None:
        """The next order."""
        orders = list(Order)
        self.listing.order = orders[(orders.index(self.listing.order) + 1) % len(orders)]
        self.listing.rebuild()
        self.renew()
