"""Finds the findings of an earlier scan again after edits around them.

Recorded and present findings are matched as multisets per fingerprint, best agreement first: an identical twin that
appears before the first one takes neither its place nor its decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from reprocheck.model.finding import Finding


class Recorded(Protocol):
    """What was written down about a finding."""

    @property
    def fingerprint(self) -> str:
        """Identity without place."""

    @property
    def path(self) -> str:
        """Path at the time."""

    @property
    def context(self) -> str:
        """Digest of the neighbouring statements at the time."""


def match_up(findings: Sequence[Finding], recorded: Sequence[Recorded]) -> dict[int, int]:
    """Index of the recorded finding by index of the present one; each is used once at most."""
    present: dict[str, list[int]] = defaultdict(list)
    known: dict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        present[finding.fingerprint].append(index)
    for index, entry in enumerate(recorded):
        known[entry.fingerprint].append(index)
    matched: dict[int, int] = {}
    for identity, candidates in known.items():
        matched.update(_match_twins(findings, recorded, present.get(identity, ()), candidates))
    return matched


def _match_twins(
    findings: Sequence[Finding], recorded: Sequence[Recorded], present: Iterable[int], known: Iterable[int]
) -> dict[int, int]:
    free_present, free_known = list(present), list(known)
    matched: dict[int, int] = {}
    # Whoever agrees in path and neighbours is matched first, then path alone, then neighbours alone, then the rest.
    for agrees in (_path_and_context, _path, _context, _anything):
        for known_index in list(free_known):
            for index in free_present:
                if agrees(findings[index], recorded[known_index]):
                    matched[index] = known_index
                    free_present.remove(index)
                    free_known.remove(known_index)
                    break
    return matched


def _path_and_context(finding: Finding, entry: Recorded) -> bool:
    return _path(finding, entry) and _context(finding, entry)


def _path(finding: Finding, entry: Recorded) -> bool:
    return finding.place.path == entry.path


def _context(finding: Finding, entry: Recorded) -> bool:
    return finding.context == entry.context


def _anything(finding: Finding, entry: Recorded) -> bool:  # noqa: ARG001 — same signature as its kin
    return True
