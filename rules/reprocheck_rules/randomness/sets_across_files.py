"""Sets that one file makes and another one puts in order."""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project
from reprocheck.rulekit.facts import Call, FileFacts, Function, FunctionRef, Value, ValueKind

_NUMBERING = "builtins.enumerate"
_SEQUENCING = frozenset({_NUMBERING, "builtins.list", "builtins.tuple"})
_SETS = frozenset({"builtins.set()", "builtins.frozenset()"})


def crossings(project: Project) -> Iterator[Match]:
    """Places where a set from another file gets an order, or is handed to code there that gives it one."""
    yield from project.of_files(_of_file)


def _of_file(project: Project, path: str) -> Iterator[Match]:
    facts = project.index.files[path]
    for function in facts.functions:
        for event in function.events:
            if not isinstance(event, Call):
                continue
            if event.callee in _SEQUENCING:
                yield from _taken(project, path, event)
            elif any(_is_set(argument.value) for argument in event.arguments):
                yield from _given(project, facts, event)


def _is_set(value: Value | None) -> bool:
    if value is None:
        return False
    if value.kind is ValueKind.DISPLAY:
        return value.value == "set"
    return value.kind is ValueKind.NAME and value.value in _SETS


def _taken(project: Project, path: str, event: Call) -> Iterator[Match]:
    """`enumerate(classes())`, where `classes` returns a set."""
    value = event.arguments[0].value
    if value is None or value.kind is not ValueKind.NAME:
        return
    symbol = project.index.symbols.resolve(path, str(value.value).removesuffix("()"))
    if not isinstance(symbol, FunctionRef) or symbol.path == path or not _is_set(symbol.function.returns):
        return
    yield project.match(
        path,
        event.span,
        f"`{symbol.function.name}` returns a set, whose order is another one in each process, "
        f"and `{event.callee.rpartition('.')[2]}` takes it",
        confidence=_confidence(event),
        trail=[project.note(symbol.path, symbol.function.span, "returns a set")],
    )


def _given(project: Project, facts: FileFacts, event: Call) -> Iterator[Match]:
    """`number(set(labels))`, where `number` enumerates what it is given."""
    symbol = project.index.symbols.resolve(facts.path, event.callee)
    if not isinstance(symbol, FunctionRef) or symbol.path == facts.path:
        return
    for name, value in _bound(symbol.function, event):
        if not _is_set(value):
            continue
        use = _ordering_use(symbol.function, name)
        if use is not None:
            yield project.match(
                facts.path,
                event.span,
                f"the order of this set is another one in each process, and `{symbol.function.name}` "
                f"takes it by `{use.callee.rpartition('.')[2]}`",
                confidence=_confidence(use),
                trail=[project.note(symbol.path, use.span, "the order matters here")],
            )


def _bound(function: Function, event: Call) -> Iterator[tuple[str, Value | None]]:
    names = [parameter.name for parameter in function.parameters]
    if function.method:
        names = names[1:]
    position = 0
    for argument in event.arguments:
        if argument.name:
            yield argument.name, argument.value
        elif position < len(names):
            yield names[position], argument.value
            position += 1


def _ordering_use(function: Function, parameter: str) -> Call | None:
    for event in function.events:
        if isinstance(event, Call) and event.callee in _SEQUENCING:
            value = event.arguments[0].value
            if value == Value(ValueKind.PARAMETER, parameter):
                return event
    return None


def _confidence(event: Call) -> Confidence:
    """Numbers given in that order last; a list may still be sorted."""
    return Confidence.MEDIUM if event.callee == _NUMBERING else Confidence.LOW
