"""The room of findings, as far as one only looks: list, filter, code, trail."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static

from reprocheck.model.finding import Finding
from reprocheck.model.place import Place
from reprocheck.model.rule_info import RuleInfo
from reprocheck.report.summary import plural
from reprocheck.tui.code_text import CodeLines
from reprocheck.tui.deciding import Deciding
from reprocheck.tui.finding_text import fix_text, head_text, why_markdown
from reprocheck.tui.jobs.frames import EncodedFindings, Progress, Refused, Scanned
from reprocheck.tui.services import Services
from reprocheck.tui.state.decisions import Decision
from reprocheck.tui.state.finding_lines import FindingLines
from reprocheck.tui.state.listing import Grouping, Listing, Order
from reprocheck.tui.state.query import parse
from reprocheck.tui.state.table import FindingTable
from reprocheck.tui.widgets.bars import Hints, Title
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from reprocheck.tui.main import TriageApp

_LOOK = 1.0
"""Seconds between two looks at whether others have decided."""
_HIGHEST = 6
"""Lines that may stand over the code."""


class FindingsView(Screen[None]):
    """Findings, one of them in full."""

    app: TriageApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="findings.filter"),
        Binding("escape", "back", "back", show=False, id="findings.back"),
        Binding("n", "step(1)", "next place of the trail", id="findings.next_place"),
        Binding("p", "step(-1)", "previous place", id="findings.previous_place"),
        Binding("w", "view('why')", "why", id="findings.why"),
        Binding("d", "view('fix')", "fix as a diff", id="findings.fix"),
        Binding("b", "group", "group by", id="findings.group"),
        Binding("left,h", "collapse(True)", "close the group", show=False, id="findings.close_group"),
        Binding("right,l", "collapse(False)", "open the group", show=False, id="findings.open_group"),
        Binding("minus", "collapse_all", "close or open all groups", show=False, id="findings.close_all"),
        Binding("s", "sort", "sort by", id="findings.sort"),
        Binding("enter", "zoom", "enlarge", id="findings.zoom"),
        Binding("tab", "other_side", "other side", show=False, id="findings.other_side"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.listing = Listing(FindingTable())
        self.deciding = Deciding(services.ledger, self.listing, self.trouble)
        self.rules: dict[str, RuleInfo] = {}
        self.status = "scanning"
        self.finding: Finding | None = None
        """The one that is shown."""
        self.step = 0
        """Where the walk along its trail is: 0 for the finding itself."""
        self.view = "code"
        self.reasons: dict[int, str] = {}
        """What findings may explain, by their number, while the list is narrowed to them."""
        self._back: Screen[None] | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Title(id="title")
        yield Input(
            self.services.query, placeholder="filter: code:RNG sev:warning path:src/ words", id="filter", compact=True
        )
        yield Static(id="problem")
        with Container(id="halves"):
            yield VirtualList(FindingLines(self.listing), id="list")
            with Vertical(id="detail"):
                yield Static(id="head")
                yield Pane(id="pane")
        yield Prompt(id="prompt")
        yield Hints(id="hints")

    def on_mount(self) -> None:
        """Begin to scan; keys go to the list."""
        self.query_one("#filter", Input).cursor_blink = False
        self.listing.query = parse(self.services.query)
        self.set_focus(self.query_one(VirtualList))
        self.say()
        self.scan()
        self.set_interval(_LOOK, self._look_at_ledger)

    def on_unmount(self) -> None:
        """A timer that fires later would find nothing."""
        if self._timer is not None:
            self._timer.stop()

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
                        self._take(table)
                        table = FindingTable()
                        self.status = "watching" if self.services.watching else ""
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

    def trouble(self, message: str) -> None:
        """Say what went wrong."""
        self.notify(message, severity="error", timeout=12, markup=False)

    def _take(self, table: FindingTable) -> None:
        if table is not self.listing.table:
            self.listing.replace_table(table)
        else:
            self.listing.rebuild()
        self.renew()
        # What is there stays: no collection needs to look at it again.
        gc.collect()
        gc.freeze()

    def renew(self) -> None:
        """The list has changed."""
        self.query_one(VirtualList).renew()
        self.say()

    def say(self) -> None:
        """Title and hints."""
        listing = self.listing
        total = len(listing.table)
        shown = f"{listing.matched:,} of {total:,}" if listing.matched != total else f"{total:,}"
        parts = [f"{shown} findings"]
        if listing.only is not None:
            parts.append("that may explain it (esc goes back)")
        if listing.grouping is not Grouping.NONE:
            parts.append(f"by {listing.grouping}")
        if listing.order is not Order.PLACE:
            parts.append(f"sorted by {listing.order}")
        if listing.marks:
            parts.append(f"{len(listing.marks):,} marked")
        if self.status:
            parts.append(self.status)
        decided = len(self.deciding.decisions)
        progress = f"{decided:,} decided · " if decided else ""
        self.query_one(Title).say(parts, f"{progress}{self.services.root.name}")
        self.query_one(Hints).say([(self.app.key(action), said) for action, said in self.hints()])

    def hints(self) -> Sequence[tuple[str, str]]:
        """What can be done, by the id of the action; the most important first and help last."""
        return (("findings.filter", "filter"), ("findings.why", "why"), ("app.help", "help"))

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

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self.set_focus(self.query_one(VirtualList))

    def narrow(self, reasons: dict[int, str], back: Screen[None]) -> None:
        """Show some findings only, with what they may explain; `escape` goes back to where they were asked for."""
        self.reasons, self._back = reasons, back
        self.listing.only = tuple(reasons)
        self.query_one("#filter", Input).value = ""
        self.listing.rebuild()
        self.listing.cursor = 0
        self.renew()

    def _widen(self) -> None:
        """All findings again, and back to the difference."""
        self.reasons, self.listing.only = {}, None
        self.query_one("#filter", Input).value = self.services.query
        self.listing.rebuild()
        self.renew()
        if self._back is not None:
            self.app.push_screen(self._back)
            self._back = None

    def action_filter(self) -> None:
        """Type a filter."""
        self.set_focus(self.query_one("#filter", Input))

    def action_back(self) -> None:
        """From the filter or the pane to the list, from a large pane to both, from marks to none."""
        if not self.query_one(VirtualList).has_focus and not self.has_class("zoomed"):
            self.set_focus(self.query_one(VirtualList))
        elif self.has_class("zoomed"):
            self.action_zoom()
        elif self.view != "code":
            self.action_view("code")
        elif self.listing.clear_marks():
            self.renew()
        elif self.listing.only is not None:
            self._widen()

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

    def action_other_side(self) -> None:
        """Keys go to the other half."""
        pane, lines = self.query_one(Pane), self.query_one(VirtualList)
        self.set_focus(lines if pane.has_focus else pane)

    def action_zoom(self) -> None:
        """The finding alone, or both halves again."""
        self.toggle_class("zoomed")
        self.set_focus(self.query_one(Pane) if self.has_class("zoomed") else self.query_one(VirtualList))

    def action_view(self, view: str) -> None:
        """Code, or the rule's page."""
        self.catch_up()
        self.view = "code" if self.view == view else view
        self.show()

    def action_step(self, steps: int) -> None:
        """Walk along the trail."""
        self.catch_up()
        if self.finding is not None:
            self.view = "code"
            self.step = max(0, min(self.step + steps, len(self.finding.trail)))
            self.show()

    @on(VirtualList.Moved)
    def _moved(self) -> None:
        """Show what the cursor is on once it rests."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(self.services.rest, self.look)

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        self.action_zoom()

    def catch_up(self) -> None:
        """Show the finding under the cursor now, lest a quick key be about the one before it."""
        if self._timer is not None:
            self.look()

    def look(self) -> None:
        """Show the finding under the cursor."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        index = self.listing.current
        finding = self.listing.table.finding(index) if index is not None else None
        if finding != self.finding:
            self.step = 0
        self.finding = finding
        self.show()

    def show(self) -> None:
        """The finding in the form that was asked for."""
        pane, finding = self.query_one(Pane), self.finding
        if finding is None:
            group = self.listing.heading
            self._head(Text(f"{group.title}\n{plural(len(group.members), 'finding')}" if group else ""))
            self._read_rule(self.rules.get(group.key) if group is not None else None)
            return
        reason = self.reasons.get(self.listing.current or 0, "") if self.listing.only is not None else ""
        source = self.services.sources.at(self.place(finding))
        self._head(head_text(finding, self.decision(), self.step, (reason, source.problem)))
        match self.view:
            case "why":
                self._read_rule(self.rules.get(finding.code))
            case "fix":
                self.run_worker(self._show_fix(finding), exclusive=True, group="fix")
            case _:
                pane.show(CodeLines(source, self.app.code_theme))

    def _read_rule(self, info: RuleInfo | None) -> None:
        """The page of a rule, where there is one to show."""
        from rich.markdown import Markdown

        self.query_one(Pane).read(Markdown(why_markdown(info)) if info is not None else "")

    def _head(self, text: Text) -> None:
        """Put it over the pane; the screen is laid out anew only where it takes more lines or fewer."""
        head = self.query_one("#head", Static)
        lines = min(_HIGHEST, len(text.wrap(self.app.console, max(1, head.content_size.width))))
        head.update(text, layout=False)
        if head.styles.height is None or head.styles.height.value != lines:
            head.styles.height = lines

    async def _show_fix(self, finding: Finding) -> None:
        """The fix as a diff, once it is made; the reader may have gone on by then."""
        pane = self.query_one(Pane)
        if finding.fix is None:
            pane.read(Text("The rule has no fix for this one; w says how to repair it.", "dim"))
            return
        preview = await asyncio.to_thread(self.services.preview, finding)
        if finding == self.finding and self.view == "fix":
            pane.read(fix_text(finding.fix, preview.patch, preview.refused))

    def decision(self) -> Decision:
        """What was decided about the finding that is shown."""
        return self.deciding.of(self.listing.current)

    def place(self, finding: Finding) -> Place:
        """The place that is shown."""
        return finding.trail[self.step - 1].place if self.step else finding.place
