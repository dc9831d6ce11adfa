"""What was decided about findings, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reprocheck.model.finding import Finding


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody thinks of a finding."""

    state: str
    """`open`, `accepted`, `false-positive` or `fixed`."""
    reason: str = ""


UNDECIDED = Decision("open")


class Identified(Protocol):
    """Findings by their number, as far as they are found again in a ledger."""

    fingerprints: Sequence[str]
    paths: Sequence[str]
    contexts: Sequence[str]


class Ledger(Protocol):
    """Keeps decisions; others may write to the same one at any time."""

    def read(self, findings: Identified) -> dict[int, Decision]:
        """Decisions by the number of the finding they are about; raises LedgerTrouble."""
        ...

    def write(self, decisions: Sequence[tuple[Finding, Decision]]) -> None:
        """Keep decisions, all or none, before it returns; raises LedgerTrouble."""
        ...

    def stamp(self) -> object:
        """Something that is another thing once anybody has written."""
        ...


class LedgerTrouble(Exception):
    """The ledger can't be read or written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One decision about one finding, with what was there before."""

    finding: Finding
    before: Decision
    after: Decision


class History:
    """Changes that can be taken back, and those that were."""

    def __init__(self) -> None:
        self._done: list[tuple[Change, ...]] = []
        self._undone: list[tuple[Change, ...]] = []

    def did(self, changes: Sequence[Change]) -> None:
        """Remember what was decided at once; what was undone before can't be done again after it."""
        if changes:
            self._done.append(tuple(changes))
            self._undone.clear()

    @property
    def last(self) -> tuple[Change, ...]:
        """What undo would take back; empty where there is nothing."""
        return self._done[-1] if self._done else ()

    @property
    def next(self) -> tuple[Change, ...]:
        """What redo would do again; empty where there is nothing."""
        return self._undone[-1] if self._undone else ()

    def undone(self) -> None:
        """The last decision was taken back."""
        self._undone.append(self._done.pop())

    def redone(self) -> None:
        """It was made again."""
        self._done.append(self._undone.pop())
