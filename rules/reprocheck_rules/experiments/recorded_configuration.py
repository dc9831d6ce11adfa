"""What a run writes down of its configuration, and whether the seed is in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.rulekit import Project
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Argument, Call, FileFacts, Frame, Value, ValueKind, ValueRef

SEED = re.compile(r"seed|random_state|rng", re.IGNORECASE)
_CONFIGURATION = ("config", "params", "parameters", "key")
_RECORDING = re.compile(r"\.(?:update|add_text|log|log_text|set_tags?|set_hparams|write|add_config|add_dict|info)$")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call that records part of a configuration."""

    happening: Happening
    keys: tuple[str, ...] | None
    """What it records by name; None where it may be everything."""

    @property
    def has_seed(self) -> bool:
        """Whether the seed is, or may be, among it."""
        return self.keys is None or any(key == "*" or SEED.search(key) for key in self.keys)


def recorded(project: Project, run: Run) -> Iterator[Recorded]:
    """Calls of a run that record its configuration."""
    for happening in run.happenings:
        roles = happening.entry.roles
        if "logs-all-parameters" in roles:
            yield Recorded(happening, None)
        elif "logs-parameters" in roles:
            given = [a for a in happening.call.arguments if _is_configuration(happening, a)]
            if given:
                yield Recorded(happening, _keys(project, happening, given))
        elif "writes-configuration" in roles:
            keys = _keys(project, happening, list(happening.call.arguments[:1]))
            if keys is None or any(SEED.search(key) for key in keys):
                yield Recorded(happening, keys)


def mentions_seed(project: Project, run: Run) -> bool:
    """Whether a file of the run records a seed in a way that isn't followed: by item, by keyword, as text."""
    paths = {run.entry.path} | {h.path for h in run.happenings} | {hop.path for h in run.happenings for hop in h.hops}
    return any(any(project.of_file(_mentions, path)) for path in sorted(paths) if path in project.index.files)


def _mentions(project: Project, path: str) -> Iterator[bool]:
    facts = project.index.files[path]
    yield _adds_seed(facts) or any(
        _records_seed(event) for f in facts.functions for event in f.events if isinstance(event, Call)
    )


def _adds_seed(facts: FileFacts) -> bool:
    return any(SEED.search(a.target.rpartition(".")[2]) and "dict()." in a.target for a in facts.assignments)


def _records_seed(event: Call) -> bool:
    if event.callee.endswith(("=", ".add_argument")):
        return "config." in event.callee and SEED.search(event.callee) is not None
    if not _RECORDING.search(event.callee):
        return False
    return any(SEED.search(argument.name) or _says_seed(argument.value) for argument in event.arguments)


def _says_seed(value: Value | None) -> bool:
    if value is None or not isinstance(value.value, str):
        return False
    return SEED.search(value.value) is not None or SEED.search(value.path) is not None


def _is_configuration(happening: Happening, argument: Argument) -> bool:
    if argument.name:
        return argument.name in _CONFIGURATION or argument.name == "**"
    positional = [a for a in happening.call.arguments if not a.name]
    position = next(i for i, a in enumerate(positional) if a is argument)
    names = happening.entry.arguments
    return position < len(names) and names[position] in _CONFIGURATION


def _keys(project: Project, happening: Happening, given: list[Argument]) -> tuple[str, ...] | None:
    found: list[str] = []
    for argument in given:
        keys = _keys_of(project, argument.value, happening.frame)
        if keys is None:
            return None
        found.extend(keys)
    return tuple(found)


def _keys_of(project: Project, value: Value | None, frame: Frame, depth: int = _DEPTH) -> tuple[str, ...] | None:
    """Names in a value that is written out somewhere; None where it isn't."""
    if value is None or depth <= 0:
        return None
    match value.kind:
        case ValueKind.DISPLAY if value.value == "dict":
            return tuple(value.path.split(".")[1:])
        case ValueKind.CONSTANT | ValueKind.TEXT:
            return (str(value.value),)
        case ValueKind.PARAMETER if not value.path:
            bound = frame.arguments.get(str(value.value))
            if bound is None:
                return None
            return _keys_of(project, bound.value, bound.frame or Frame(bound.path), depth - 1)
        case ValueKind.NAME:
            symbol = project.index.symbols.resolve(frame.path, str(value.value))
            if isinstance(symbol, ValueRef):
                assigned = project.index.symbols.table(symbol.path).assignments.get(symbol.name, [])
                if len(assigned) == 1:
                    return _keys_of(project, assigned[0].value, Frame(symbol.path), depth - 1)
    return None
