"""Rules written as data: one `.toml` file with patterns, explanation and examples."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from reprocheck.project.documents.tree import Scalar, walk
from reprocheck.rulekit.match import Match
from reprocheck.rulekit.module import ABSENT, UNKNOWN, Call, Module
from reprocheck.rulekit.rule import Rule, RuleError
from reprocheck.rulekit.views import TreeView

Value = str | int | float | bool


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an argument must be like; every stated part must hold, and an unknown value never matches."""

    given: bool | None = None
    """Whether the argument is written at all."""
    equals: Value | list[Value] | None = None
    """Literal value, or one of several."""
    differs: Value | list[Value] | None = None
    """A known literal value that is none of these."""
    matches: str | None = None
    """Regular expression that the text contains; unknown parts of it read `{}`."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[match]]` of a rule; exactly one of call, role, assign, import and key says what is looked at."""

    call: str | list[str] = []
    """Canonical names of the callee; `*` stands for anything."""
    role: str | list[str] = []
    """Catalog roles of the callee."""
    assign: str | list[str] = []
    """Qualified names that are assigned to."""
    import_: str | list[str] = msgspec.field(default_factory=list, name="import")
    """Modules or names that are imported; `.*` at the end stands for all below."""
    key: str | list[str] = []
    """Keys of YAML, TOML and JSON files as dotted paths; `*` stands for one key, `**` for any number."""
    value: Value | list[Value] | None = None
    """For assign and key: the literal value."""
    files: str | list[str] = []
    """For key: shell patterns that the path must match."""
    arguments: dict[str, Condition] = {}
    """For calls: conditions on arguments by name; `#0` is the first positional argument."""
    message: str = ""
    """What the finding says; the summary when left out."""


class ExampleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of code that the rule flags or allows."""

    code: str
    file: str = "example.py"


class RuleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    code: str
    name: str
    summary: str
    severity: str = "warning"
    confidence: str = "high"
    why: str = ""
    fix: str = ""
    notes: str = ""
    match: list[Pattern]
    flags: list[ExampleText] = []
    allows: list[ExampleText] = []


def read_rule(text: str, path: str, *, origin: str) -> Rule:
    """Read one rule file; raises RuleError that names `path` and what is wrong."""
    try:
        data = msgspec.convert(tomllib.loads(text), RuleFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RuleError(f"{path}: {error}") from error
    doc = f"{data.summary}\n\n## Why\n{data.why}\n\n## Fix\n{data.fix}\n\n## Notes\n{data.notes}\n"
    try:
        rule = Rule(data.code, data.name, doc, severity=data.severity, confidence=data.confidence, origin=origin)
        for position, pattern in enumerate(data.match, start=1):
            _register(rule, pattern, f"match {position}")
    except (RuleError, ValueError, re.error) as error:
        raise RuleError(f"{path}: {error}") from error
    for example in data.flags:
        rule.flags(example.code, file=example.file)
    for example in data.allows:
        rule.allows(example.code, file=example.file)
    return rule


def _register(rule: Rule, pattern: Pattern, where: str) -> None:
    subjects = [name for name in ("call", "role", "assign", "import_", "key") if getattr(pattern, name)]
    if not subjects or (len(subjects) > 1 and set(subjects) != {"call", "role"}):
        raise RuleError(f"{where}: state one of call, role, assign, import and key")
    message = pattern.message or rule.info.summary.rstrip(".")
    if "call" in subjects or "role" in subjects:
        rule.on_call(*_list(pattern.call), role=tuple(_list(pattern.role)))(_call_check(pattern, message))
    elif "assign" in subjects:
        rule.on(ast.Assign, ast.AnnAssign)(_assign_check(pattern, message))
    elif "import_" in subjects:
        rule.on(ast.Import, ast.ImportFrom)(_import_check(pattern, message))
    else:
        rule.on_tree(_key_check(pattern, message))


def _list(value: Any) -> list[Any]:  # noqa: ANN401 — one of a thing, or several
    return value if isinstance(value, list) else [value]


def _call_check(pattern: Pattern, message: str) -> Callable[[Call], Iterator[Match]]:
    conditions = [
        (name, condition, re.compile(condition.matches) if condition.matches else None)
        for name, condition in pattern.arguments.items()
    ]

    def check(call: Call) -> Iterator[Match]:
        if all(_holds(call, name, condition, regex) for name, condition, regex in conditions):
            yield call.match(message)

    return check


def _holds(call: Call, name: str, condition: Condition, regex: re.Pattern[str] | None) -> bool:
    position = int(name[1:]) if name.startswith("#") and name[1:].isdigit() else None
    node = call.argument(name, position)
    value = call.value(name, position)
    if condition.given is not None and (node is not None) is not condition.given:
        return False
    if condition.given is False and value is UNKNOWN:
        return False
    if condition.equals is not None and not _among(value, _list(condition.equals)):
        return False
    if condition.differs is not None and (
        value is UNKNOWN or value is ABSENT or _among(value, _list(condition.differs))
    ):
        return False
    if regex is not None:
        text = call.text(node) if node is not None else None
        return text is not None and regex.search(text) is not None
    return True


def _among(value: object, wanted: list[Value]) -> bool:
    return any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in wanted)


def _assign_check(pattern: Pattern, message: str) -> Callable[[ast.AST, Module], Iterator[Match]]:
    names = [_name_pattern(name) for name in _list(pattern.assign)]

    def check(node: ast.AST, module: Module) -> Iterator[Match]:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
        value = node.value  # type: ignore[attr-defined]
        for target in targets:
            if not isinstance(target, ast.Attribute) or value is None:
                continue
            name = module.name(target)
            if name is None or not any(regex.fullmatch(name) for regex in names):
                continue
            if pattern.value is None or _among(module.literal(value), _list(pattern.value)):
                yield module.match(node, message)

    return check


def _import_check(pattern: Pattern, message: str) -> Callable[[ast.AST, Module], Iterator[Match]]:
    names = [_name_pattern(name) for name in _list(pattern.import_)]

    def check(node: ast.AST, module: Module) -> Iterator[Match]:
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            imported = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            return
        if any(regex.fullmatch(name) for regex in names for name in imported):
            yield module.match(node, message)

    return check


def _name_pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", ".*"))


def _key_check(pattern: Pattern, message: str) -> Callable[[TreeView], Iterator[Match]]:
    keys = [_key_pattern(key) for key in _list(pattern.key)]
    files = [re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")) for name in _list(pattern.files)]

    def check(view: TreeView) -> Iterator[Match]:
        name = view.path.rpartition("/")[2]
        if files and not any(regex.fullmatch(view.path) or regex.fullmatch(name) for regex in files):
            return
        for root in view.document.roots:
            for path, node in walk(root):
                dotted = ".".join(str(part) for part in path)
                if not any(regex.fullmatch(dotted) for regex in keys):
                    continue
                value = node.value if isinstance(node, Scalar) else UNKNOWN
                if pattern.value is None or _among(value, _list(pattern.value)):
                    yield Match(span=node.span, message=message)

    return check


def _key_pattern(key: str) -> re.Pattern[str]:
    parts = []
    for part in key.split("."):
        match part:
            case "**":
                parts.append(r"(?:[^.]+\.)*")
            case "*":
                parts.append(r"[^.]+\.")
            case _:
                parts.append(re.escape(part) + r"\.")
    return re.compile("".join(parts).removesuffix(r"\."))
