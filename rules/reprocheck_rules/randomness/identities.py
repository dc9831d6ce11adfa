"""Draws that only give something a name, an address or a port, and so change no result."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Project
from reprocheck.rulekit.execution import Happening
from reprocheck.rulekit.facts import Call, Value, ValueKind

_IDENTITY = re.compile(r"(^|_)(id|ids|uid|uuid|port|token|suffix|session|name|hash|seed)$")
_THREE_DIGITS = 100
_SPELLED = frozenset({"builtins.str()", "os.path.join()"})
"""Calls that make a text of what they are given."""


def names_something(project: Project, draw: Happening) -> bool:
    """Whether what is drawn becomes an identity: by the name that it gets, its digits, or as a part of a text."""
    if _IDENTITY.search(draw.call.result) is not None or _has_digits(draw.call):
        return True
    return not draw.call.result and _is_spelled(project, draw)


def _has_digits(call: Call) -> bool:
    """Whether all numbers with so many digits may come: `randint(10000, 99999)`."""
    match [argument.value.value for argument in call.arguments if argument.value is not None]:
        case [int() as first, int() as last]:
            return first >= _THREE_DIGITS and last == 10 * first - 1 and str(first).strip("0") == "1"
    return False


def _is_spelled(project: Project, draw: Happening) -> bool:
    """Whether a function's only draw of its kind stands in a text: `f"tcp://localhost:{random.randrange(9)}"`."""
    facts = project.index.files[draw.path]
    for index, function in enumerate(facts.functions):
        calls = [event for event in function.events if isinstance(event, Call)]
        if not any(call is draw.call for call in calls):
            continue
        if sum(call.callee == draw.call.callee for call in calls) > 1:
            return False
        if any(_only_spells(call, draw.call) for call in calls):
            return True
        values = [argument.value for call in calls for argument in call.arguments]
        values += [assignment.value for assignment in facts.assignments if assignment.function == index]
        return any(part == f"{draw.call.callee}()" for value in values for part in _parts(value))
    return False


def _only_spells(outer: Call, inner: Call) -> bool:
    """Whether a call around another one has nowhere for it but in a text: `init(name=f"{model}-{randint(1, 9)}")`."""
    start, end = (inner.span.line, inner.span.column), (inner.span.end_line, inner.span.end_column)
    around = (outer.span.line, outer.span.column) < start and end < (outer.span.end_line, outer.span.end_column)
    if not around or any(argument.value is None for argument in outer.arguments):
        return False
    own = Value(ValueKind.NAME, f"{inner.callee}()")
    values = [argument.value for argument in outer.arguments]
    return own not in values and any(_has_hole(value) for value in values)


def _has_hole(value: Value | None) -> bool:
    return value is not None and value.kind is ValueKind.TEXT and "{}" in str(value.value)


def _parts(value: Value | None) -> Iterator[str]:
    """Names of results that a text is put together from."""
    if value is None or (value.kind is not ValueKind.TEXT and value.value not in _SPELLED):
        return
    for part in value.parts:
        if part is not None and part.kind is ValueKind.NAME:
            yield str(part.value)
        yield from _parts(part)
