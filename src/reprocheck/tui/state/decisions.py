"""What was decided about findings and repaired, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reprocheck.model.finding import Finding
from reprocheck.tui.state.table import FindingTable


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody thinks of a finding."""

    state: str
    """`open`, `accepted`, `false-positive` or `fixed`."""
    reason: str = ""
    author: str = ""
    until: str = ""
    """Last day on which it holds; empty for always."""

    def says(self, other: Decision) -> bool:
        """Whether the other one says the same, whoever made it."""
        return (self.state, self.reason) == (other.state, other.reason)


UNDECIDED = Decision("open")


@dataclass(frozen=True, slots=True)
class Change:
    """One decision about one finding, with what was there before."""

    finding: Finding
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of some changes; the ledger that gave it can undo them."""

    token: object
    overtaken: int = 0
    """Decisions that were not written, since somebody else had decided about the same findings."""


class Ledger(Protocol):
    """Keeps decisions; others may write to the same one at any time. Everything raises LedgerTrouble."""

    def read(self, table: FindingTable, *, whole: bool) -> dict[int, Decision]:
        """Decisions by the number of the finding; `whole` says that the table is about the whole project."""
        ...

    def write(self, table: FindingTable, changes: Sequence[Change], *, whole: bool) -> Receipt:
        """Keep decisions before it returns."""
        ...

    def undo(self, receipt: Receipt) -> Receipt:
        """Put back what was there before; the receipt of that does it again."""
        ...

    def stamp(self) -> object:
        """Something that is another thing once anybody has written."""
        ...


class LedgerTrouble(Exception):
    """The ledger can't be read or written; the message says why and what to do."""


@dataclass(slots=True)
class Deed:
    """What was decided at once."""

    changes: tuple[Change, ...]
    receipt: Receipt | None = None
    """Known once it is written."""


@dataclass(frozen=True, slots=True)
class Mended:
    """Fixes that were carried out at once."""

    findings: int
    before: Mapping[str, bytes | None]
    """Content by path of the files that changed; None for one that was not there."""
    after: Mapping[str, bytes | None]


class History:
    """What can be taken back, and what was."""

    def __init__(self) -> None:
        self._done: list[Deed | Mended] = []
        self._undone: list[Deed | Mended] = []

    def did(self, deed: Deed | Mended) -> None:
        """Remember what was done; what was undone before can't be done again after it."""
        self._done.append(deed)
        self._undone.clear()

    def undo(self) -> Deed | Mended | None:
        """The last deed, which is taken back now; None where there is nothing."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Deed | Mended | None:
        """The deed that was taken back last, and is done again now; None where there is nothing."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]
