"""Runs on the page about a project: how they ended, what replays said, where curves part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.record import RunState
from reprocheck.report.curves import curve_svg, title
from reprocheck.report.html_text import code
from reprocheck.report.replay_html import VERDICT_CLASSES, replay_body
from reprocheck.report.run_words import command_text, duration_text, short_id
from reprocheck.report.summary import plural
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reprocheck.model.record import RunSummary
    from reprocheck.model.run_report import ReportedRun, ReportedRuns

_DRAWN = 4
"""Curves of one run that are drawn."""


def runs_html(ran: ReportedRuns, listed: Collection[str]) -> Iterator[str]:
    """A section with one entry for each run; `listed` are the fingerprints of findings that stand on the page."""
    if not ran.runs:
        return
    yield "<h2>Runs</h2>"
    newest = next((one for one in ran.runs if one.replay is not None), None)
    for one in ran.runs:
        yield from _run(one, listed, unfold=one is newest)
    if ran.earlier:
        yield f'<p class="small dim">{plural(ran.earlier, "earlier run")}: {code("reprocheck ls")}</p>'


def _run(one: ReportedRun, listed: Collection[str], *, unfold: bool) -> Iterator[str]:
    run, replay = one.run, one.replay
    kind = VERDICT_CLASSES[replay.outcome] if replay is not None else "aside"
    yield f'<details class="run {kind}"{" open" if unfold else ""} id="run-{marked_up(run.id)}">'
    said = f"replayed: {replay.verdict.label}" if replay is not None else "not replayed"
    yield f"<summary><strong>{marked_up(run.name or short_id(run.id))}</strong> <span>{marked_up(said)}</span> "
    yield f'<span class="dim">{marked_up(_ended(run))}</span><p>{code(command_text(run.command))}</p></summary>'
    if run.problem:
        yield f"<p>{marked_up(run.problem)}</p>"
    if replay is not None:
        yield from replay_body(replay, "h4", listed)
    for curve in one.series[:_DRAWN]:
        yield f"<h4>{marked_up(title(curve))}</h4>"
        yield curve_svg(curve)
    if replay is None and run.state is RunState.FINISHED:
        command = code(f"reprocheck replay {short_id(run.id)}")
        yield f'<p class="small">Whether it happens again is not known: {command}</p>'
    yield "</details>"


def _ended(run: RunSummary) -> str:
    parts = [f"exit {run.exit_code}" if run.exit_code is not None else run.state.value]
    if run.duration is not None:
        parts.append(duration_text(run.duration))
    if run.commit:
        parts.append(f"commit {run.commit[:10]}{' with changes' if run.dirty else ''}")
    if run.gaps:
        parts.append(plural(run.gaps, "gap"))
    return ", ".join(parts)
