"""How a plan and a verdict read."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.comparison import Outcome
from reprocheck.model.plan import Origin
from reprocheck.report.comparison_console import ROLES, difference_lines
from reprocheck.report.comparison_json import finite
from reprocheck.report.comparison_words import counts_text
from reprocheck.report.curves import LEGEND, curve_lines, title
from reprocheck.report.json_value import json_text
from reprocheck.report.run_words import duration_text
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reprocheck.model.comparison import Curve, Verdict
    from reprocheck.model.gap import Gap
    from reprocheck.model.plan import Plan, Sourced
    from reprocheck.model.replay import ExplainingFinding, Repetition, Replay, Suspect
    from reprocheck.report.paint import Paint

_SHOWN = 12
"""Differences, causes and gaps that are listed."""
_PLOTTED = 2
"""Curves that are drawn."""
_ABSENT = "-"
_ID = 12
"""Digits of a fingerprint that are shown."""
_LONGEST = 200
"""Characters of a cause that are shown."""


def as_json(replay: Replay) -> str:
    """The verdict with all that it stands on, one JSON object; infinite distances are `"infinity"`."""
    value = finite(msgspec.to_builtins(replay))
    return json_text(value, indent=True) + "\n"


def plan_as_json(plan: Plan) -> str:
    """The plan likewise; values of variables are left out, as they may be anybody's."""
    value = msgspec.to_builtins(plan)
    value["variables"] = sorted(value["variables"])
    return json_text(value, indent=True) + "\n"


def _origins(sources: Iterable[Sourced]) -> str:
    """Where contents come from, in brackets; empty for none."""
    origins = Counter(source.origin.value for source in sources)
    return f" ({', '.join(f'{count} from {name}' for name, count in sorted(origins.items()))})" if origins else ""


def plan_text(plan: Plan, paint: Paint) -> str:
    """What a replay would do."""
    lines = [
        f"replay of {paint(plan.run, 'code')} in {plan.executor}",
        f"  $ {visible(shlex.join(plan.command))}",
        f"  in {visible(plan.cwd)} of a fresh copy of {paint(visible(plan.root), 'path')}",
        f"  {plural(len(plan.files), 'file')} laid out{_origins(plan.files)}",
    ]
    here = [source for source in plan.outside if source.origin is Origin.DISK]
    elsewhere = [source for source in plan.outside if source.origin is not Origin.DISK]
    if here:
        lines.append(f"  {plural(len(here), 'file')} outside of it read in place")
    if elsewhere:
        lines.append(f"  {plural(len(elsewhere), 'file')} outside of it that it alone will see{_origins(elsewhere)}")
    if links := (*plan.links, *plan.links_outside):
        lines.append(f"  {plural(len(links), 'symbolic link')} as the run found {'it' if len(links) == 1 else 'them'}")
    lines += [f"  {visible(name)} used as it is" for name in plan.kept]
    lines += [f"  {visible(name)} covered: nothing in it is changed" for name in plan.guarded]
    lines.append(f"  {plural(len(plan.variables), 'variable')}")
    wanted = ", ".join(plan.patterns) or "every file left under the root, but caches and logs"
    lines.append(f"  compared: {visible(wanted)}, and the exit code")
    if plan.dockerfile:
        lines.append("  image:")
        lines += [f"    {visible(line)}" for line in plan.dockerfile.splitlines()]
    lines += _gaps(plan.gaps, paint)
    for obstacle in plan.obstacles:
        lines.append(f"{paint('cannot be replayed', 'error')}: {visible(obstacle.reason)}")
        lines.append(f"  {visible(obstacle.remedy)}")
    return "\n".join(lines)


def replay_text(replay: Replay, paint: Paint, *, verbose: bool = False, width: int = 80) -> str:
    """Verdict first, then what differs and where, then likely causes, then what could not be seen.

    With `verbose` nothing is left out.
    """
    verdict = replay.verdict
    lines = [f"{paint(verdict.label, ROLES[verdict.outcome])}  {visible(verdict.reason)}"]
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
        lines.append(f"  {bounded(verdict)}")
    shown = worst(replay.repetitions)
    if shown is not None:
        lines += _results(shown, paint, verbose=verbose)
        lines += _curves(shown.curves, paint, width=width, verbose=verbose)
        lines += [f"  {visible(sentence)}" for sentence in replay.noise[:_SHOWN]]
    lines += _around(replay, paint)
    lines += [f"kept in {visible(folder)}" for folder in replay.kept]
    return "\n".join(lines)


def causes_text(replay: Replay, paint: Paint) -> str:
    """What else was not the same, which findings may explain it, and what could not be seen; empty for nothing."""
    return "\n".join(_around(replay, paint))


