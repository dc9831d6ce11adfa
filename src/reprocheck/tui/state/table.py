"""Findings as columns: what the list and the filter need is at hand, the rest is decoded when it is looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from reprocheck.model.finding import Confidence, Finding, Severity, Suppression
from reprocheck.model.fix import Safety
from reprocheck.model.place import Cell, Span
from reprocheck.tui.state.query import Query, Term

OPEN = "open"


class _Place(msgspec.Struct):
    path: str
    span: Span
    cell: Cell | None = None


class _Fix(msgspec.Struct):
    safety: Safety


class _Row(msgspec.Struct):
    """What is read of every finding."""

    code: str
    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    place: _Place
    symbol: str = ""
    fix: _Fix | None = None
    evidence: str = "untested"
    fingerprint: str = ""
    context: str = ""
    suppression: Suppression | None = None
    known: bool | None = None


_ROW = msgspec.msgpack.Decoder(_Row)
_FINDING = msgspec.msgpack.Decoder(Finding)


class FindingTable:
    """All findings of one scan, by their number in it."""

    __slots__ = (
        "_raw", "cells", "codes", "confidences", "contexts", "evidence", "fingerprints", "fixes", "lines", "messages",
        "paths", "rules", "severities", "states", "symbols", "texts", "widest",
    )  # fmt: skip

    def __init__(self) -> None:
        """A table without findings."""
        self._raw: list[bytes] = []
        self.codes: list[str] = []
        self.rules: list[str] = []
        self.severities: list[Severity] = []
        self.confidences: list[Confidence] = []
        self.messages: list[str] = []
        self.paths: list[str] = []
        self.lines: list[int] = []
        self.cells: list[Cell | None] = []
        self.symbols: list[str] = []
        self.fixes: list[str] = []
        self.evidence: list[str] = []
        self.fingerprints: list[str] = []
        self.contexts: list[str] = []
        self.states: list[str] = []
        self.texts: list[str] = []
        self.widest = 0
        """Characters of the longest place."""

    def __len__(self) -> int:
        return len(self._raw)

    def extend(self, encoded: Iterable[bytes | msgspec.Raw]) -> None:
        """Add findings, each encoded as MessagePack; raises msgspec.DecodeError."""
        for raw in encoded:
            row = _ROW.decode(raw)
            self._raw.append(bytes(raw))
            self.codes.append(sys.intern(row.code))
            self.rules.append(sys.intern(row.rule))
            self.severities.append(row.severity)
            self.confidences.append(row.confidence)
            self.messages.append(row.message)
            self.paths.append(sys.intern(row.place.path))
            self.lines.append(row.place.span.line)
            self.cells.append(row.place.cell)
            self.symbols.append(sys.intern(row.symbol))
            self.fixes.append("none" if row.fix is None else row.fix.safety.value)
            self.evidence.append(sys.intern(row.evidence))
            self.fingerprints.append(sys.intern(row.fingerprint))
            self.contexts.append(row.context)
            self.states.append(_own_state(row))
            self.widest = max(self.widest, len(self.place(len(self.paths) - 1)))
            self.texts.append(f"{row.code} {row.rule} {row.place.path} {row.symbol} {row.message}".lower())

    def place(self, index: int) -> str:
        """Path and line as a person writes them; in a notebook the cell and its line."""
        cell = self.cells[index]
        return f"{self.paths[index]}:{self.lines[index] if cell is None else f'[{cell.number}]:{cell.line}'}"

    def finding(self, index: int) -> Finding:
        """The whole finding."""
        return _FINDING.decode(self._raw[index])

    def matching(self, query: Query, among: Sequence[int]) -> Sequence[int]:
        """Those of `among` that the query leaves, in the same order."""
        for term in query.terms:
            among = self._kept(term, among)
        return among

    def _kept(self, term: Term, among: Sequence[int]) -> list[int]:
        wanted = not term.negated
        if term.key == "":
            texts, value = self.texts, term.values[0]
            return [index for index in among if (value in texts[index]) is wanted]
        column, holds = self._column(term)
        answers: dict[str, bool] = {}
        kept = []
        for index in among:
            entry = column[index]
            answer = answers.get(entry)
            if answer is None:
                answer = answers[entry] = any(holds(entry, value) for value in term.values) is wanted
            if answer:
                kept.append(index)
        return kept

    def _column(self, term: Term) -> tuple[Sequence[str], Callable[[str, str], bool]]:
        columns: Mapping[str, tuple[Sequence[str], Callable[[str, str], bool]]] = {
            "code": (self.codes, lambda entry, value: entry.startswith(value.upper())),
            "rule": (self.rules, _contains),
            "sev": (self.severities, _equals),
            "conf": (self.confidences, _equals),
            "path": (self.paths, _path_matches),
            "state": (self.states, _state_matches),
            "evidence": (self.evidence, lambda entry, value: entry.startswith(value.replace("-", " "))),
            "fix": (self.fixes, lambda entry, value: entry == value or (value == "any" and entry != "none")),
            "symbol": (self.symbols, _contains),
            "id": (self.fingerprints, lambda entry, value: entry.startswith(value.lower())),
        }
        return columns[term.key]


def _own_state(row: _Row) -> str:
    """The state before anybody has decided; what the ledger says is looked up apart, with its reasons."""
    if row.suppression is not None and row.suppression.kind != "ledger":
        return "suppressed"
    return "known" if row.known else OPEN


def _equals(entry: str, value: str) -> bool:
    return entry == value


def _contains(entry: str, value: str) -> bool:
    return value.lower() in entry.lower()


def _path_matches(entry: str, value: str) -> bool:
    if any(character in value for character in "*?["):
        return fnmatchcase(entry, value) or fnmatchcase(entry, f"*/{value}")
    return value in entry


def _state_matches(entry: str, value: str) -> bool:
    return entry == value or (value == "decided" and entry in {"accepted", "false-positive", "fixed"})
