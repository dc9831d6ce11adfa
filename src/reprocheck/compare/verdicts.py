"""Verdicts: what many differences amount to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reprocheck.model.comparison import Because, Difference, Distance, Outcome, Verdict


def judge_all(differences: Iterable[Difference], *, runs: int = 1) -> Verdict:
    """The worst of all; without any artifact nothing is shown, so that the outcome is inconclusive.

    N runs without a divergence bound its probability by 3/N (95%; the rule of three, Hanley and Lippman-Hand 1983).
    """
    found = list(differences)
    if not found:
        return Verdict(outcome=Outcome.INCONCLUSIVE, reason="there is nothing to compare", runs=runs)
    worst = max(found, key=lambda difference: difference.outcome.rank)
    because = tuple(sorted({why for one in found for why in one.because})) if _passes(worst.outcome) else ()
    bound = min(3 / runs, 1.0) if _passes(worst.outcome) and runs > 3 else None  # noqa: PLR2004 — 3/N bounds nothing up to 3
    return Verdict(outcome=worst.outcome, because=because, reason=_reason(found, worst, runs), runs=runs, bound=bound)


def _passes(outcome: Outcome) -> bool:
    return outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}


def _reason(found: list[Difference], worst: Difference, runs: int) -> str:
    total = f"{len(found):,} artifact{'s' * (len(found) != 1)}"
    matching = [one for one in found if one.outcome is worst.outcome]
    match worst.outcome:
        case Outcome.IDENTICAL:
            text = f"{total}: the same bytes"
        case Outcome.EQUIVALENT:
            text = f"{_share(len(matching), len(found))} only {_how_equivalent(matching)}"
        case Outcome.INCONCLUSIVE:
            text = f"{matching[0].name}: {matching[0].message or 'could not be compared'}"
        case Outcome.DIVERGENT:
            text = f"{_share(len(matching), len(found), 'diverge')}, the first is {_first(matching[0])}"
    return text + _bound(worst.outcome, runs)


def _share(number: int, total: int, verb: str = "differ") -> str:
    if number == total:
        return f"{total:,} artifact{'s' * (total != 1)} {verb}{'s' * (total == 1)}"
    return f"{number:,} of {total:,} artifacts {verb}{'s' * (number == 1)}"


def _bound(outcome: Outcome, runs: int) -> str:
    if not _passes(outcome) or runs == 1:
        return ""
    if runs <= 3:  # noqa: PLR2004 — 3/N bounds nothing up to 3
        return f"; {runs} runs agree, too few to bound how often one diverges"
    return f"; {runs} runs agree, so that fewer than {3 / runs:.2g} of all runs diverge (3/N, 95%)"


def _how_equivalent(found: list[Difference]) -> str:
    parts = []
    used = [one for one in leaves(found) if Because.TOLERANCE in one.because]
    if any(Because.METADATA in one.because for one in found):
        parts.append("in metadata")
    if used:
        tolerances = sorted({one.tolerance for one in used if one.tolerance})
        farthest = max((one.distance for one in used if one.distance), key=_far, default=None)
        by = f", at most {distance_words(farthest)}" if farthest else ""
        parts.append(f"inside the tolerance {' and '.join(tolerances)}{by}")
    return " and ".join(parts)


def _first(difference: Difference) -> str:
    path = [difference.name]
    node = difference
    while True:
        worst = next((child for child in node.children if child.outcome is Outcome.DIVERGENT), None)
        if worst is None:
            break
        path.append(worst.name)
        node = worst
    by = f" by {distance_words(node.distance)}" if node.distance and node.distance.max_absolute else ""
    return " > ".join(path) + by


def leaves(differences: Iterable[Difference]) -> Iterator[Difference]:
    """The parts that have no parts."""
    for difference in differences:
        if difference.children:
            yield from leaves(difference.children)
        if not difference.children or difference.distance:
            yield difference


def _far(distance: Distance) -> tuple[float, float]:
    return (distance.max_relative or 0.0, distance.max_absolute or 0.0)


_FAR = 1 << 20
"""ULP from which on a count of them says less than the distance itself."""


def distance_words(distance: Distance) -> str:
    """A distance in a few words, such as `1 ULP (6e-08 absolute, 1.2e-07 relative)`."""
    parts = []
    if distance.max_absolute is not None:
        parts.append(f"{distance.max_absolute:.3g} absolute")
    if distance.max_relative is not None:
        parts.append(f"{distance.max_relative:.3g} relative")
    inner = ", ".join(parts)
    if distance.max_ulp is None or (inner and distance.max_ulp > _FAR):
        return inner
    return f"{distance.max_ulp:,} ULP" + (f" ({inner})" if inner else "")
