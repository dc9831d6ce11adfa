"""Which draws in the cells of a notebook matter to what is trained there, and which are only looked at."""

from __future__ import annotations

import re

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call, GuardKind, ValueKind

_DIVIDES = frozenset({"splitter", "estimator", "sampler", "cross-validation"})
_MIXES = re.compile(r"(shuffle|permutation|randperm|random_split|^numpy\.random\.choice)$")
"""Draws that change which data is used; what else a cell draws is mostly there to be looked at."""


_PICKS = {
    "random.randint": 2,
    "random.randrange": 3,
    "random.choice": 1,
    "random.sample": 2,
    "numpy.random.randint": 2,
    "numpy.random.choice": 1,
}
"""Draws of one thing, or of a few, and how many arguments they then have at most."""
_FEW = 25


SHOWS = re.compile(r"(^|[._])(show|plot|display|view|visuali[sz]e|print|preview|imshow)(_|$)")
"""Names of functions that draw what a person looks at."""


def only_looks(project: Project, run: Run, draw: Happening) -> bool:
    """Whether a notebook draws which examples to look at: a few, in cells that don't train, or to show them."""
    if run.entry.kind != "notebook":
        return False
    return any(SHOWS.search(hop.name) for hop in draw.hops) or (not draw.hops and _picks(project, run, draw))


def _picks(project: Project, run: Run, draw: Happening) -> bool:
    """Whether a draw of a cell picks a few things, not in a loop that trains."""
    arguments = draw.call.arguments
    if len(arguments) > _PICKS.get(draw.name, -1):
        return False
    if draw.name == "random.sample":
        count = arguments[-1].value.value if arguments and arguments[-1].value is not None else None
        if not isinstance(count, int) or count > _FEW:
            return False
    loops = [
        guard.span
        for guard in project.index.files[draw.path].functions[0].guards
        if guard.kind is GuardKind.LOOP and _holds(guard.span, draw.call.span)
    ]
    return not any(
        _trains(other) and _holds(loop, (other.hops[0].span if other.hops else other.call.span))
        for loop in loops
        for other in run.happenings
    )


def in_cells(project: Project, run: Run) -> bool:
    """Whether a run is that of a notebook, or of a script that lies beside the notebook which it was made from."""
    path = run.entry.path
    return run.entry.kind == "notebook" or f"{path.removesuffix('.py')}.ipynb" in project.index.paths


def lasting(
    project: Project, run: Run, early: list[tuple[int, Happening]], first_seed: int
) -> list[tuple[int, Happening]]:
    """Those early draws that the training behind them can depend on: of a program all, of cells some.

    Its cells show layers that are never trained, build a model again behind the seed, and look at samples.
    """
    if not in_cells(project, run):
        return early
    again = _built_again(project, run, first_seed)
    found = []
    for position, draw in early:
        built_again = bool(draw.hops) and draw.hops[0].name.lstrip(".") in again
        if "initialises" in draw.entry.roles or (draw.hops and draw.entry.family == "torch"):
            trained = any(_trains(run.happenings[between]) for between in range(position, first_seed))
            built_again = built_again or "" in again
            lasts = trained or (not built_again and _used_behind(project, run, draw, first_seed))
        elif draw.hops:
            lasts = not built_again
        else:
            lasts = not draw.entry.roles.isdisjoint(_DIVIDES) or _MIXES.search(draw.name) is not None
        if lasts:
            found.append((position, draw))
    return found


def _built_again(project: Project, run: Run, first_seed: int) -> frozenset[str]:
    """What the cells build between the seeder and the first training behind it; empty names stand for any layer."""
    start = _line_in_cells(run.happenings[first_seed])
    end = None
    built = set()
    for happening in run.happenings[first_seed:]:
        if _trains(happening):
            end = _line_in_cells(happening)
            break
        if happening.active and "initialises" in happening.entry.roles:
            built.add("")
    # A class that was built before with the same arguments isn't followed again.
    body = project.index.files[run.entry.path].functions[0]
    between = [
        event
        for event in body.events
        if isinstance(event, Call) and start <= event.span.line and (end is None or event.span.line <= end)
    ]
    built.update(event.callee for event in between if event.span.line not in {start, end})
    built.update(
        str(argument.value.value)
        for event in between
        for argument in event.arguments
        if argument.value is not None and argument.value.kind is ValueKind.NAME
    )
    return frozenset(name.lstrip(".") for name in built)


def _used_behind(project: Project, run: Run, draw: Happening, first_seed: int) -> bool:
    """Whether what a cell built is used in a later cell than the seeder, or in a function; so is what has no name."""
    functions = project.index.files[run.entry.path].functions
    span = draw.hops[0].span if draw.hops else draw.call.span
    line = _line_in_cells(run.happenings[first_seed])
    here = [event for event in functions[0].events if isinstance(event, Call) and _holds(event.span, span)]
    name = next((event.result for event in here if event.result), "")
    if not name:
        return True
    spelled = re.compile(
        rf"^\.{re.escape(name)}\b" + "".join(rf"|^{re.escape(e.callee)}\(\)" for e in here if e.callee)
    )
    later = [event for event in functions[0].events if isinstance(event, Call) and event.span.line >= line]
    inside = [
        event
        for function in functions[1:]
        if not function.method
        for event in function.events
        if isinstance(event, Call)
    ]
    return any(
        spelled.search(text)
        for event in (*later, *inside)
        for text in (event.callee, *(str(a.value.value) for a in event.arguments if a.value is not None))
    )


def _holds(outer: Span, inner: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )


def _line_in_cells(happening: Happening) -> int:
    """Line of the cell's statement that leads to an event."""
    return (happening.hops[0].span if happening.hops else happening.call.span).line


def _trains(happening: Happening) -> bool:
    return happening.active and not happening.callback and "trains" in happening.entry.roles
