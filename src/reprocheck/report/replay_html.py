"""A replay as one HTML page, with both curves of what differs by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.comparison_words import counts_text, headline, values
from reprocheck.report.curves import curve_svg, title
from reprocheck.report.html_page import page
from reprocheck.report.html_text import code, prose
from reprocheck.report.replay import all_gaps, bounded, change, finding_place, worst
from reprocheck.report.run_words import command_text, duration_text
from reprocheck.report.summary import plural
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reprocheck.model.comparison import Difference
    from reprocheck.model.replay import ExplainingFinding, Repetition, Replay

VERDICT_CLASSES = {
    Outcome.IDENTICAL: "met",
    Outcome.EQUIVALENT: "met",
    Outcome.INCONCLUSIVE: "partly",
    Outcome.DIVERGENT: "missing",
}
_DEEPEST = 8
_PARTS = 20
"""Parts of one thing that are listed."""


def replay_html(replay: Replay) -> str:
    """The page: nothing in it comes from outside."""
    return page(f"reprocheck replay: {replay.verdict.label}", _page(replay))


def _page(replay: Replay) -> Iterator[str]:
    yield "<h1>Replay</h1>"
    yield from replay_body(replay, "h2", ())
    yield f'<p class="small dim">reprocheck {marked_up(replay.tool_version)}</p>'


def replay_body(replay: Replay, head: str, listed: Collection[str]) -> Iterator[str]:
    """All that there is to say, under headings of the level `head`; findings that are `listed` become links."""
    verdict = replay.verdict
    yield f'<div class="item {VERDICT_CLASSES[verdict.outcome]}"><p><strong>{marked_up(verdict.label)}</strong></p>'
    yield f"<p>{prose(verdict.reason)}</p>"
    if replay.remedy:
        yield f'<p class="dim">Next: {prose(replay.remedy)}</p>'
    if verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        yield f'<p class="dim">{marked_up(bounded(verdict))}</p>'
    yield "</div>"
    yield from _about(replay)
    if replay.explanations:
        yield f"<{head}>Findings that may explain it</{head}><ul>"
        yield from (_explaining(finding, listed) for finding in replay.explanations)
        yield "</ul>"
    shown = worst(replay.repetitions)
    if shown is not None:
        yield from _repetition(shown, head)
    if replay.noise:
        yield f"<{head}>Noise</{head}>"
        yield f"<ul>{''.join(f'<li>{prose(sentence)}</li>' for sentence in replay.noise)}</ul>"
    gaps = all_gaps(replay)
    if gaps:
        yield f"<{head}>What could not be restored or seen</{head}><ul>"
        yield from (f"<li>{code(gap.channel)} {prose(gap.reason)}. {prose(gap.consequence)}</li>" for gap in gaps)
        yield "</ul>"


def _explaining(finding: ExplainingFinding, listed: Collection[str]) -> str:
    place = code(finding_place(finding))
    if finding.fingerprint in listed:
        place = f'<a href="#finding-{marked_up(finding.fingerprint)}">{place}</a>'
    return f"<li>{place} {code(finding.code)} {prose(finding.message)}</li>"


def _about(replay: Replay) -> Iterator[str]:
    yield f"<dl><dt>run</dt><dd>{code(replay.run)}</dd>"
    if replay.against:
        yield f"<dt>against</dt><dd>{code(replay.against)}</dd>"
    yield f"<dt>command</dt><dd>{code(command_text(replay.command))}</dd>"
    yield f"<dt>where</dt><dd>{code(replay.executor)}</dd>"
    if replay.repetitions:
        total = duration_text(sum(repetition.duration for repetition in replay.repetitions))
        yield f"<dt>repeated</dt><dd>{plural(len(replay.repetitions), 'time')}, {total}</dd>"
    yield "</dl>"


def _repetition(repetition: Repetition, head: str) -> Iterator[str]:
    comparison = repetition.comparison
    if repetition.curves:
        yield f"<{head}>Where curves part</{head}>"
        yield '<p class="small"><span style="color:var(--note)">recorded</span>, '
        yield '<span style="color:var(--poor)">replayed</span></p>'
    for curve in repetition.curves:
        yield f'<p class="small">{marked_up(title(curve))}</p>'
        yield curve_svg(curve)
    yield f"<{head}>Results</{head}>"
    yield f"<p>{marked_up(counts_text(comparison.differences))}</p>"
    for difference in sorted(comparison.differences, key=lambda one: -one.outcome.rank):
        why = f" ({', '.join(difference.because)})" if difference.because else ""
        yield f'<div class="item {VERDICT_CLASSES[difference.outcome]}">'
        yield f"<p>{code(difference.name)} <strong>{marked_up(difference.outcome + why)}</strong></p>"
        yield from _said(difference)
        yield from _parts(difference, 0)
        yield "</div>"
    if comparison.verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        return
    if repetition.trace is not None:
        trace = repetition.trace
        yield f"<p>First difference: step {trace.step} of {trace.steps}, {code(trace.what)}</p>"
    if repetition.suspects:
        yield f"<{head}>Also different</{head}>"
        yield f"<ul>{''.join(f'<li>{code(change(suspect))}</li>' for suspect in repetition.suspects)}</ul>"


def _parts(difference: Difference, depth: int) -> Iterator[str]:
    if not difference.children or depth > _DEEPEST:
        return
    yield '<ul class="small">'
    for child in difference.children[:_PARTS]:
        if not child.children:
            yield f"<li>{code(child.name)}"
            yield from _said(child)
            yield "</li>"
            continue
        # A model has thousands of parts: those inside of parts are for who wants to know.
        yield f"<li><details><summary>{code(child.name)}</summary>"
        yield from _said(child)
        yield from _parts(child, depth + 1)
        yield "</details></li>"
    more = max(len(difference.children) - _PARTS, 0) + difference.omitted
    if more:
        yield f"<li>and {more:,} more</li>"
    yield "</ul>"


def _said(difference: Difference) -> Iterator[str]:
    said = headline(difference)
    if said:
        yield f"<p>{marked_up(said)}</p>"
    found = values(difference)
    if found is not None:
        yield f"<p>{code(found[0]) or 'nothing'} against {code(found[1]) or 'nothing'}</p>"
    for note in difference.notes:
        yield f'<p class="dim">{marked_up(note)}</p>'
