"""A switch that nothing in the repository can turn: one side of every condition on it never runs.

## Why
Flags outlive their experiment. The side that is switched off is read, refactored and reviewed as if it ran, but no run
has shown that it still works; and whoever finds the better figures of an old note cannot tell which switches made them.
An option that is parsed and never read is worse: a user who gives it believes that it changed something.

## Fix
Remove the flag and the side that never runs (version control keeps it), or make it an option that is recorded with the
run. Remove an unread option, or read it; hand the seed of a configuration to what seeds.

## Notes
Live are options of a command line (`argparse`, `click`, `typer`, `fire`, `absl`, `tyro`, dataclass parsers), values of
configurations read at run time, fields of a notebook's form (`#@param`), names that any module, test or `setattr`
assigns, names set by `exec` or `globals()`, and probes such as `TYPE_CHECKING` or `HAS_APEX`. What users of an
installed library may set, environment variables that nothing in the repository sets, keys equal in every
configuration, and flags that are always on without an `else` are of low confidence.
Copies of the code that runs kept beside their logs have low confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from reprocheck.rulekit import Confidence, Match, Note, Project, Rule
from reprocheck_rules.debt.changes import Changes
from reprocheck_rules.debt.dead_flag_examples import show
from reprocheck_rules.debt.dead_sides import DeadSide, dead_sides
from reprocheck_rules.debt.fixed_values import Origin
from reprocheck_rules.debt.flag_removal import without_flag, without_option
from reprocheck_rules.debt.outside_flags import outside_flags
from reprocheck_rules.debt.unread_options import Unread, unread_fields, unread_options
from reprocheck_rules.debt.unread_seeds import unread_seeds

rule = Rule("DBT001", "dead-flag", __doc__)

_OF_RUNS = re.compile(
    r"(^|/)(logs?|runs?|outputs?|results?|wandb|lightning_logs|checkpoints?|exps?|experiments?)/", re.IGNORECASE
)
"""Folders in which runs keep what they made, and some the code that they ran."""
_SHOWN_CALLS = 6
_SHOWN_SIDES = 3
_SWITCH_LINES = 3
"""Dead lines from which a default such as None counts as a switch, not as a convenience."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Fixed values that decide conditions, options that nobody reads, switches outside of the code."""
    project.once(Changes)
    by_flag = project.once(_flags)
    matches = {path: iter(project.of_file(_of_flags, path)) for path in dict.fromkeys(flag.path for flag in by_flag)}
    for origin in by_flag:
        yield next(matches[origin.path])
    yield from project.of_files(_of_options)
    yield from project.of_files(_of_fields)
    for first, *others in unread_seeds(project.once(Changes)):
        message = f"`{first.shown}` is set, but nothing reads `{first.name}`: no run is seeded with what it says"
        trail = [project.note(other.path, other.span, "set here too") for other in others[:_SHOWN_CALLS]]
        yield project.match(first.path, first.span, message, confidence=Confidence.MEDIUM, trail=trail)
    for flag in outside_flags(project):
        trail = [project.note(path, span, text) for path, span, text in flag.notes]
        yield project.match(flag.path, flag.span, flag.message, confidence=Confidence.LOW, trail=trail)


def _flags(project: Project) -> dict[Origin, list[DeadSide]]:
    """What is dead because of each flag of the project."""
    found: dict[Origin, list[DeadSide]] = {}
    for side in dead_sides(project):
        found.setdefault(side.outcome.origins[0], []).append(side)
    return found


def _flags_by_path(project: Project) -> dict[str, list[tuple[DeadSide, ...]]]:
    found: dict[str, list[tuple[DeadSide, ...]]] = {}
    for origin, sides in project.once(_flags).items():
        found.setdefault(origin.path, []).append(tuple(sides))
    return found


def flags_of(project: Project, path: str) -> tuple[tuple[DeadSide, ...], ...]:
    """What is dead because of each flag of a file."""
    return tuple(project.once(_flags_by_path).get(path, ()))


def _of_flags(project: Project, path: str) -> Iterator[Match]:
    """A match for each flag of a file."""
    changes = project.once(Changes)
    for sides in project.value_of(flags_of, path):
        origin = sides[0].outcome.origins[0]
        yield project.match(
            origin.path,
            origin.span,
            _message(origin, sides),
            confidence=_confidence(changes, origin, sides),
            trail=_trail(project, origin, sides),
            fix=without_flag(changes, origin, sides),
        )


