"""Which findings of a scan don't count, because the ledger decided about them or the baseline has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reprocheck.app.decide import View, look, marked
from reprocheck.app.evidence import reader, with_evidence
from reprocheck.config import Config
from reprocheck.config.origin import Source
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Fit, Standing, State
from reprocheck.scan.own_rules import UNREADABLE
from reprocheck.triage import baseline as baselines

_SHOWN = 3
"""Findings that a message names before it only counts."""
_CHOOSING = ("select", "extend-select", "ignore", "pack", "min-confidence")
"""Settings that decide which findings there are."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a scan could see, so that what it didn't see isn't taken for gone."""

    whole: bool
    """Whether all files of the project were looked at."""
    rules: frozenset[str] = frozenset()
    """Rules that ran to their end."""
    unseen: frozenset[str] = frozenset()
    """Files that could not be read to their end."""
    files: frozenset[str] = frozenset()
    """Files that were there to be looked at."""
    root: Path = Path()

    def saw(self, code: str, path: str) -> bool:
        """Whether a finding of that rule in that file, were it there, would have been found.

        A file that is on disk and was not looked at is left out by the settings; one that is nowhere was seen to be.
        """
        if not self.whole or code not in self.rules or path in self.unseen:
            return False
        return path in self.files or not (self.root / path).exists()


def scope_of(
    findings: Iterable[Finding],
    *,
    rules: Iterable[str],
    incomplete: Iterable[str],
    files: Iterable[str],
    root: Path,
    whole: bool,
) -> Scope:
    """The scope of a scan with these findings; `incomplete` are its reasons, each begun by a path or a code."""
    named = {reason.partition(": ")[0] for reason in incomplete}
    unreadable = {finding.place.path for finding in findings if finding.code == UNREADABLE.code}
    return Scope(whole, frozenset(rules) - named, frozenset(unreadable | named), frozenset(files), root)


def by_ledger(
    findings: Sequence[Finding], config: Config, texts: Mapping[str, bytes], *, whole: bool
) -> tuple[tuple[Finding, ...], list[str]]:
    """The findings, those that were decided marked, with evidence, and what a person should know of the decisions.

    `texts` are contents that count instead of what is on disk.
    """
    view = look(config, findings, whole=whole)
    if view.ledger.evidence:
        known = with_evidence(findings, view.ledger.evidence, reader(config, texts))
        view = look(config, known, whole=whole)
    if not view.ledger.decision:
        return view.findings, []
    return marked(view), list(_remarks(view, config.root))


def by_baseline(findings: Sequence[Finding], config: Config, scope: Scope) -> tuple[tuple[Finding, ...], list[str]]:
    """The findings with `known` set, and what a person should know of the baseline."""
    assert config.baseline is not None
    found, gone = baselines.mark(findings, baselines.read(config.baseline), whole=scope.whole)
    if any(config.origin(key).source is Source.FLAG for key in _CHOOSING):
        return found, []  # `baseline prune` looks with the project's settings, not with these
    forgotten = sum(scope.saw(entry.code, entry.path) for entry in gone)
    message = f"{forgotten} finding(s) of the baseline are gone; `reprocheck baseline prune` forgets them"
    return found, [message] if forgotten else []


@dataclass(slots=True)
class _Remark:
    text: str
    places: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        more = f" and {len(self.places) - _SHOWN} more" if len(self.places) > _SHOWN else ""
        return f"{len(self.places)} {self.text}: {', '.join(self.places[:_SHOWN])}{more}"


def _remarks(view: View, root: Path) -> Iterable[str]:
    expired = _Remark("decision(s) of the ledger have expired, so that their findings count again")
    again = _Remark("finding(s) that the ledger calls fixed are there again")
    renamed = _Remark(
        "decision(s) were made in files that are gone and were taken over for new names "
        "(`reprocheck triage --update` writes the new names down)"
    )
    unclear = _Remark(
        "finding(s) are identical to decided ones, so that it can't be told which was meant; decide again"
    )
    maybe = _Remark("finding(s) may be decided ones in renamed files, which a scan of the whole project would tell")
    gone = [] if view.whole else [decision for decision in view.unused if not (root / decision.path).exists()]
    waiting = {(decision.fingerprint, decision.context) for decision in gone}
    for standing in view.standings:
        finding, decision = standing.finding, standing.decision
        if finding.suppression is not None and finding.suppression.kind == "inline":
            continue
        if standing.unclear:
            unclear.places.append(_where(standing))
        if decision is None:
            if finding.context and (finding.fingerprint, finding.context) in waiting and not standing.unclear:
                maybe.places.append(_where(standing))
            continue
        if decision.state is State.FIXED:
            again.places.append(f"{_where(standing)} (fixed {decision.date})")
        elif decision.expired(view.today) and decision.state.sets_aside:
            expired.places.append(f"{_where(standing)} (until {decision.until})")
        elif standing.fit is Fit.RENAMED and decision.state.sets_aside:
            renamed.places.append(f"{decision.path} -> {_where(standing)}")
    return (str(remark) for remark in (expired, again, renamed, unclear, maybe) if remark.places)


def _where(standing: Standing) -> str:
    finding = standing.finding
    return f"{finding.code} at {finding.place.path}:{finding.place.span.line}"
