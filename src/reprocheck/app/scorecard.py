"""`--scorecard`: what a scan says of a project, as answers to the questions of the ML Test Score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reprocheck.app.scorecard_items import HEADS, CountItem, PracticeItem
from reprocheck.model.audit import Audit
from reprocheck.model.finding import Finding, Severity
from reprocheck.model.place import Place
from reprocheck.model.practice import Assessment, Evidence, Standing
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts
from reprocheck.model.scorecard import POINTS, Head, Item, NextStep, Scorecard, Sign
from reprocheck.scan.places import Places

STEPS = 3
"""Steps that a scorecard names."""
_SHOWN = 5
"""Findings that an item of counts lists."""
_PER_FILES = 10
"""An item of counts is partly met while its warnings are at most one for so many files."""
_AUDIT, _SKEW = "ENV011", "SKW"
_SERVING = frozenset({"PRJ008", "PRJ020"})
"""Rules that apply only where something is served."""
OPEN = frozenset({Standing.MISSING, Standing.PARTLY})
"""How an item stands that could earn more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a scan saw."""

    findings: tuple[Finding, ...]
    """All but those that somebody has suppressed; what a baseline knows counts."""
    assessments: tuple[Assessment, ...]
    rules: Mapping[str, RuleInfo]
    """Rules that ran, by code."""
    files: FileCounts
    audit: Audit | None
    places: Places


def make_scorecard(seen: Seen) -> Scorecard:
    """Put together what a scan found."""
    by_code = {assessment.code: assessment for assessment in seen.assessments}
    serves = any(a.code in _SERVING and a.standing is not Standing.NOT_APPLICABLE for a in by_code.values())
    heads = []
    for name, asked in HEADS.items():
        items = []
        for question in asked:
            match question:
                case PracticeItem():
                    items.append(_practice(question, by_code.get(question.code), seen))
                case CountItem():
                    items.append(_counted(question, seen, serves=serves))
        heads.append(Head(name=name, items=tuple(items)))
    return Scorecard(heads=tuple(heads), steps=tuple(_steps(heads)))


def _practice(question: PracticeItem, found: Assessment | None, seen: Seen) -> Item:
    if found is None:
        return Item(
            key=question.code,
            title=question.title,
            standing=Standing.NOT_LOOKED_AT,
            looked_at="the rule could not be run",
            effort=question.effort,
            tests=question.tests,
        )
    info = seen.rules.get(question.code)
    return Item(
        key=question.code,
        title=question.title,
        standing=found.standing,
        looked_at=found.looked_at,
        found=tuple(_sign(evidence, seen.places) for evidence in found.found),
        against=() if found.place is None else (_sign(found.place, seen.places),),
        earn=info.fix if info is not None and found.standing in OPEN else "",
        effort=question.effort,
        tests=question.tests,
    )


def _sign(evidence: Evidence, places: Places) -> Sign:
    place = places.place(evidence.path, evidence.span)
    return Sign(Place(place.path, place.span, place.cell), evidence.message)


def _counted(question: CountItem, seen: Seen, *, serves: bool) -> Item:
    findings = sorted(
        (f for f in seen.findings if f.code.startswith(question.codes)),
        key=lambda f: (f.severity.rank, f.confidence.rank, f.sort_key),
    )
    if question.codes == (_AUDIT,):
        standing, looked_at = _audited(seen.audit, findings)
    elif question.codes == (_SKEW,) and not serves and not findings:
        standing, looked_at = Standing.NOT_APPLICABLE, "nothing answers requests with a model"
    else:
        ran = [code for code in seen.rules if code.startswith(question.codes)]
        standing, looked_at = _counts(findings, ran, seen.files)
    return Item(
        key=question.key,
        title=question.title,
        standing=standing,
        looked_at=looked_at,
        against=tuple(Sign(f.place, f"{f.code}: {f.message}") for f in findings[:_SHOWN]),
        earn=question.earn if standing in OPEN else "",
        effort=question.effort,
        tests=question.tests,
    )


def _audited(audit: Audit | None, findings: list[Finding]) -> tuple[Standing, str]:
    """Met only where everything that is declared could be looked up."""
    if audit is None:
        return Standing.NOT_LOOKED_AT, "advisories were not asked (`--audit`)"
    if not audit.audited and not audit.unaudited:
        return Standing.NOT_APPLICABLE, "no file declares packages"
    looked_at = (
        f"{audit.audited:,} packages at exact versions, {len(audit.vulnerable):,} places with known vulnerabilities, "
        f"{len(audit.unaudited):,} declarations that could not be looked up"
    )
    if findings:
        return Standing.MISSING, looked_at
    return (Standing.PARTLY if audit.unaudited else Standing.MET), looked_at


def _counts(findings: list[Finding], ran: list[str], counts: FileCounts) -> tuple[Standing, str]:
    """Met without warnings and errors, partly with few warnings for the number of files, else missing."""
    if not ran:
        return Standing.NOT_LOOKED_AT, "none of its rules is selected"
    files = counts.python + counts.notebooks
    if not files:
        return Standing.NOT_APPLICABLE, "no Python"
    errors = sum(f.severity is Severity.ERROR for f in findings)
    warnings = sum(f.severity is Severity.WARNING for f in findings)
    tally = f"{errors:,} errors, {warnings:,} warnings, {len(findings) - errors - warnings:,} notes"
    looked_at = f"{len(ran)} {'rule' if len(ran) == 1 else 'rules'} over {files:,} Python files: {tally}"
    if not errors and not warnings:
        return Standing.MET, looked_at
    few = not errors and warnings * _PER_FILES <= files
    return (Standing.PARTLY if few else Standing.MISSING), looked_at


def _steps(heads: list[Head]) -> Iterable[NextStep]:
    """The cheapest open item of the head that is the weakest at that moment, as if each step had been taken.

    The overall score is that of the weakest head, so that nothing else raises it. Among items of equal effort the one
    that earns most comes first, then the one that stands first.
    """
    granted: set[str] = set()
    for _ in range(STEPS):
        best = _next(heads, granted)
        if best is None:
            return
        head, item, share = best
        granted.add(item.key)
        points = 1 - POINTS[item.standing]
        yield NextStep(
            head=head.name,
            key=item.key,
            title=item.title,
            earn=item.earn,
            reason=f"{head.name} is the weakest head ({share:.0%}); this earns {points:g} of {head.possible} points",
        )


def _next(heads: list[Head], granted: set[str]) -> tuple[Head, Item, float] | None:
    rated = []
    for position, head in enumerate(heads):
        open_ = [i for i in head.items if i.standing in OPEN and i.key not in granted]
        if open_:
            gained = sum(1 - POINTS[i.standing] for i in head.items if i.key in granted)
            rated.append(((head.points + gained) / head.possible, position, head, open_))
    if not rated:
        return None
    share, _, head, open_ = min(rated, key=lambda entry: entry[:2])
    item = min(open_, key=lambda i: (i.effort, POINTS[i.standing], head.items.index(i)))
    return head, item, share
