"""`reprocheck skew` in the terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reprocheck.report.comparison_console import comparison_lines
from reprocheck.report.json_value import json_text
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.skew import Side, Skew, SpokenOf, Trouble
    from reprocheck.report.paint import Paint

_STAGES = {
    "load": "could not be loaded",
    "data": "could not be given the samples",
    "call": "failed",
    "keep": "returned what can't be compared",
    "time": "took too long",
}
_STANCES = {
    "confirmed": "confirmed: the results of these samples differ",
    "may explain": "may explain why the results of these samples differ",
    "not observed": "not observed with these samples",
    "open": "left open",
}


def skew_lines(skew: Skew, paint: Paint, *, verbose: bool = False) -> Iterator[str]:
    """The verdict, where and how much the results differ, what went wrong, what findings it speaks of."""
    for name, side in (("train", skew.train), ("serve", skew.serve)):
        yield from _side(name, side, paint)
    yield ""
    yield from comparison_lines(skew.comparison, paint, verbose=verbose)
    for note in skew.notes:
        yield paint(f"note: {visible(note)}", "dim")
    if skew.findings:
        yield ""
    for spoken in skew.findings:
        yield from _finding(spoken, paint)


def _side(name: str, side: Side, paint: Paint) -> Iterator[str]:
    place = f"{side.path}:{side.line}" if side.path and side.line else side.path
    count = f"{side.samples} sample{'s' * (side.samples != 1)}" if side.samples else "no sample"
    kind = f", {visible(side.kind)}" if side.kind else ""
    yield f"{name}  {paint(visible(side.name), 'path')}  {paint(f'{visible(place)}  {count}{kind}'.strip(), 'dim')}"
    if side.trouble is not None:
        yield from _trouble(side.trouble, paint)
        if side.output:
            yield paint("  it printed:", "dim")
            yield from (paint(f"    {visible(line)}", "dim") for line in side.output.splitlines()[-8:])


def _trouble(trouble: Trouble, paint: Paint) -> Iterator[str]:
    error = f"{trouble.error}: " if trouble.error else ""
    at = f" with {visible(trouble.sample)}" if trouble.sample else ""
    message = visible(" ".join(trouble.message.split()))
    yield f"  {paint(f'{_STAGES[trouble.stage]}{at}', 'error')}: {error}{message}"
    for frame in trouble.frames[-4:]:
        yield paint(f"    {visible(frame.path)}:{frame.line} {visible(frame.function)}  {visible(frame.code)}", "dim")


def _finding(spoken: SpokenOf, paint: Paint) -> Iterator[str]:
    finding = spoken.finding
    place = f"{finding.place.path}:{finding.place.span.line}"
    said = paint(_STANCES[spoken.stance], "error" if spoken.stance == "confirmed" else "dim")
    yield f"{finding.code} {paint(visible(place), 'path')}  {said}"
    yield f"  {visible(finding.message)}"


def skew_json(skew: Skew) -> str:
    """All of it as data."""
    return json_text({"schema": 1, **msgspec.to_builtins(skew)}, indent=True) + "\n"
