"""A replay as Markdown: for a pull request or a summary of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.comparison_markdown import difference_items
from reprocheck.report.comparison_words import counts_text
from reprocheck.report.curves import LEGEND, curve_lines, title
from reprocheck.report.markdown_text import code, plain
from reprocheck.report.replay import all_gaps, bounded, change, finding_place, worst
from reprocheck.report.run_words import command_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.replay import Repetition, Replay

_WIDTH = 78
_PLOTTED = 4


def replay_markdown(replay: Replay) -> str:
    """Verdict, results that differ, both curves, likely causes, what could not be seen."""
    return "\n".join(_lines(replay)).rstrip() + "\n"


def _lines(replay: Replay) -> Iterator[str]:
    verdict = replay.verdict
    yield f"## Replay: {plain(verdict.label)}"
    yield ""
    yield f"{plain(verdict.reason)}."
    if replay.remedy:
        yield f"*Next:* {plain(replay.remedy)}."
    yield ""
    against = f" against {code(replay.against)}" if replay.against else ""
    yield f"Run {code(replay.run)}{against} in {code(replay.executor)}: {code(command_text(replay.command))}"
    if verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        yield ""
        yield f"{plain(bounded(verdict))}."
    shown = worst(replay.repetitions)
    if shown is not None:
        yield from _repetition(shown)
    if replay.explanations:
        yield from ("", "### Findings that may explain it", "")
        yield from (f"- {code(finding_place(f))} {code(f.code)} {plain(f.message)}" for f in replay.explanations)
    if replay.noise:
        yield from ("", "### Noise", "")
        yield from (f"- {plain(sentence)}" for sentence in replay.noise)
    gaps = all_gaps(replay)
    if gaps:
        yield from ("", "### What could not be restored or seen", "")
        yield from (f"- {code(gap.channel)}: {plain(gap.reason)}. {plain(gap.consequence)}" for gap in gaps)


def _repetition(repetition: Repetition) -> Iterator[str]:
    comparison = repetition.comparison
    yield from ("", "### Results", "", f"{plain(counts_text(comparison.differences))}.", "")
    listed = [one for one in comparison.differences if one.outcome is not Outcome.IDENTICAL]
    for difference in sorted(listed, key=lambda one: -one.outcome.rank):
        yield from difference_items(difference)
    for curve in repetition.curves[:_PLOTTED]:
        yield from ("", f"{plain(title(curve))}:", "")
        yield from (f"    {line}" for line in (*curve_lines(curve, _WIDTH), LEGEND))
    if comparison.verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        return
    if repetition.trace is not None:
        trace = repetition.trace
        yield from ("", f"First difference: step {trace.step} of {trace.steps}, {plain(trace.what)}.")
    if repetition.suspects:
        yield from ("", "### Also different", "")
        yield from (f"- {plain(change(suspect))}" for suspect in repetition.suspects)
