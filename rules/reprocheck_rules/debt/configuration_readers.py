"""Which configuration files the code of a project opens: those that it spells, or whichever it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Project, Span, is_test_path
from reprocheck.rulekit.facts import Call, FileFacts, Frame, Function, Value, ValueKind
from reprocheck_rules.debt.changes import Changes, last_part

_LIBRARIES = {
    "yaml": re.compile(
        r"^(yaml|ruamel|omegaconf|yacs|anyconfig|confuse|munch|box|hydra|mmcv|mmengine|detectron2)(\.|$)"
    ),
    "json": re.compile(r"^(json|simplejson|ujson|orjson|jsonlines|anyconfig|confuse|munch|box|mmcv|mmengine)(\.|$)"),
    "toml": re.compile(r"^(toml|tomllib|tomli|tomlkit|anyconfig|confuse|dynaconf)(\.|$)"),
}
"""What reads a format: a module that imports it may read any file of that kind that it opens."""
_OPENERS = re.compile(
    r"^(builtins|io|codecs|\?|pathlib\.Path\(\))\.open$|(^|\.)(read_text|read_bytes|merge_from_file|fromfile|load_config|"
    r"from_yaml|OmegaConf\.load|anyconfig\.load|toml\.load|yaml_load|load_yaml|load_json)$"
)
_FILE = re.compile(r"\.(ya?ml|json|toml)$", re.IGNORECASE)
_WRITES = frozenset("wax")


def may_open(project: Project, path: str) -> bool:
    """Whether some code reads files of this kind whose names only a caller or user knows."""
    suffix = path.rpartition(".")[2].lower()
    return project.value_of(is_opened, "yaml" if suffix == "yml" else suffix)


def is_opened(project: Project, kind: str) -> bool:
    """Whether some code reads files of a kind whose names only a caller or user knows."""
    return kind in project.once(_opened)


def _opened(project: Project) -> frozenset[str]:
    return frozenset(project.of_files(_opened_by))


def _opened_by(project: Project, path: str) -> Iterator[str]:
    """Kinds of files that a module opens so."""
    if is_test_path(path):
        return
    facts = project.index.files[path]
    kinds = [
        kind for kind, library in _LIBRARIES.items() if any(library.match(each) for each in facts.imports.values())
    ]
    if kinds and _opens_unnamed(project, facts):
        yield from kinds


def _opens_unnamed(project: Project, facts: FileFacts) -> bool:
    for function in facts.functions:
        calls = [event for event in function.events if isinstance(event, Call)]
        for call in calls:
            if _OPENERS.search(call.callee) and not _is_named(project, facts.path, function, call, calls):
                return True
    return False


def _is_named(project: Project, path: str, function: Function, call: Call, calls: list[Call]) -> bool:
    """Whether the code itself says which file a call opens, or the call writes one."""
    given = [argument.value for argument in call.arguments]
    if any(_is_mode(value) for value in given) or (given and _is_text(project, given[0], path, function)):
        return True
    inside = (other for other in calls if other is not call and _contains(call.span, other.span))
    return any(
        value is not None and isinstance(value.value, str) and _FILE.search(value.value)
        for other in inside
        for value in (argument.value for argument in other.arguments)
    )


def _is_text(project: Project, value: Value | None, path: str, function: Function) -> bool:
    if value is None:
        return False
    if value.kind is ValueKind.TEXT:
        return not str(value.value).startswith("{}")
    if value.kind is ValueKind.PARAMETER and not value.path:
        return _is_always_given(project, function, str(value.value))
    return isinstance(project.index.evaluator.value(value, Frame(path)), str)


def _is_always_given(project: Project, function: Function, name: str) -> bool:
    """Whether each call of a function spells a text for one of its parameters."""
    names = [parameter.name for parameter in function.parameters]
    position = names.index(name) - (function.method and names[0] in {"self", "cls"}) if name in names else -1
    called = False
    for site in project.once(Changes).calls(last_part(function.name)):
        called = True
        plain = [argument.value for argument in site.call.arguments if not argument.name]
        named = [argument.value for argument in site.call.arguments if argument.name == name]
        value = named[0] if named else plain[position] if 0 <= position < len(plain) else None
        if value is None or not isinstance(project.index.evaluator.value(value, Frame(site.path)), str):
            return False
    return called


def _contains(outer: Span, inner: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )


def _is_mode(value: Value | None) -> bool:
    """Whether a value is the mode of a file that is written."""
    text = value.value if value is not None and value.kind is ValueKind.CONSTANT else None
    return isinstance(text, str) and len(text) <= len("wb+t") and not _WRITES.isdisjoint(text)