def _around(replay: Replay, paint: Paint) -> Iterator[str]:
    shown = worst(replay.repetitions)
    if shown is not None:
        yield from _causes(shown, paint)
    yield from _explanations(replay, paint)
    yield from _gaps(all_gaps(replay), paint)


def bounded(verdict: Verdict) -> str:
    """What the number of agreeing replays says about how often one diverges."""
    replays = plural(verdict.runs, "agreeing replay")
    if verdict.bound is None:
        return f"{replays}: too few to bound how often one diverges (`--times 10` does)"
    return f"{replays}: fewer than {_percent(verdict.bound)} of all replays diverge (3/N, 95%)"


def _percent(bound: float) -> str:
    return f"{bound:.0%}" if bound >= 0.1 else f"{bound:.1%}"  # noqa: PLR2004 — one digit where it says something


def all_gaps(replay: Replay) -> tuple[Gap, ...]:
    """What the plan could not restore, and what the repetition that is shown could not see."""
    shown = worst(replay.repetitions)
    return tuple(dict.fromkeys((*replay.gaps, *(shown.gaps if shown is not None else ()))))


def change(suspect: Suspect) -> str:
    """What was recorded and what is there now."""
    return f"{suspect.what}: {suspect.recorded or _ABSENT} -> {suspect.replayed or _ABSENT}"[:_LONGEST]


def worst(repetitions: Iterable[Repetition]) -> Repetition | None:
    """The repetition to show; None where nothing was run."""
    return max(repetitions, key=lambda repetition: repetition.comparison.verdict.outcome.rank, default=None)


def _results(repetition: Repetition, paint: Paint, *, verbose: bool) -> Iterator[str]:
    comparison = repetition.comparison
    artifacts = tuple(one for one in comparison.differences if one.kind != "exit code")
    yield f"results: {counts_text(artifacts)}"
    listed = [one for one in comparison.differences if verbose or one.outcome is not Outcome.IDENTICAL]
    listed.sort(key=lambda one: -one.outcome.rank)
    for difference in listed[: None if verbose else _SHOWN]:
        for line in difference_lines(difference, paint, verbose=verbose):
            yield f"  {line}"
    if len(listed) > _SHOWN and not verbose:
        yield f"  and {len(listed) - _SHOWN} more (-v lists all)"
    for note in comparison.notes:
        yield paint(f"  note: {visible(note)}", "dim")


def _curves(curves: tuple[Curve, ...], paint: Paint, *, width: int, verbose: bool) -> Iterator[str]:
    shown = curves if verbose else curves[:_PLOTTED]
    for curve in shown:
        yield f"  {paint(title(curve), 'label')}"
        yield from (f"  {line}" for line in curve_lines(curve, width - 2))
    if shown:
        yield paint(f"  {LEGEND}", "dim")
    if len(curves) > len(shown):
        yield f"  and {plural(len(curves) - len(shown), 'more curve')} (-v shows all)"


def _causes(repetition: Repetition, paint: Paint) -> Iterator[str]:
    if repetition.comparison.verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        return
    if repetition.trace is not None:
        trace = repetition.trace
        yield f"{paint('first difference', 'label')}: step {trace.step} of {trace.steps}, {visible(trace.what)}"
    if repetition.suspects:
        yield paint("also different", "label")
        for suspect in repetition.suspects[:_SHOWN]:
            yield f"  {visible(change(suspect))}"
        if len(repetition.suspects) > _SHOWN:
            yield f"  and {len(repetition.suspects) - _SHOWN} more"


def _explanations(replay: Replay, paint: Paint) -> Iterator[str]:
    if not replay.explanations:
        return
    yield paint("findings that may explain it", "label")
    for finding in replay.explanations:
        where = paint(visible(finding_place(finding)), "path")
        yield f"  {where}  {paint(finding.code, 'code')} {visible(finding.message)}"
    yield f"  `reprocheck explain {replay.explanations[0].fingerprint[:_ID]}` shows the first with its trail"


def finding_place(finding: ExplainingFinding) -> str:
    """Where a finding that may explain a divergence stands."""
    return f"{finding.path}:{finding.line}" if finding.cell is None else f"{finding.path} cell {finding.cell}"


def _gaps(gaps: Iterable[Gap], paint: Paint) -> Iterator[str]:
    gaps = list(gaps)
    if gaps:
        yield paint("what could not be restored or seen", "label")
    for gap in gaps[:_SHOWN]:
        yield f"  {visible(f'{gap.channel}: {gap.reason}. {gap.consequence}')}"
    if len(gaps) > _SHOWN:
        yield f"  and {len(gaps) - _SHOWN} more"
