"""What experiments say of findings: written to the ledger where a user asks for it, read back by every scan."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import structs

from reprocheck.app.code_slice import Read, slice_of
from reprocheck.config import Config
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Evidence, Outcome
from reprocheck.triage import ledger_file
from reprocheck.triage.ledger_text import LedgerText

REPLAY, SKEW = "replay", "skew"
"""Factors: nothing but the run itself is repeated; training's code is exchanged for serving's."""
_STRENGTH = (Outcome.CONFIRMED, Outcome.REFUTED, Outcome.NOT_OBSERVED)


class Learned(NamedTuple):
    """What an experiment says of findings."""

    evidence: tuple[Evidence, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why it doesn't say more, one sentence each."""


def reader(config: Config, texts: Mapping[str, bytes] | None = None) -> Read:
    """Content of the project's files, some of them given; nothing outside of the project is read."""
    root = config.root.resolve()

    def read(path: str) -> bytes | None:
        if texts is not None and path in texts:
            return texts[path]
        file = (root / path).resolve()
        try:
            return file.read_bytes() if file.is_relative_to(root) and file.is_file() else None
        except OSError:
            return None

    return read


def evidence_about(
    finding: Finding, read: Read, *, command: str, factor: str, outcome: Outcome, runs: int, run: str = ""
) -> Evidence:
    """What is written down of one finding as it stands now."""
    return Evidence(
        fingerprint=finding.fingerprint,
        path=finding.place.path,
        context=finding.context,
        code=finding.code,
        slice=slice_of(finding, read),
        command=command,
        factor=factor,
        runs=runs,
        outcome=outcome,
        run=run,
        date=dt.datetime.now(tz=dt.UTC).date(),
    )


# The ledger


def keep(config: Config, learned: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Write evidence to the ledger; returns what was new. Raises LedgerError.

    Of one experiment on the same code the ledger has the last word only, except that agreement takes no confirmation
    back: what was seen to differ once differs.
    """
    written: list[Evidence] = []

    def edit(text: LedgerText) -> LedgerText:
        written.clear()
        known = {_key(item): item for item in text.ledger.evidence}
        removed: list[Evidence] = []
        for item in learned:
            old = known.get(_key(item))
            if old is not None and (_weaker(item, old) or structs.replace(item, date=old.date) == old):
                continue
            if old is not None:
                removed.append(old)
            known[_key(item)] = item
            written.append(item)
        return text.edited(removed=removed, added=written)

    ledger_file.change(config.root, edit)
    return tuple(written)


def _key(item: Evidence) -> tuple[str, ...]:
    return (item.fingerprint, item.path, item.context, item.slice, item.command, item.factor, *item.levels)


def _weaker(item: Evidence, old: Evidence) -> bool:
    return _STRENGTH.index(item.outcome) > _STRENGTH.index(old.outcome)


# Every scan


def with_evidence(findings: Sequence[Finding], known: Iterable[Evidence], read: Read) -> tuple[Finding, ...]:
    """The findings with what the ledger has of experiments on just this code."""
    by_print: dict[tuple[str, str], list[Evidence]] = {}
    for item in known:
        by_print.setdefault((item.fingerprint, item.path), []).append(item)
    if not by_print:
        return tuple(findings)
    twins = Counter((finding.fingerprint, finding.place.path) for finding in findings)
    marked = []
    for finding in findings:
        alone = twins[finding.fingerprint, finding.place.path] == 1
        candidates = by_print.get((finding.fingerprint, finding.place.path), [])
        own = slice_of(finding, read) if candidates else ""
        held = [item for item in candidates if item.slice == own and (alone or item.context == finding.context)]
        marked.append(structs.replace(finding, evidence=spelled(held)) if held else finding)
    return tuple(marked)


def spelled(held: Sequence[Evidence]) -> str:
    """What experiments come to, in one line: the strongest, and of equals the one with the most runs."""
    best = min(held, key=lambda item: (_STRENGTH.index(item.outcome), -item.runs, item.sort_key))
    by = best.run or best.factor
    match best.outcome:
        case Outcome.CONFIRMED:
            return f"confirmed by {by}"
        case Outcome.REFUTED:
            return f"refuted by {by}"
        case _:
            return f"not observed in {best.runs} run{'s' * (best.runs != 1)} under {best.factor}"
