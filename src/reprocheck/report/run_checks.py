"""What `verify`, `diff`, `gc` and `doctor` found, for people."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reprocheck.report.comparison_console import difference_lines as content_lines
from reprocheck.report.prose import wrap
from reprocheck.report.run_words import size_text
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.run_report import Check, Collection, RunDifferences, Transparency, Verification
    from reprocheck.report.paint import Paint, Role

_STATES: dict[str, Role] = {"good": "good", "limited": "warning", "missing": "error"}
_SHOWN = 12
"""Differences of one section that are shown unless everything is asked for."""
_NAME_WIDTH = 12


def verification_lines(result: Verification, paint: Paint) -> Iterator[str]:
    """Problems, then the verdict."""
    for problem in result.problems:
        yield f"{paint(problem.run, 'code')}  {visible(problem.what)}: {paint(visible(problem.problem), 'error')}"
    for problem in result.changed:
        yield f"{paint(problem.run, 'code')}  {paint(visible(problem.what), 'path')}: {problem.problem} since"
    looked = f"{plural(result.runs, 'run')} and {plural(result.objects, 'object')}"
    if result.problems:
        yield paint(f"{plural(len(result.problems), 'problem')} in {looked}", "error")
    else:
        yield f"{paint('Whole:', 'good')} {looked} are what was written"
    if result.unfinished:
        yield paint(f"{plural(len(result.unfinished), 'run')} without a record: {', '.join(result.unfinished)}", "dim")


def difference_lines(result: RunDifferences, paint: Paint, *, verbose: bool) -> Iterator[str]:
    """Differences by section, causes first."""
    yield f"{paint(result.first, 'code')} -> {paint(result.second, 'code')}"
    for section, group in groupby(result.differences, key=lambda difference: difference.section):
        differences = list(group)
        shown = differences if verbose else differences[:_SHOWN]
        yield ""
        yield paint(section.capitalize(), "strong")
        for difference in shown:
            yield f"  {visible(difference.what)}"
            yield f"    {paint('-', 'error')} {visible(difference.first) or paint('nothing', 'dim')}"
            yield f"    {paint('+', 'good')} {visible(difference.second) or paint('nothing', 'dim')}"
        if len(shown) < len(differences):
            yield paint(f"  and {len(differences) - len(shown):,} more (-v lists all)", "dim")
    if result.contents:
        yield ""
        yield paint("What differs in the outputs", "strong")
        for one in result.contents if verbose else result.contents[:_SHOWN]:
            yield from (f"  {line}" for line in content_lines(one, paint, verbose=verbose))
        if len(result.contents) > _SHOWN and not verbose:
            yield paint(f"  and {len(result.contents) - _SHOWN:,} more (-v lists all)", "dim")
    same = f"{plural(result.same_inputs, 'input')} and {plural(result.same_outputs, 'output')} are the same"
    yield ""
    if result.differences:
        yield f"{plural(len(result.differences), 'difference')}; {same}"
    else:
        yield f"{paint('No differences', 'good')} between the records; {same}"


def collection_lines(result: Collection, paint: Paint) -> Iterator[str]:
    """What went, or would go."""
    for name in result.runs:
        yield f"{'would remove' if result.dry else 'removed'} run {paint(name, 'code')}"
    parts = [plural(len(result.runs), "run"), plural(result.objects, "object"), plural(result.leftovers, "leftover")]
    verb = "Would remove" if result.dry else "Removed"
    yield f"{verb} {', '.join(parts)} ({size_text(result.size)})"


def transparency_lines(result: Transparency, paint: Paint) -> Iterator[str]:
    """Outputs that capture changed or that change by themselves, then the verdict."""
    for path in result.changed:
        yield f"{paint('changed', 'error')}   {paint(visible(path), 'path')}"
    for path in result.unstable:
        yield f"{paint('unstable', 'warning')}  {paint(visible(path), 'path')}"
    runs = f"{result.plain_runs} plain runs and run {result.run}"
    if result.changed:
        yield paint(
            f"Capture is not transparent for this command: {plural(len(result.changed), 'output')} changed", "error"
        )
    elif result.same:
        number = plural(len(result.same), "output")
        yield f"{paint('Transparent:', 'good')} {number} the same in {runs}"
    else:
        yield f"{paint('Nothing can be said:', 'warning')} no output is the same in the plain runs"
    if result.unstable:
        yield f"{plural(len(result.unstable), 'output')} differ between plain runs: nothing is claimed for them"


def check_lines(checks: list[Check], paint: Paint, *, width: int) -> Iterator[str]:
    """One check per line, with advice below."""
    for check in checks:
        mark = paint(check.state.ljust(len("limited")), _STATES[check.state])
        yield f"{mark}  {paint(check.name.ljust(_NAME_WIDTH), 'strong')}{visible(check.detail)}"
        for line in wrap(visible(check.advice), max(40, width - 23)) if check.advice else ():
            yield " " * 21 + paint(line, "dim")
