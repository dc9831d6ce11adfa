"""The room of findings: decide, take back, repair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from reprocheck.app.errors import UsageError
from reprocheck.model.finding import Confidence, Finding
from reprocheck.model.fix import Safety
from reprocheck.report.summary import plural
from reprocheck.tui.editor import editor_command
from reprocheck.tui.findings_view import FindingsView
from reprocheck.tui.jobs.frames import Progress, Refused, Repaired
from reprocheck.tui.jobs.requests import Spot, spot_of
from reprocheck.tui.state.decisions import UNDECIDED, Decision, Deed, Mended
from reprocheck.tui.widgets.prompt import Prompt
from reprocheck.tui.widgets.virtual_list import VirtualList

_DECIDING = (
    ("findings.accept", "accept"),
    ("findings.false_positive", "false"),
    ("findings.undo", "undo"),
)
_LOOKING = (
    ("findings.filter", "filter"),
    ("findings.next_place", "trail"),
    ("findings.why", "why"),
    ("findings.fix", "fix"),
    ("app.runs", "runs"),
    ("findings.fixed", "fixed"),
    ("findings.group", "group"),
    ("findings.edit", "edit"),
    ("findings.range", "range"),
    ("findings.sort", "sort"),
    ("app.quit", "quit"),
    ("app.help", "help"),
)
"""What the last line of the screen names, the most important first and help at the end."""
_CHANGING = frozenset({"findings.fixed", "findings.edit", "findings.range"})
"""Those of them that make no sense where nothing may be changed."""
_ASK = {"accepted": "accept", "false-positive": "false positive", "fixed": "fixed"}


class FindingsScreen(FindingsView):
    """Findings, and what to do about them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accepted')", "accept, with a reason", id="findings.accept"),
        Binding("x", "decide('false-positive')", "false positive, with a reason", id="findings.false_positive"),
        Binding("f", "decide('fixed')", "say that it is fixed", id="findings.fixed"),
        Binding("o", "decide('open')", "open again", id="findings.reopen"),
        Binding("full_stop", "repeat", "decide as before, for the same reason", id="findings.repeat"),
        Binding("z", "undo", "undo a decision or a repair", id="findings.undo"),
        Binding("Z", "redo", "redo", id="findings.redo"),
        Binding("space", "mark", "mark", id="findings.mark"),
        Binding("v", "range", "begin or end a range", id="findings.range"),
        Binding("asterisk", "mark_all", "mark all that the filter leaves", id="findings.mark_all"),
        Binding("e", "edit", "open in the editor", id="findings.edit"),
        Binding("r", "repair", "carry out the fix, after a look at it", id="findings.repair"),
        Binding("u", "rescan", "scan again", id="findings.rescan"),
    ]

    _last: Decision | None = None

    def hints(self) -> Sequence[tuple[str, str]]:
        """Deciding comes first, unless nothing may be decided."""
        if self.services.ledger is None:
            return [hint for hint in _LOOKING if hint[0] not in _CHANGING]
        return [*_DECIDING, *_LOOKING]

    def action_decide(self, state: str) -> None:
        """Ask for a reason; to open again needs none."""
        targets = self.listing.targets()
        if not self._may_decide() or not targets:
            return
        if state == UNDECIDED.state:
            self._decided(UNDECIDED)
            return
        count = f" {len(targets):,} findings" if len(targets) > 1 else ""
        question = f"{_ASK[state]}{count} — reason (↑ earlier): "
        asked = [self.listing.table.finding(index) for index in targets]
        self._ask(question, lambda reason: self._decided(Decision(state, reason), asked))

    def _ask(self, question: str, then: Callable[[str], None]) -> None:
        self.query_one(Prompt).ask(question, then, self.query_one(VirtualList))

    def action_repeat(self) -> None:
        """The last decision, about these."""
        if self._may_decide() and self._last is not None:
            self._decided(self._last)

    def _decided(self, decision: Decision, asked: Sequence[Finding] | None = None) -> None:
        """Decide about what was asked about, which a scan may have renumbered since; else about what is chosen now."""
        listing = self.listing
        chosen = listing.targets() if asked is None else self.deciding.present(asked)
        single = not listing.marks and listing.anchor is None and listing.heading is None
        cursor, current = listing.cursor, listing.current
        self.deciding.decide(chosen, decision)
        if decision != UNDECIDED:
            self._last = decision
        listing.clear_marks()
        listing.rebuild()
        if single and current is not None and current in listing.lines:
            listing.move(1)
        elif single:
            listing.cursor = min(cursor, max(0, len(listing.lines) - 1))
        self.renew()

    def action_undo(self) -> None:
        """Take back the last decision or repair, and go to where it was made."""
        if self._may_decide():
            self._went_back(self.deciding.history.undo(), "undone", forward=False)

    def action_redo(self) -> None:
        """Decide or repair again what was taken back."""
        if self._may_decide():
            self._went_back(self.deciding.history.redo(), "done again", forward=True)

    def _went_back(self, deed: Deed | Mended | None, word: str, *, forward: bool) -> None:
        if deed is None:
            self.notify(f"nothing to be {word}", timeout=2)
            return
        if isinstance(deed, Mended):
            self._put_back(deed, word, forward=forward)
            return
        indices = self.deciding.again(deed, forward=forward)
        self.listing.rebuild()
        if indices:
            self.listing.go_to(indices[0])
        self.renew()
        self.notify(f"{word}: {plural(len(indices), 'decision')}", timeout=2)

    def _put_back(self, mended: Mended, word: str, *, forward: bool) -> None:
        """Give the files what they had; where somebody has changed one meanwhile, none is touched."""
        sides = (mended.before, mended.after) if forward else (mended.after, mended.before)
        try:
            self.services.put_back(*sides)
        except UsageError as error:
            self.trouble(f"not {word}: {error}")
            return
        self.notify(f"{word}: {plural(mended.findings, 'repair')}; written: {_names(mended.after)}", markup=False)
        self.action_rescan()

    def action_mark(self) -> None:
        """Mark, and go on."""
        self.listing.toggle_mark()
        self.listing.move(1)
        self.renew()

    def action_range(self) -> None:
        """Begin a range here; the cursor is its other end. Again: mark what is in it."""
        if self.listing.anchor is None:
            self.listing.anchor = self.listing.cursor
        else:
            self.listing.toggle_mark()
        self.renew()

    def action_mark_all(self) -> None:
        """Mark what the filter leaves."""
        self.listing.mark_all()
        self.renew()

    def action_repair(self) -> None:
        """Show the fix and ask whether to carry it out; of several all that have one."""
        if self.services.read_only:
            self.notify("nothing is changed with --read-only", severity="warning")
            return
        found = [self.listing.table.finding(index) for index in self.listing.targets()]
        fixes = [finding for finding in found if finding.fix is not None]
        if not fixes:
            self.notify("the rule has no fix for this; w says how to repair it", severity="warning")
            return
        spots = frozenset(spot_of(finding) for finding in fixes)
        if len(fixes) == 1 and self.view != "fix":
            self.action_view("fix")
        unsafe = sum(finding.fix is not None and finding.fix.safety is not Safety.SAFE for finding in fixes)
        kind = "unsafe fix" if unsafe == len(fixes) else "fix"
        many = f"{len(fixes):,} {kind}es" if len(fixes) > 1 else f"this {kind}"
        if 0 < unsafe < len(fixes):
            many += f", {unsafe:,} of them unsafe"
        unsure = any(finding.confidence is Confidence.LOW for finding in fixes)
        self._ask(f"carry out {many}? enter does it, escape doesn't ", lambda _: self._begin_repair(spots, unsure))

    def _begin_repair(self, spots: frozenset[Spot], unsure: bool) -> None:  # noqa: FBT001 — goes through a question
        self.run_worker(self._repair(spots, unsure), group="repair")

    async def _repair(self, spots: frozenset[Spot], unsure: bool) -> None:  # noqa: FBT001 — goes through a worker
        """Have fixes carried out, say what became of each, and scan again."""
        work = self.services.repair(spots, unsure)
        try:
            async for frame in work.frames():
                match frame:
                    case Progress():
                        self.status = f"repairing, {frame.text} {frame.done:,} of {frame.total:,}"
                        self.say()
                    case Repaired():
                        if frame.after:
                            self.deciding.history.did(Mended(frame.fixed, frame.before, frame.after))
                        gone = len(spots) - frame.fixed - len(frame.left)
                        also = f", {gone:,} more gone with that" if gone > 0 else ""
                        back = "; z takes it back" if frame.after else ""
                        said = f"{frame.fixed:,} repaired{also}; written: {_names(frame.after)}{back}"
                        self.notify(said, markup=False)
                        for reason in frame.left:
                            self.trouble(f"not repaired: {reason}")
                    case Refused():
                        self.trouble(frame.message)
        finally:
            await work.end()
        self.action_rescan()

    def action_rescan(self) -> None:
        """Scan again."""
        self.scan()
        self.say()

    def action_edit(self) -> None:
        """Open the place that is shown in the user's editor, and scan again after it."""
        self.catch_up()
        if self.finding is None:
            return
        if self.services.read_only:
            self.notify("nothing is changed with --read-only", severity="warning")
            return
        place = self.place(self.finding)
        file = self.services.sources.file(place.path)
        if not file.is_file():
            self.trouble(f"{place.path} is gone")
            return
        self.app.edit(editor_command(self.services.editor, file, place.span.line, place.span.column))
        self.scan()

    def _may_decide(self) -> bool:
        if self.services.ledger is None:
            self.notify("nothing is decided with --read-only", severity="warning")
        return self.services.ledger is not None


def _names(files: Mapping[str, object]) -> str:
    return ", ".join(sorted(files)) or "nothing"
