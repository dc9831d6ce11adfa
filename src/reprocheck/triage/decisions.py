"""Which decision of the ledger is about which finding of today.

Identical findings are told apart by file and neighbours, never by their order. Where decisions fit more findings than
there are decisions, none of these inherits one: it is better asked twice than hidden once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Decision, Fit, Standing

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
    matching.agree(Fit.MOVED, lambda f: f.place.path, lambda d: d.path, allowed=lambda f, d: f.context not in d.beside)
    if whole:
        gone = {path for path in {d.path for d in matching.decisions} if not exists(path)}
        matching.agree(
            Fit.RENAMED,
            lambda f: f.context or None,
            lambda d: d.context if d.path in gone else None,
            allowed=lambda f, d: f.place.path not in d.elsewhere,
        )
    return matching.result()


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

    def agree(
        self,
        fit: Fit,
        of_finding: Callable[[Finding], Hashable],
        of_decision: Callable[[Decision], Hashable],
        *,
        allowed: Callable[[Finding, Decision], bool] = lambda _finding, _decision: True,
    ) -> None:
        """Bring together what has the same fingerprint and agrees in a key; a key of None agrees with nothing."""
        present: dict[Hashable, list[int]] = defaultdict(list)
        for index in self._free_findings:
            finding = self._findings[index]
            if (key := of_finding(finding)) is not None:
                present[finding.fingerprint, key].append(index)
        decided: dict[Hashable, list[int]] = defaultdict(list)
        for index in self._free_decisions:
            decision = self.decisions[index]
            if (key := of_decision(decision)) is not None and (decision.fingerprint, key) in present:
                decided[decision.fingerprint, key].append(index)
        for key, candidates in decided.items():
            found = [
                index
                for index in present[key]
                if all(allowed(self._findings[index], self.decisions[other]) for other in candidates)
            ]
            if found:
                self._pair(fit, found, candidates)

    def _pair(self, fit: Fit, found: list[int], candidates: list[int]) -> None:
        decisions = [self.decisions[index] for index in candidates]
        alike = len({(decision.state, decision.until) for decision in decisions}) == 1
        if len(found) > len(decisions) or (len(decisions) > 1 and not alike):
            self._unclear.update(dict.fromkeys(found, tuple(decisions)))
        else:
            self._fits.update({i: (d, fit) for i, d in zip(found, decisions, strict=False)})
            candidates = candidates[: len(found)]
        taken, used = set(found), set(candidates)
        self._free_findings = [index for index in self._free_findings if index not in taken]
        self._free_decisions = [index for index in self._free_decisions if index not in used]

    def result(self) -> tuple[tuple[Standing, ...], tuple[Decision, ...]]:
        """How each finding stands, and the decisions that fit none."""
        stand = []
        for index, finding in enumerate(self._findings):
            decision, fit = self._fits.get(index, (None, Fit.EXACT))
            stand.append(Standing(finding, decision, fit, self._unclear.get(index, ())))
        return tuple(stand), tuple(self.decisions[index] for index in self._free_decisions)
