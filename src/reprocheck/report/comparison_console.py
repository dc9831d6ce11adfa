"""A comparison in the terminal: the verdict, then a tree of what differs, by how much, and where first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.comparison import Because, Outcome
from reprocheck.report.comparison_words import counts_text, headline, values
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.comparison import Comparison, Difference
    from reprocheck.report.paint import Paint, Role

_SHOWN = 8
"""Parts of one thing that are listed unless all are asked for."""
_LINES = 24
"""Lines of one artifact that are shown unless all are asked for."""
_DEEPEST = 12
ROLES: dict[Outcome, Role] = {
    Outcome.IDENTICAL: "good",
    Outcome.EQUIVALENT: "good",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.DIVERGENT: "error",
}


def comparison_lines(comparison: Comparison, paint: Paint, *, verbose: bool = False) -> Iterator[str]:
    """Lines without line ends; identical artifacts are counted, and listed with `verbose` only."""
    verdict = comparison.verdict
    yield f"{paint(verdict.label, ROLES[verdict.outcome])}  {visible(verdict.reason)}"
    yield paint(f"{visible(comparison.left)} | {visible(comparison.right)}", "dim")
    listed = [one for one in comparison.differences if verbose or one.outcome is not Outcome.IDENTICAL]
    listed.sort(key=lambda one: -one.outcome.rank)
    if listed:
        yield ""
    for difference in listed:
        yield from difference_lines(difference, paint, verbose=verbose)
    for note in comparison.notes:
        yield paint(f"note: {visible(note)}", "dim")
    if listed:
        yield ""
    yield counts_text(comparison.differences)


def difference_lines(difference: Difference, paint: Paint, *, verbose: bool = False) -> Iterator[str]:
    """One artifact and below it what differs in it."""
    why = f" ({', '.join(difference.because)})" if difference.because else ""
    outcome = paint(f"{difference.outcome}{why}", ROLES[difference.outcome])
    kind = f" [{difference.kind}]" if difference.kind else ""
    said = headline(difference)
    yield f"{paint(visible(difference.name), 'path')}{kind}  {outcome}{'  ' + visible(said) if said else ''}"
    yield from _values(difference, paint, "  ")
    for note in difference.notes:
        yield paint(f"  note: {visible(note)}", "dim")
    # What differs in metadata alone is said in a word.
    if verbose or not said or difference.because != (Because.METADATA,):
        parts = list(_parts(difference, paint, "  ", verbose=verbose))
        all_fit = verbose or len(parts) <= _LINES + 1  # a line that says that one is left out could be that one
        yield from parts if all_fit else parts[:_LINES]
        if not all_fit:
            yield paint(f"  and {plural(len(parts) - _LINES, 'more line')} (-v shows all)", "dim")


def _parts(difference: Difference, paint: Paint, indent: str, *, verbose: bool) -> Iterator[str]:
    if len(indent) > 2 * _DEEPEST:
        yield f"{indent}..."
        return
    children = difference.children
    shown = children if verbose else _first_and_worst(children)
    for child in shown:
        chain, last = _chain(child)
        name = " > ".join(visible(link) for link in chain)
        said = headline(last)
        mark = "" if last.outcome is Outcome.DIVERGENT else f"  {paint(f'({last.outcome})', 'dim')}"
        yield f"{indent}{paint(name, 'label')}{'  ' + visible(said) if said else ''}{mark}"
        yield from _values(last, paint, indent + "  ")
        yield from _parts(last, paint, indent + "  ", verbose=verbose)
    more = len(children) - len(shown) + difference.omitted
    if more:
        hint = " (-v lists more)" if len(shown) < len(children) else ""
        yield paint(f"{indent}and {more:,} more{hint}", "dim")


def _first_and_worst(children: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """The first few in their order; what diverges comes before what doesn't."""
    if len(children) <= _SHOWN:
        return children
    worst = sorted(range(len(children)), key=lambda index: (-children[index].outcome.rank, index))[:_SHOWN]
    return tuple(children[index] for index in sorted(worst))


def _chain(difference: Difference) -> tuple[list[str], Difference]:
    """Names down to the first thing that has more than one part, or something to say."""
    names = [difference.name]
    while len(difference.children) == 1 and not difference.omitted and not headline(difference) and not difference.left:
        difference = difference.children[0]
        names.append(difference.name)
    return names, difference


def _values(difference: Difference, paint: Paint, indent: str) -> Iterator[str]:
    found = values(difference)
    if found is None:
        return
    for sign, value in zip("-+", found, strict=True):
        if value:
            yield paint(f"{indent}{sign} {visible(value)}", "dim")
