"""Decides about findings: shown at once, written in the background, taken back on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from reprocheck.model.finding import Finding
from reprocheck.tui.state.decisions import UNDECIDED, Change, Decision, Deed, History, Ledger, LedgerTrouble, Receipt
from reprocheck.tui.state.listing import Listing
from reprocheck.tui.state.table import FindingTable

_FIXED = "fixed"


class Deciding:
    """Decisions about the findings of a listing."""

    def __init__(self, ledger: Ledger | None, listing: Listing, trouble: Callable[[str], None]) -> None:
        """`trouble` is told what could not be read or written; without a ledger nothing can be decided."""
        self.ledger = ledger
        self.history = History()
        self.decisions: dict[int, Decision] = {}
        self._listing = listing
        self._trouble = trouble
        self._own: dict[int, str] = {}
        self._whole = True
        self._stamp: object = None
        self._writing = asyncio.Lock()
        self._waiting: set[asyncio.Task[None]] = set()

    def of(self, index: int | None) -> Decision:
        """What was decided about a finding."""
        return UNDECIDED if index is None else self.decisions.get(index, UNDECIDED)

    async def load(self, table: FindingTable, *, scanned: bool, whole: bool | None = None) -> None:
        """Read the ledger for a table. With `scanned` its findings are new, and what was fixed is found again."""
        if self.ledger is None:
            return
        self._whole = self._whole if whole is None else whole
        self._stamp = self.ledger.stamp()
        try:
            found = await asyncio.to_thread(self.ledger.read, table, whole=self._whole)
        except LedgerTrouble as error:
            self._trouble(str(error))
            return
        for index, state in self._own.items():
            if not scanned:
                table.states[index] = state
        self.decisions = found
        self._own = {index: table.states[index] for index in found}
        for index, decision in found.items():
            table.states[index] = "open" if scanned and decision.state == _FIXED else decision.state

    def changed_elsewhere(self) -> bool:
        """Whether somebody else has written to the ledger."""
        return self.ledger is not None and not self._waiting and self.ledger.stamp() != self._stamp

    def decide(self, indices: Sequence[int], decision: Decision) -> int:
        """Decide about findings; returns how many decisions are new."""
        table = self._listing.table
        chosen = [i for i in indices if not self.of(i).says(decision) or table.states[i] != decision.state]
        if chosen:
            changes = [Change(table.finding(index), self.of(index), decision) for index in chosen]
            deed = Deed(tuple(changes))
            self.history.did(deed)
            self._show(chosen, [decision] * len(chosen))
            self._later(self._write(deed, table))
        return len(chosen)

    def present(self, findings: Sequence[Finding]) -> list[int]:
        """Numbers that findings have in today's table; those that are gone are left out."""
        return [index for index in self._indices(findings) if index is not None]

    def again(self, deed: Deed, *, forward: bool) -> list[int]:
        """Take a decision back, or with `forward` decide so again; returns the findings of it that are still listed."""
        indices = self._indices([change.finding for change in deed.changes])
        found = [(index, change) for index, change in zip(indices, deed.changes, strict=True) if index is not None]
        self._show([i for i, _ in found], [change.after if forward else change.before for _, change in found])
        self._later(self._take_back(deed))
        return [index for index, _ in found]

    async def written(self) -> None:
        """Wait until everything that was decided is kept."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    def _show(self, indices: Sequence[int], decisions: Sequence[Decision]) -> None:
        """In the table, at once."""
        table = self._listing.table
        for index, decision in zip(indices, decisions, strict=True):
            own = self._own.setdefault(index, table.states[index])
            table.states[index] = own if decision == UNDECIDED else decision.state
            self.decisions[index] = decision
            if decision == UNDECIDED:
                del self.decisions[index]

    def _later(self, writing: Coroutine[None, None, None]) -> None:
        """Behind everything that waits already."""
        task = asyncio.get_running_loop().create_task(writing)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _write(self, deed: Deed, table: FindingTable) -> None:
        assert self.ledger is not None
        async with self._writing:
            await self._kept(deed, partial(self.ledger.write, table, deed.changes, whole=self._whole))

    async def _take_back(self, deed: Deed) -> None:
        """Whether forward or back: the receipt of one is what undoes it."""
        assert self.ledger is not None
        async with self._writing:
            if deed.receipt is not None:
                await self._kept(deed, partial(self.ledger.undo, deed.receipt))

    async def _kept(self, deed: Deed, act: Callable[[], Receipt]) -> None:
        try:
            deed.receipt = await asyncio.to_thread(act)
        except LedgerTrouble as error:
            self._trouble(f"not kept: {error}")
        else:
            if not deed.receipt.overtaken:
                self._stamp = self.ledger.stamp() if self.ledger is not None else None
                return
            self._trouble(f"somebody else has decided about {deed.receipt.overtaken:,} of these meanwhile: that stands")
        # What is shown must not pretend: reading anew shows what is kept.
        self._stamp = None

    def _indices(self, findings: Sequence[Finding]) -> list[int | None]:
        """Numbers that findings have in today's table, which may be another than that they were decided in."""
        table = self._listing.table
        places: dict[tuple[str, str], list[int]] = {}
        wanted = {finding.fingerprint for finding in findings}
        for index, identity in enumerate(table.fingerprints):
            if identity in wanted:
                places.setdefault((identity, table.paths[index]), []).append(index)
        found: list[int | None] = []
        for finding in findings:
            candidates = places.get((finding.fingerprint, finding.place.path), [])
            line = finding.place.span.line
            best = min(candidates, key=lambda index: abs(table.lines[index] - line), default=None)
            if best is not None:
                candidates.remove(best)
            found.append(best)
        return found
