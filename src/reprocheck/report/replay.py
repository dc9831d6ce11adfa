"""How a plan and a verdict read."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.comparison import Outcome
from reprocheck.report.run_words import duration_text
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reprocheck.model.comparison import Difference, Distance, Verdict
    from reprocheck.model.gap import Gap
    from reprocheck.model.plan import Plan
    from reprocheck.model.replay import Repetition, Replay
    from reprocheck.report.paint import Paint, Role

_SHOWN = 12
"""Differences, causes and gaps that are listed."""
_DEPTH = 4
_ABSENT = "-"
_ROLES: dict[Outcome, Role] = {
    Outcome.IDENTICAL: "good",
    Outcome.EQUIVALENT: "good",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.DIVERGENT: "error",
}


def as_json(replay: Replay) -> str:
    """The verdict with all that it stands on, one JSON object with sorted keys."""
    return msgspec.json.format(msgspec.json.encode(replay, order="sorted"), indent=2).decode() + "\n"


def plan_as_json(plan: Plan) -> str:
    """The plan likewise; values of variables are left out, as they may be anybody's."""
    value = msgspec.to_builtins(plan)
    value["variables"] = sorted(value["variables"])
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode() + "\n"


def plan_text(plan: Plan, paint: Paint) -> str:
    """What a replay would do."""
    origins = Counter(source.origin.value for source in plan.files)
    lines = [
        f"replay of {paint(plan.run, 'code')} in {plan.executor}",
        f"  $ {visible(shlex.join(plan.command))}",
        f"  in {visible(plan.cwd)} of a fresh copy of {paint(visible(plan.root), 'path')}",
        f"  {plural(len(plan.files), 'file')} laid out"
        + (f" ({', '.join(f'{count} from {name}' for name, count in sorted(origins.items()))})" if origins else ""),
    ]
    if plan.outside:
        lines.append(f"  {plural(len(plan.outside), 'file')} outside of it read in place")
    lines += [f"  {visible(name)} used as it is" for name in plan.kept]
    lines += [f"  {visible(name)} covered: nothing in it is changed" for name in plan.guarded]
    lines.append(f"  {plural(len(plan.variables), 'variable')}")
    wanted = ", ".join(plan.patterns) or "every file left under the root, but caches and logs"
    lines.append(f"  compared: {visible(wanted)}, and the exit code")
    lines += _gaps(plan.gaps, paint)
    for obstacle in plan.obstacles:
        lines.append(f"{paint('cannot be replayed', 'error')}: {visible(obstacle.reason)}")
        lines.append(f"  {visible(obstacle.remedy)}")
    return "\n".join(lines)


def replay_text(replay: Replay, paint: Paint) -> str:
    """Verdict first, then what differs and where, then likely causes, then what could not be seen."""
    verdict = replay.verdict
    lines = [f"{paint(verdict.label, _ROLES[verdict.outcome])}  {visible(verdict.reason)}"]
    if replay.remedy:
        lines.append(f"  {visible(replay.remedy)}")
    about = f"replay of {paint(replay.run, 'code')}"
    if replay.against:
        about += f" against {paint(replay.against, 'code')}"
    if replay.repetitions:
        total = sum(repetition.duration for repetition in replay.repetitions)
        about += f" in {replay.executor}, {plural(len(replay.repetitions), 'time')}, {duration_text(total)}"
    lines.append(about)
    if verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        lines.append(f"  {_bounded(verdict)}")
    shown = _worst(replay.repetitions)
    if shown is not None:
        lines += _results(shown, paint)
        lines += _causes(shown, paint)
    gaps = tuple(dict.fromkeys((*replay.gaps, *(shown.gaps if shown is not None else ()))))
    lines += _gaps(gaps, paint)
    lines += [f"kept in {visible(folder)}" for folder in replay.kept]
    return "\n".join(lines)


