"""Which decision of the ledger is about which finding of today.

Identical findings are told apart by file and neighbours, never by their order. Where decisions fit more findings than
there are decisions, none of these inherits one: it is better asked twice than hidden once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from reprocheck.model.finding import Finding
from reprocheck.model.fingerprint import context, share_neighbour
from reprocheck.model.ledger import Decision, Fit, Standing

_AGE = re.compile(r"; unchanged since \d{4}-\d\d-\d\d$")

Exists = Callable[[str], bool]
"""Whether the project still has a file of that path."""


def standings(
    findings: Sequence[Finding], decisions: Iterable[Decision], *, whole: bool, exists: Exists
) -> tuple[tuple[Standing, ...], tuple[Decision, ...]]:
    """How each finding stands, in the same order, and the decisions that fit none.

    With `whole`, the findings are those of the project and not of some of its files: only then can a finding be seen
    to be the only one that a file's new name explains.
    """
    matching = _Matching(findings, sorted(decisions, key=lambda decision: decision.sort_key))
    matching.agree(Fit.EXACT, lambda f: (f.place.path, f.context), lambda d: (d.path, d.context))
    matching.question()
    matching.agree(Fit.MOVED, lambda f: f.place.path, lambda d: d.path)
    if whole:
        gone = {path for path in {d.path for d in matching.decisions} if not exists(path)}
        matching.agree(Fit.RENAMED, lambda f: f.context or None, lambda d: d.context if d.path in gone else None)
    return matching.result()


def surroundings(finding: Finding) -> str:
    """What tells a finding from identical ones in its file: its neighbours and what the rule says, in a digest."""
    return context(finding.context, plain(finding.message))


def plain(message: str) -> str:
    """A message without the age of the line, which is not always asked for."""
    return _AGE.sub("", message)


class _Matching:
    """Findings and decisions that are still without each other, and what was found so far."""

    def __init__(self, findings: Sequence[Finding], decisions: Sequence[Decision]) -> None:
        self._findings = findings
        self.decisions = decisions
        asked = {decision.fingerprint for decision in decisions}
        self._free_findings = [i for i, finding in enumerate(findings) if finding.fingerprint in asked]
        self._free_decisions = list(range(len(decisions)))
        self._fits: dict[int, tuple[Decision, Fit]] = {}
        self._unclear: dict[int, tuple[Decision, ...]] = {}
        self._used: set[int] = set()

    def agree(
        self,
        fit: Fit,
        of_finding: Callable[[Finding], Hashable],
        of_decision: Callable[[Decision], Hashable],
    ) -> None:
        """Bring together what has the same fingerprint and agrees in a key; a key of None agrees with nothing.

        Those of which the rule says the same come first: one line can have several findings of a rule.
        """
        self._agree(fit, of_finding, of_decision, lambda f: plain(f.message), lambda d: d.message)
        self._agree(fit, of_finding, of_decision, lambda _: "", lambda _: "")

    def _agree(
        self,
        fit: Fit,
        of_finding: Callable[[Finding], Hashable],
        of_decision: Callable[[Decision], Hashable],
        said: Callable[[Finding], str],
        recorded: Callable[[Decision], str],
    ) -> None:
        present: dict[Hashable, list[int]] = defaultdict(list)
        for index in self._free_findings:
            finding = self._findings[index]
            if (key := of_finding(finding)) is not None:
                present[finding.fingerprint, key, said(finding)].append(index)
        decided: dict[Hashable, list[int]] = defaultdict(list)
        for index in self._free_decisions:
            decision = self.decisions[index]
            if (key := of_decision(decision)) is not None:
                decided[decision.fingerprint, key, recorded(decision)].append(index)
        for key in decided.keys() & present.keys():
            candidates = decided[key]
            found = [
                i for i in present[key] if all(_may_inherit(self._findings[i], self.decisions[o]) for o in candidates)
            ]
            if found:
                self._pair(fit, found, candidates)
        self._free_findings = [i for i in self._free_findings if i not in self._fits and i not in self._unclear]
        self._free_decisions = [i for i in self._free_decisions if i not in self._used]

    def question(self) -> None:
        """Open what agrees in file and neighbours while an identical finding there shares one of these neighbours.

        That is how it looks when a few lines were copied: the copy of a decided finding may now stand between the
        neighbours that the decided one had.
        """
        free: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index in self._free_findings:
            free[self._findings[index].fingerprint, self._findings[index].place.path].append(index)
        for index, (decision, _) in list(self._fits.items()):
            sure = plain(self._findings[index].message) == decision.message
            rivals = [
                other
                for other in free.get((decision.fingerprint, decision.path), ())
                if (plain((rival := self._findings[other]).message) == decision.message or not sure)
                and share_neighbour(rival.context, decision.context)
                and _may_inherit(rival, decision)
            ]
            if rivals:
                del self._fits[index]
                for other in (index, *rivals):
                    self._unclear[other] = (*self._unclear.get(other, ()), decision)
        self._free_findings = [index for index in self._free_findings if index not in self._unclear]

    def _pair(self, fit: Fit, found: list[int], candidates: list[int]) -> None:
        decisions = [self.decisions[index] for index in candidates]
        alike = len({(decision.state, decision.until) for decision in decisions}) == 1
        if len(found) > len(decisions) or (len(decisions) > 1 and not alike):
            self._unclear.update(dict.fromkeys(found, tuple(decisions)))
        else:
            self._fits.update({i: (d, fit) for i, d in zip(found, decisions, strict=False)})
            candidates = candidates[: len(found)]
        self._used.update(candidates)

    def result(self) -> tuple[tuple[Standing, ...], tuple[Decision, ...]]:
        """How each finding stands, and the decisions that fit none."""
        stand = []
        for index, finding in enumerate(self._findings):
            decision, fit = self._fits.get(index, (None, Fit.EXACT))
            stand.append(Standing(finding, decision, fit, self._unclear.get(index, ())))
        return tuple(stand), tuple(self.decisions[index] for index in self._free_decisions)


def _may_inherit(finding: Finding, decision: Decision) -> bool:
    """Whether the finding is not one that was there, and left undecided, when the decision was made."""
    path = finding.place.path
    if path == decision.path:
        return not decision.beside or surroundings(finding) not in decision.beside
    return path not in decision.elsewhere