def _of_options(project: Project, path: str) -> Iterator[Match]:
    return _of_unread(project, unread_options(project, path))


def _of_fields(project: Project, path: str) -> Iterator[Match]:
    return _of_unread(project, unread_fields(project, path))


def _of_unread(project: Project, unread: Iterable[Unread]) -> Iterator[Match]:
    changes = project.once(Changes)
    for option in unread:
        message = f"`{option.shown}` is declared, but nothing reads `{option.name}`: giving it changes nothing"
        fix = without_option(changes, option)
        kept = _is_kept_by_a_run(changes, option.path)
        confidence = Confidence.LOW if kept else option.confidence
        yield project.match(option.path, option.span, message, confidence=confidence, fix=fix)


def _message(origin: Origin, sides: Sequence[DeadSide]) -> str:
    match origin.kind:
        case "parameter" | "field":
            count = len(origin.callers)
            reason = "its only call has it so" if count == 1 else f"all {count} calls have it so"
        case _:
            reason = "nothing in the repository changes it"
    head = f"`{origin.name}` is always `{origin.value!r}` ({reason})"
    if origin.kind == "parameter":
        head = f"`{origin.name}` is always `{origin.value!r}`: {reason}"
    dead = [side for side in sides if side.first]
    lines = sum(side.lines for side in dead)
    if not dead:
        return f"{head}, so the condition on it decides nothing"
    places = ", ".join(_place(origin, side) for side in dead[:_SHOWN_SIDES])
    more = f" and {len(dead) - _SHOWN_SIDES} more" if len(dead) > _SHOWN_SIDES else ""
    if not lines:
        where = "a conditional expression" if len(dead) == 1 else f"{len(dead)} expressions"
        return f"{head}, so one side of {where} is never taken ({places}{more})"
    return f"{head}, so {lines} line{'s' if lines > 1 else ''} never run{'s' if lines == 1 else ''} ({places}{more})"


def _place(origin: Origin, side: DeadSide) -> str:
    lines = str(side.first) if side.first == side.last else f"{side.first}-{side.last}"
    if side.path == origin.path:
        return f"line{'s' if side.first != side.last else ''} {lines}"
    return f"{side.path}:{lines}"


def _confidence(changes: Changes, origin: Origin, sides: Sequence[DeadSide]) -> Confidence:
    dead = [side for side in sides if side.first]
    switch = [side for side in dead if not side.outcome.ordering]
    if origin.public or origin.path.endswith(".ipynb") or not switch or _is_kept_by_a_run(changes, origin.path):
        return Confidence.LOW
    if origin.kind in {"attribute", "field"} and changes.sets_by_computed_name():
        return Confidence.LOW
    if (
        origin.kind != "constant"
        and not isinstance(origin.value, bool)
        and sum(side.lines for side in switch) < _SWITCH_LINES
    ):
        return Confidence.LOW
    return Confidence.HIGH if origin.kind == "constant" and isinstance(origin.value, bool) else Confidence.MEDIUM


def _is_kept_by_a_run(changes: Changes, path: str) -> bool:
    """Whether a file is the copy that a run kept of one of the project's: what it shows is repaired at the original."""
    folder, _, name = path.rpartition("/")
    return _OF_RUNS.search(f"{folder}/") is not None and any(
        other.rpartition("/")[2] == name and _OF_RUNS.search(other) is None for other in changes.index.files
    )


def _trail(project: Project, origin: Origin, sides: Sequence[DeadSide]) -> list[Note]:
    trail = [project.note(origin.path, origin.span, f"`{origin.value!r}` here, and nowhere anything else")]
    trail.extend(
        project.note(path, span, "called without another value") for path, span in origin.callers[:_SHOWN_CALLS]
    )
    for side in sides:
        trail.append(project.note(side.path, side.test, f"always {str(side.outcome.value).lower()}"))
        if side.first:
            trail.append(
                project.note(
                    side.path, side.span, f"never runs ({side.lines or 1} line{'s' if side.lines > 1 else ''})"
                )
            )
    return trail


show(rule)