def _bounded(verdict: Verdict) -> str:
    replays = plural(verdict.runs, "agreeing replay")
    if verdict.bound is None:
        return f"{replays}: too few to bound how often one diverges (`--times 10` does)"
    return f"{replays}: fewer than {_percent(verdict.bound)} of all replays diverge (3/N, 95%)"


def _percent(bound: float) -> str:
    return f"{bound:.0%}" if bound >= 0.1 else f"{bound:.1%}"  # noqa: PLR2004 — one digit where it says something


def _worst(repetitions: Iterable[Repetition]) -> Repetition | None:
    return max(repetitions, key=lambda repetition: repetition.comparison.verdict.outcome.rank, default=None)


def _results(repetition: Repetition, paint: Paint) -> Iterator[str]:
    differences = repetition.comparison.differences
    counts = Counter(difference.outcome for difference in differences)
    yield "results: " + ", ".join(
        paint(f"{counts[outcome]} {outcome}", _ROLES[outcome]) for outcome in Outcome if counts[outcome]
    )
    listed = sorted(
        (difference for difference in differences if difference.outcome is not Outcome.IDENTICAL),
        key=lambda difference: -difference.outcome.rank,
    )
    for difference in listed[:_SHOWN]:
        yield from _difference(difference, paint, 1)
    if len(listed) > _SHOWN:
        yield f"  and {len(listed) - _SHOWN} more (`-o json` has them all)"


def _difference(difference: Difference, paint: Paint, depth: int) -> Iterator[str]:
    indent = "  " * depth
    label = paint(difference.outcome.value, _ROLES[difference.outcome])
    name = paint(visible(difference.name), "path") if depth == 1 else visible(difference.name)
    parts = [difference.message, _distance(difference.distance)]
    if difference.left or difference.right:
        parts.append(f"{difference.left} -> {difference.right}")
    if difference.tolerance:
        parts.append(f"tolerance {difference.tolerance}")
    said = visible("; ".join(part for part in parts if part))
    yield f"{indent}{label if depth == 1 else '-'} {name}{': ' if said else ''}{said}"
    if depth < _DEPTH:
        for child in difference.children[:_SHOWN]:
            yield from _difference(child, paint, depth + 1)
        hidden = max(0, len(difference.children) - _SHOWN) + difference.omitted
        if hidden:
            yield f"{indent}  and {hidden} more"


def _distance(distance: Distance | None) -> str:
    if distance is None:
        return ""
    parts = [f"{distance.differing:,} of {distance.elements:,} elements differ"]
    if distance.max_ulp is not None:
        parts.append(f"up to {distance.max_ulp:,} ULP")
    if distance.max_absolute is not None:
        parts.append(f"{distance.max_absolute:.3g} absolute")
    if distance.max_relative is not None:
        parts.append(f"{distance.max_relative:.3g} relative")
    if distance.first:
        parts.append(f"first at {list(distance.first)}")
    return ", ".join(parts)


def _causes(repetition: Repetition, paint: Paint) -> Iterator[str]:
    if repetition.comparison.verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        return
    if repetition.trace is not None:
        trace = repetition.trace
        yield f"{paint('first difference', 'label')}: step {trace.step} of {trace.steps}, {visible(trace.what)}"
    if repetition.suspects:
        yield paint("also different", "label")
        for suspect in repetition.suspects[:_SHOWN]:
            change = f"{suspect.what}: {suspect.recorded or _ABSENT} -> {suspect.replayed or _ABSENT}"
            yield f"  {visible(change)[:200]}"
        if len(repetition.suspects) > _SHOWN:
            yield f"  and {len(repetition.suspects) - _SHOWN} more"


def _gaps(gaps: Iterable[Gap], paint: Paint) -> Iterator[str]:
    gaps = list(gaps)
    if gaps:
        yield paint("what could not be restored or seen", "label")
    for gap in gaps[:_SHOWN]:
        yield f"  {visible(f'{gap.channel}: {gap.reason}. {gap.consequence}')}"
    if len(gaps) > _SHOWN:
        yield f"  and {len(gaps) - _SHOWN} more"
