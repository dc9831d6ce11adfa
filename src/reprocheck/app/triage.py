"""`reprocheck triage`: which findings and decisions are meant, and which decisions have outlived their finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from reprocheck.app import knowledge as knowledge_of
from reprocheck.app.audit import AuditRequest
from reprocheck.app.decide import View, look
from reprocheck.app.errors import UsageError
from reprocheck.app.scan_project import Progress, Scanned, ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence
from reprocheck.model.ledger import Decision, Ledger, Standing
from reprocheck.project.gitignore import ignore_rules
from reprocheck.scan.own_rules import AUDIT_RULES, OWN_RULES
from reprocheck.triage import ledger_file

_PREFIX = re.compile(r"[0-9a-f]{4,16}")
_LISTED = 12
"""Candidates that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the user points at; of several kinds each must agree."""

    fingerprints: tuple[str, ...] = ()
    """Fingerprints or unique beginnings of them."""
    codes: tuple[str, ...] = ()
    """Codes, families or names of rules."""
    paths: tuple[str, ...] = ()
    """Patterns of paths, as in `.gitignore`."""
    line: int | None = None
    """Line of the finding, which tells identical ones of one file apart."""

    def __bool__(self) -> bool:
        """Whether it points at anything."""
        return bool(self.fingerprints or self.codes or self.paths)


@dataclass(frozen=True, slots=True)
class Looked:
    """A scan of the project with the ledger laid over it."""

    scanned: Scanned
    view: View


def look_at(config: Config, selection: Selection, progress: Progress, audit: AuditRequest | None = None) -> Looked:
    """Scan the project; further down than the settings say when a fingerprint is not among what they show."""
    looked = _scan(config, progress, audit)
    shown = {standing.finding.fingerprint for standing in looked.view.standings}
    if all(any(print_.startswith(word) for print_ in shown) for word in selection.fingerprints):
        return looked
    words = tuple(dict.fromkeys((*config.select, *config.extend_select)))
    deeper = msgspec.structs.replace(
        config, select=(), extend_select=words, pack="strict", min_confidence=Confidence.LOW, cache=False
    )
    return _scan(deeper, progress, audit)


def chosen_findings(looked: Looked, selection: Selection) -> tuple[Standing, ...]:
    """The findings that are meant; raises UsageError when a fingerprint is unknown or ambiguous.

    Without fingerprints they are those that count, with them all of that identity.
    """
    view = looked.view
    candidates: Sequence[Standing] = view.standings
    if selection.fingerprints:
        places = {s.finding.fingerprint: f"{s.finding.code} in {s.finding.place.path}" for s in candidates}
        hint = (
            "no finding of the project has the fingerprint {word}; `reprocheck scan -v` shows them as ids, and those "
            "of an audit need --audit here too"
        )
        meant = _complete(selection.fingerprints, places, hint)
        candidates = [standing for standing in candidates if standing.finding.fingerprint in meant]
    else:
        candidates = [s for s in candidates if s.finding.suppression is None and not s.sets_aside(view.today)]
    path_matches = _path_matcher(selection.paths)
    return tuple(
        standing
        for standing in candidates
        if _code_matches(selection.codes, standing.finding.code, standing.finding.rule)
        and path_matches(standing.finding.place.path)
        and selection.line in {None, standing.finding.place.span.line}
    )


def chosen_decisions(ledger: Ledger, selection: Selection) -> tuple[Decision, ...]:
    """The decisions that are meant, all without a selection; raises UsageError for an unknown fingerprint."""
    decisions: Iterable[Decision] = ledger.decision
    if selection.fingerprints:
        places = {decision.fingerprint: f"{decision.code} in {decision.path}" for decision in decisions}
        hint = "the ledger has no decision about {word}; `reprocheck triage` lists them"
        meant = _complete(selection.fingerprints, places, hint)
        decisions = [decision for decision in decisions if decision.fingerprint in meant]
    path_matches = _path_matcher(selection.paths)
    return tuple(
        decision
        for decision in decisions
        if _code_matches(selection.codes, decision.code, "") and path_matches(decision.path)
    )


@dataclass(frozen=True, slots=True)
class Outlived:
    """Decisions and what a whole scan says of them."""

    view: View
    gone: tuple[Decision, ...]
    """Their finding would have been found and wasn't; those that say `fixed` are left out, for that is as it should."""
    unseen: tuple[Decision, ...]
    """They fit nothing, but their rule didn't run or their file wasn't read."""


def outlived(config: Config, progress: Progress, audit: AuditRequest | None = None) -> Outlived:
    """Scan the whole project with every rule that the ledger names, down to the least certain findings.

    What an audit said is only looked up anew when an audit is asked for.
    """
    ledger = ledger_file.read(config.root)
    knowledge = knowledge_of.load(knowledge_of.sources_of(config))
    known = (set(knowledge.rules) | set(OWN_RULES)) - (AUDIT_RULES if audit is None else set())
    codes = tuple(sorted({decision.code for decision in ledger.decision} & known))
    if not codes:
        return Outlived(look(config, (), whole=False), (), ledger.decision)
    wide = msgspec.structs.replace(
        config, select=codes, extend_select=(), min_confidence=Confidence.LOW, cache=False, baseline=None
    )
    looked = _scan(wide, progress, audit)
    unused = [decision for decision in looked.view.unused if decision.state != "fixed"]
    seen = [decision for decision in unused if looked.scanned.scope.saw(decision.code, decision.path)]
    return Outlived(looked.view, tuple(seen), tuple(decision for decision in unused if decision not in seen))


def _scan(config: Config, progress: Progress, audit: AuditRequest | None) -> Looked:
    scanned = scan_project(ScanRequest(config=config, use_ledger=False, audit=audit), progress)
    return Looked(scanned, look(config, scanned.result.findings, whole=scanned.scope.whole))


def _complete(words: Iterable[str], places: dict[str, str], hint: str) -> frozenset[str]:
    """Whole fingerprints for their beginnings."""
    meant: set[str] = set()
    for word in words:
        if not _PREFIX.fullmatch(word):
            raise UsageError(f"{word!r} is no fingerprint: these are 4 to 16 hexadecimal digits")
        found = sorted(fingerprint for fingerprint in places if fingerprint.startswith(word))
        if not found:
            raise UsageError(hint.format(word=word))
        if len(found) > 1:
            shown = "".join(f"\n  {fingerprint}  {places[fingerprint]}" for fingerprint in found[:_LISTED])
            more = f"\n  and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            raise UsageError(f"{len(found)} fingerprints begin with {word}; give more of it:{shown}{more}")
        meant.update(found)
    return frozenset(meant)


def _code_matches(words: Sequence[str], code: str, rule: str) -> bool:
    return not words or any(code.startswith(word) or (rule and rule == word) for word in words)


def _path_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    if not patterns:
        return lambda _: True
    spec = ignore_rules(patterns)
    return lambda path: path in patterns or (spec is not None and spec.covers(path))
