"""The project's ledger, as the interface sees it."""

from __future__ import annotations

from collections.abc import Sequence

from reprocheck.app import decide as app
from reprocheck.app.decide import Ruling, View
from reprocheck.config import Config
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Standing, State
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.ledger_file import FILE
from reprocheck.tui.state.decisions import UNDECIDED, Change, Decision, LedgerTrouble, Receipt
from reprocheck.tui.state.table import FindingTable


class ProjectLedger:
    """Decides through the use cases; looks only at findings that have something to do with a decision."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def read(self, table: FindingTable, *, whole: bool) -> dict[int, Decision]:
        """Decisions by the number of the finding."""
        try:
            known = {decision.fingerprint for decision in app.look(self._config, (), whole=whole).unused}
            indices = [index for index, identity in enumerate(table.fingerprints) if identity in known]
            view = app.look(self._config, [table.finding(index) for index in indices], whole=whole)
        except LedgerError as error:
            raise LedgerTrouble(str(error)) from error
        stand = zip(indices, view.standings, strict=True)
        return {index: _decision(standing, view) for index, standing in stand if standing.decision is not None}

    def write(self, table: FindingTable, changes: Sequence[Change], *, whole: bool) -> Receipt:
        """Keep decisions; those of findings that were decided otherwise meanwhile are left out and counted."""
        identities = {change.finding.fingerprint for change in changes}
        near = [table.finding(i) for i, identity in enumerate(table.fingerprints) if identity in identities]
        try:
            view = app.look(self._config, near, whole=whole)
            stands = {standing.finding: _decision(standing, view) for standing in view.standings}
            meant = [change for change in changes if stands[change.finding].says(change.before)]
            if not meant:
                return Receipt(app.Change(), len(changes))
            change = self._written(view, [change.finding for change in meant], meant[0].after)
        except LedgerError as error:
            raise LedgerTrouble(str(error)) from error
        return Receipt(change, len(changes) - len(meant) + len(change.overtaken))

    def undo(self, receipt: Receipt) -> Receipt:
        """Put back what was there before."""
        assert isinstance(receipt.token, app.Change)
        try:
            change = app.undo(self._config, receipt.token)
        except LedgerError as error:
            raise LedgerTrouble(str(error)) from error
        return Receipt(change, len(change.overtaken))

    def stamp(self) -> object:
        """Identity, size and time of the file."""
        try:
            status = (self._config.root / FILE).stat()
        except OSError:
            return ()
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    def _written(self, view: View, findings: Sequence[Finding], decision: Decision) -> app.Change:
        """One decision is made about all of them."""
        if decision == UNDECIDED:
            return app.reopen(self._config, view, findings)
        return app.decide(self._config, view, findings, Ruling(state=State(decision.state), reason=decision.reason))


def _decision(standing: Standing, view: View) -> Decision:
    made = standing.decision
    if made is None or made.expired(view.today):
        return UNDECIDED
    return Decision(made.state.value, made.reason, made.author, made.until.isoformat() if made.until else "")
