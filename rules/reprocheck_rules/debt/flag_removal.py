"""Takes dead flags out: the flag, the side that never runs, and what falls with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprocheck.rulekit import (
    WHOLE_FILE,
    DropUnused,
    Edit,
    Fix,
    FoldName,
    RemoveArgument,
    ReplaceStatements,
    Safety,
    Span,
)
from reprocheck.rulekit.facts import Call, FileFacts, ModuleRef, ValueRef
from reprocheck_rules.debt.changes import SPEAKS, Changes, last_part
from reprocheck_rules.debt.dead_sides import DeadSide
from reprocheck_rules.debt.fixed_values import Origin
from reprocheck_rules.debt.unread_options import Unread

_TITLE = "remove the flag and what never runs"


def _speaking(changes: Changes, name: str, *, besides: str) -> list[str]:
    """Other files than one that speak of a name, sorted."""
    found = {path for kind in SPEAKS for path in changes.words.files(kind, name)}
    return sorted(found - {besides})


def without_flag(changes: Changes, origin: Origin, sides: Sequence[DeadSide]) -> Fix | None:
    """The fix for a flag in the code; None where some use of it can't be told or users may set it."""
    if origin.public or origin.path.endswith(".ipynb") or any(side.path.endswith(".ipynb") for side in sides):
        return None
    edits: list[Edit] | None = None
    match origin.kind:
        case "constant":
            edits = _constant(changes, origin)
        case "attribute" | "field":
            edits = _attribute(changes, origin)
        case "parameter":
            edits = _parameter(changes, origin, sides)
    if edits is None:
        return None
    for path in sorted({edit.path for edit in edits}):
        keep = tuple(sorted(_used_elsewhere(changes, path)))
        edits.append(DropUnused(definitions=True, keep=keep, path=path))
    return Fix(_TITLE, Safety.UNSAFE, tuple(edits))


def _used_elsewhere(changes: Changes, path: str) -> set[str]:
    """Names of a module that other files import, read or spell."""
    facts = changes.index.files[path]
    own = {*facts.imports, *(f.name for f in facts.functions), *(c.name for c in facts.classes)}
    own |= {last_part(assignment.target) for assignment in facts.assignments}
    return set(changes.words.elsewhere(("spelled", *SPEAKS), sorted(own), path))


def _constant(changes: Changes, origin: Origin) -> list[Edit] | None:
    edits: list[Edit] = [
        ReplaceStatements(origin.span, "", origin.path),
        FoldName(WHOLE_FILE, origin.name, origin.value, origin.path),
    ]
    for path in _speaking(changes, origin.name, besides=origin.path):
        facts = changes.index.files[path]
        spelled = list(_spellings(changes, path, facts, origin))
        if not spelled or path.endswith(".ipynb"):
            if origin.name in facts.imports or origin.name not in facts.attributes:
                continue  # a name of its own
            return None
        edits += [FoldName(WHOLE_FILE, name, origin.value, path) for name in spelled]
    return edits


def _spellings(changes: Changes, path: str, facts: FileFacts, origin: Origin) -> Iterator[str]:
    """How another file says the constant."""
    for name in facts.imports:
        symbol = changes.symbols.resolve(path, name)
        if isinstance(symbol, ValueRef) and (symbol.path, symbol.name) == (origin.path, f".{origin.name}"):
            yield name
        elif isinstance(symbol, ModuleRef) and symbol.path == origin.path:
            yield f"{name}.{origin.name}"


def _attribute(changes: Changes, origin: Origin) -> list[Edit] | None:
    """An attribute whose name no other class of the project has."""
    name = last_part(origin.name)
    if changes.is_spelled(name) or _is_elsewhere(changes, origin, name):
        return None
    speaking = [origin.path, *_speaking(changes, name, besides=origin.path)]
    edits: list[Edit] = [ReplaceStatements(origin.span, "", origin.path)]
    for path in speaking:
        if name in changes.index.files[path].attributes:
            if path.endswith(".ipynb"):
                return None
            edits.append(FoldName(WHOLE_FILE, f"*.{name}", origin.value, path))
    return edits


def _is_elsewhere(changes: Changes, origin: Origin, name: str) -> bool:
    """Whether anything else has an attribute of that name."""
    files = changes.index.files
    return any(
        not (path == origin.path and assignment.span == origin.span)
        for path in changes.words.files("assigns", name)
        for assignment in files[path].assignments
        if last_part(assignment.target) == name
    ) or any(
        not (path == origin.path and field.span.line == origin.span.line)
        for path in changes.words.files("fields", name)
        for owner in files[path].classes
        for field in owner.fields
        if field.name == name
    )


def _parameter(changes: Changes, origin: Origin, sides: Sequence[DeadSide]) -> list[Edit] | None:
    """A parameter that its own function asks; one that is handed on is a flag in another place."""
    facts = changes.index.files[origin.path]
    place = (origin.span.line, origin.span.column)
    around = [
        f
        for f in facts.functions[1:]
        if (f.span.line, f.span.column) <= place <= (f.span.end_line, f.span.end_column)
        and any(p.span == origin.span for p in f.parameters)
    ]
    if len(around) != 1 or any(side.path != origin.path or not _inside(side.test, around[0].span) for side in sides):
        return None
    name = next(p.name for p in around[0].parameters if p.span == origin.span)
    edits: list[Edit] = [
        RemoveArgument(around[0].span, name, origin.path),
        FoldName(around[0].span, name, origin.value, origin.path),
    ]
    for path, span in origin.callers:
        call = _call(changes, path, span)
        position = [p.name for p in around[0].parameters].index(name) - (1 if around[0].method else 0)
        if call is None or path.endswith(".ipynb") or sum(not a.name for a in call.arguments) > position:
            return None
        if any(argument.name == name for argument in call.arguments):
            edits.append(RemoveArgument(span, name, path))
    return edits


def _inside(inner: Span, outer: Span) -> bool:
    return outer.line <= inner.line and inner.end_line <= outer.end_line


def _call(changes: Changes, path: str, span: Span) -> Call | None:
    for function in changes.index.files[path].functions:
        for event in function.events:
            if isinstance(event, Call) and event.span == span:
                return event
    return None


def without_option(changes: Changes, option: Unread) -> Fix | None:
    """The declaration of an option taken away; not where some command of the project gives it."""
    call = _call(changes, option.path, option.span)
    if call is None or option.path.endswith(".ipynb"):
        return None
    if changes.words.has("given", option.shown):
        return None
    edits: list[Edit] = [ReplaceStatements(option.span, "", option.path)]
    if last_part(call.callee) != "add_argument":
        behind = [
            f for f in changes.index.files[option.path].functions if f.name and f.span.line >= option.span.end_line
        ]
        function = min(behind, key=lambda f: f.span.line, default=None)
        if function is None or last_part(call.callee) not in {"option", "argument"}:
            return None
        edits.append(RemoveArgument(function.span, option.name, option.path))
    return Fix("remove the option", Safety.UNSAFE, tuple(edits))
