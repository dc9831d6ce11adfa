"""Programs that train only when an option asks for it, as in `if args.do_train:`."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Frame, Test, Value

Place = tuple[str, Span]
"""A condition, by its file and statement."""


def training_conditions(project: Project, run: Run) -> frozenset[Place]:
    """Conditions on options that keep a run from training; none where it trains anyway.

    A condition that no option decides keeps dead code, which trains never.
    """
    behind: set[Place] = set()
    for happening in run.happenings:
        if "trains" in happening.entry.roles and not happening.callback:
            if happening.active:
                return frozenset()
            if happening.guard is not None:
                behind.add((happening.guard_path, happening.guard))
    return frozenset(place for place in behind if _asks_an_option(project, *place))


def runs(happening: Happening, conditions: frozenset[Place]) -> bool:
    """Whether an event happens under the defaults, or when the program is asked to train."""
    return happening.active or (happening.guard is not None and (happening.guard_path, happening.guard) in conditions)


def _asks_an_option(project: Project, path: str, place: Span) -> bool:
    return next(options_asked(project, path, place), None) is not None


def options_asked(project: Project, path: str, place: Span) -> Iterator[str]:
    """Names of the options that a condition asks for, by its file and statement."""
    evaluator = project.index.evaluator
    for function in project.index.files[path].functions:
        for guard in function.guards:
            if guard.span == place and guard.test is not None:
                for value in _values(guard.test):
                    option = evaluator.option(value, Frame(path))
                    if option is not None:
                        yield option.name


def _values(test: Test) -> Iterator[Value]:
    yield from (value for value in (test.left, test.right) if value is not None)
    for part in test.parts:
        yield from _values(part)
