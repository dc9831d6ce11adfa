"""The room of findings, as far as one only looks: what stands under the cursor, its code, its trail, its fix."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Static

from reprocheck.model.finding import Finding
from reprocheck.model.place import Place
from reprocheck.model.rule_info import RuleInfo
from reprocheck.report.summary import plural
from reprocheck.tui.code_text import CodeLines
from reprocheck.tui.finding_text import fix_text, head_text, why_markdown
from reprocheck.tui.findings_list import FindingsList
from reprocheck.tui.services import Services
from reprocheck.tui.state.decisions import Decision
from reprocheck.tui.widgets.pane import Pane
from reprocheck.tui.widgets.virtual_list import VirtualList

_HIGHEST = 6
"""Lines that may stand over the code."""


class FindingsView(FindingsList):
    """Findings, one of them in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False, id="findings.back"),
        Binding("n", "step(1)", "next place of the trail", id="findings.next_place"),
        Binding("p", "step(-1)", "previous place", id="findings.previous_place"),
        Binding("w", "view('why')", "why it matters, how to repair it", id="findings.why"),
        Binding("d", "view('fix')", "the fix as a diff", id="findings.fix"),
        Binding("enter", "zoom", "enlarge; on a heading close or open", id="findings.zoom"),
        Binding("tab", "other_side", "other side", show=False, id="findings.other_side"),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.finding: Finding | None = None
        """The one that is shown."""
        self.step = 0
        """Where the walk along its trail is: 0 for the finding itself."""
        self.view = "code"

    def action_back(self) -> None:
        """One step back: to the list, to both halves, to the code, to no marks, to the filter that one began with."""
        if not self.query_one(VirtualList).has_focus and not self.has_class("zoomed"):
            self.focus_list()
        elif self.has_class("zoomed"):
            self.action_zoom()
        elif self.view != "code":
            self.action_view("code")
        elif self.listing.clear_marks():
            self.renew()
        elif self.listing.only is not None:
            self.widen()
        else:
            self.reset_filter()

    def action_zoom(self) -> None:
        """The finding alone, or both halves again; on a heading, close its group or open it."""
        group = self.listing.heading
        if group is not None and self.query_one(VirtualList).has_focus:
            self.action_collapse(group.key not in self.listing.collapsed)
        else:
            super().action_zoom()

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

    @on(VirtualList.Opened)
    def _opened(self) -> None:
        self.action_zoom()

    def catch_up(self) -> None:
        """Show the finding under the cursor now, lest a quick key be about the one before it."""
        if self.rested():
            self.look()

    def look(self) -> None:
        """Show the finding under the cursor."""
        self.rested()
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
            self._head(Text(f"{group.title}\n{plural(len(group.members), 'finding')}" if group else self.nothing()))
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
