"""Options that a user can give and that no code reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Span, is_test_path
from reprocheck.rulekit.facts import (
    Call,
    Class,
    External,
    FileFacts,
    Import,
    Option,
    Value,
    ValueKind,
)
from reprocheck_rules.debt.changes import CallSite, Changes, last_part

_PARSED = re.compile(r"parse_(?:args|known_args|intermixed_args)\(\)(?:\[0?\])?$")
_NAMESPACE = re.compile(
    r"^_?(args?|opts?|options?|cfg|config|conf|flags|hparams?|params?|hps?|settings|namespace)$", re.IGNORECASE
)
_FOR_SHOW = re.compile(r"^(copy|pprint|logging|builtins|rich)\.|(^|\.)(info|debug|warning|print|format)$")
_TAKES_NUMBERS = re.compile(r"^(torch\.(optim|nn)|numpy|math)\.")
"""Calls that no options are handed to: what is called `params` there are weights."""
_OF_JAX = frozenset({"jax", "flax", "optax", "haiku", "equinox"})
_GIVEN_BY_OTHERS = frozenset({"local_rank", "local-rank", "node_rank", "rank", "f", "fff", "help", "version"})
"""Options that a launcher or kernel passes, whether a program reads them or not."""
_KEPT_ON_PURPOSE = re.compile(
    r"deprecat|unused|not used|ignored|no effect|compat|dummy|obsolete|legacy|==SUPPRESS==|placeholder|removed",
    re.IGNORECASE,
)
_OWN_ACTIONS = frozenset({"version", "help", "parsers"})
_PLAIN_ACTIONS = frozenset(
    {"", "store", "store_true", "store_false", "store_const", "append", "append_const", "count", "extend"}
)
_WHOLE_PARSER = 3
"""Options from which a parser that nobody reads is no oversight."""
_DATACLASS_PARSERS = frozenset({"tyro.cli", "simple_parsing.parse", "pyrallis.parse", "draccus.parse", "chanfig.parse"})


class Unread(NamedTuple):
    """An option without a reader."""

    path: str
    span: Span
    shown: str
    """As a user writes it."""
    name: str
    """As code would read it."""
    confidence: Confidence


def unread_options(changes: Changes) -> Iterator[Unread]:
    """Options of every parser outside of tests, in order of path and line."""
    readers = _Readers(changes)
    for path, by_name in sorted(changes.index.options.by_file.items()):
        if is_test_path(path):
            continue
        calls = {
            event.span: event
            for function in changes.index.files[path].functions
            for event in function.events
            if isinstance(event, Call)
        }
        found = [_judge(option, calls.get(option.span), changes, readers) for option in by_name.values()]
        unread = [item for item in found if item is not None]
        # A parser none of whose options is read shows how to parse, or is read in a way that isn't seen.
        doubtful = len(unread) == len(found) >= _WHOLE_PARSER
        yield from (item._replace(confidence=Confidence.LOW) if doubtful else item for item in unread)
    yield from _dataclass_options(changes, readers)


def _judge(option: Option, call: Call | None, changes: Changes, readers: _Readers) -> Unread | None:
    name = option.name.replace("-", "_")
    if name in _GIVEN_BY_OTHERS or name.startswith("_"):
        return None
    if option.kind == "argparse" and call is not None:
        if last_part(call.callee) != "add_argument" or _acts_itself(call):
            return None
        local = call.callee.startswith(("argparse.", "configargparse.", "jsonargparse.", "transformers."))
        files = readers.related(option.path) if local else frozenset(changes.index.files)
        if not files or readers.all_live(files) or readers.reads(files, name, positional=not _flag(call)):
            return None
        return Unread(
            option.path, option.span, _flag(call) or name, name, Confidence.HIGH if local else Confidence.MEDIUM
        )
    if option.kind == "flags" and call is not None:
        files = frozenset(changes.index.files)
        if readers.has_handle(option, call) or readers.reads(files, name, positional=True):
            return None
        if readers.all_live(readers.related(option.path)):
            return None
        if any(
            {"flag_values_dict", "__flags", "flags_into_string"} & set(changes.index.files[f].attributes) for f in files
        ):
            return None
        return Unread(option.path, option.span, f"--{name}", name, Confidence.MEDIUM)
    if option.kind in {"click", "typer"}:
        return _of_command(option, call, changes.index.files[option.path])
    return None


def _of_command(option: Option, call: Call | None, facts: FileFacts) -> Unread | None:
    """An option that arrives as a parameter of the decorated function."""
    if option.name in facts.names or "params" in facts.attributes or "locals" in facts.names:
        return None
    if call is not None and any(
        argument.name in {"expose_value", "callback", "is_eager", "hidden", "**"} for argument in call.arguments
    ):
        return None
    behind = [function for function in facts.functions if function.span.end_line >= option.span.line and function.name]
    target = min(behind, key=lambda function: function.span.line, default=None)
    if option.kind == "click":
        behind = [function for function in behind if function.span.line >= option.span.line]
        target = min(behind, key=lambda function: function.span.line, default=None)
    if target is None or option.name not in {parameter.name for parameter in target.parameters}:
        return None
    if not target.decorators:
        return None
    return Unread(option.path, option.span, f"--{option.name.replace('_', '-')}", option.name, Confidence.HIGH)


def _acts_itself(call: Call) -> bool:
    """Whether an option does something on being given, or says that it is kept for nothing."""
    for argument in call.arguments:
        value = argument.value
        text = value.value if value is not None and value.kind is ValueKind.CONSTANT else None
        if argument.name == "**":
            return True
        if argument.name == "action" and (text not in _PLAIN_ACTIONS or text in _OWN_ACTIONS):
            return True
        if argument.name == "help":
            shown = text if isinstance(text, str) else str(value.value) if value is not None else ""
            if _KEPT_ON_PURPOSE.search(shown) or shown.endswith("SUPPRESS"):
                return True
    return False


def _flag(call: Call) -> str:
    words = [a.value.value for a in call.arguments if not a.name and a.value is not None]
    flags = [word for word in words if isinstance(word, str) and word.startswith("-")]
    return next((word for word in flags if word.startswith("--")), flags[0] if flags else "")


class _Readers:
    """Which modules could read the options of one, and what they read."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._index = changes.index
        self._imports: dict[str, set[str]] | None = None
        self._importers: dict[str, set[str]] = {}
        self._related: dict[str, frozenset[str]] = {}
        self._live: dict[frozenset[str], bool] = {}

    def related(self, path: str) -> frozenset[str]:
        """The module, its importers and all that those import; the project where imports are computed."""
        if path not in self._related:
            imports = self._import_graph()
            above = _closure({path}, self._importers)
            found = frozenset(_closure(above, imports))
            self._related[path] = frozenset(self._index.files) if found & self._computed_imports else found
        return self._related[path]

    @cached_property
    def _computed_imports(self) -> frozenset[str]:
        """Modules that import or build others by names that only a run knows."""
        names = ("import_module", "__import__", "walk_packages", "iter_modules", "instantiate", "call", "run_path")
        return frozenset(
            site.path
            for name in names
            for site in self._changes.calls.get(name, ())
            if name != "call" or site.call.callee.startswith("hydra.")
        )

    def _import_graph(self) -> dict[str, set[str]]:
        if self._imports is None:
            self._imports = {}
            for path, facts in self._index.files.items():
                found = self._imports[path] = set()
                events = (event for function in facts.functions for event in function.events)
                for event in events:
                    if isinstance(event, Import):
                        found.update(self._modules(path, event.target))
                for module in found:
                    self._importers.setdefault(module, set()).add(path)
        return self._imports

    def _modules(self, path: str, target: str) -> Iterator[str]:
        """Modules that an import runs, packages on the way included."""
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        for length in range(1, len(parts) + 1):
            module = self._changes.symbols.modules.find(path, "." * dots + ".".join(parts[:length]))
            if module is not None and module != path:
                yield module

    def reads(self, files: frozenset[str], name: str, *, positional: bool) -> bool:
        """Whether any of the files has the name as an attribute, key or keyword."""
        for path in files:
            facts = self._index.files[path]
            if name in facts.attributes or (not positional and name in facts.strings):
                return True
        return False

    def all_live(self, files: frozenset[str]) -> bool:
        """Whether any of the files reads a whole namespace, by `vars`, by computed names, or in a library's code."""
        if files not in self._live:
            self._live[files] = any(self._hands_on(path, self._index.files[path]) for path in sorted(files))
        return self._live[files]

    def _hands_on(self, path: str, facts: FileFacts) -> bool:
        if any(_may_be_options(facts, name) for name in facts.opened):
            return True
        if {"_get_kwargs", "exec"} & (set(facts.attributes) | set(facts.names)):
            return True
        for position, function in enumerate(facts.functions):
            for event in function.events:
                if isinstance(event, Call) and self._takes_all(CallSite(path, position, event)):
                    return True
        return False

    def _takes_all(self, site: CallSite) -> bool:
        call = site.call
        if call.callee == "builtins.vars":
            return True
        if call.callee == "builtins.getattr":
            first, second = [*[argument.value for argument in call.arguments], None, None][:2]
            computed = second is None or second.kind is not ValueKind.CONSTANT
            return computed and (first is None or _is_namespace(first))
        if _FOR_SHOW.search(call.callee):
            return False
        given = [argument.value for argument in call.arguments if argument.value is not None]
        facts = self._index.files[site.path]
        if not any(_is_namespace(value) and not _are_weights(facts, value) for value in given):
            return False
        symbol = self._changes.symbols.resolve(site.path, call.callee)
        if _TAKES_NUMBERS.match(symbol.name if isinstance(symbol, External) else call.callee):
            return False
        if call.callee[0] in "?@":
            return not self._changes.symbols.methods_named(last_part(call.callee))
        return isinstance(symbol, External) or (symbol is None and not call.callee.startswith(("self.", "builtins.")))

    def has_handle(self, option: Option, call: Call) -> bool:
        """Whether the definition's result, which reads the flag, is kept."""
        assignments = self._index.files[option.path].assignments
        return any(
            assignment.value == Value(ValueKind.NAME, call.callee + "()")
            and assignment.span.line <= call.span.line
            and call.span.line - assignment.span.line <= 1
            for assignment in assignments
        )


def _may_be_options(facts: FileFacts, name: str) -> bool:
    """Whether what a module reads the `__dict__` of may be its options: no module, and no layer that shows itself."""
    if name == "self":
        return any(_NAMESPACE.match(word) for word in (*facts.names, *facts.attributes))
    return name not in facts.imports or _NAMESPACE.match(name) is not None


def _is_namespace(value: Value) -> bool:
    if value.kind is ValueKind.NAME:
        name = str(value.value)
        return _PARSED.search(name) is not None or name.rpartition(".")[2] == "FLAGS"
    if value.kind is ValueKind.PARAMETER:
        return not value.path and _NAMESPACE.match(str(value.value)) is not None
    return value.kind is ValueKind.SELF and _NAMESPACE.match(value.path.lstrip(".")) is not None


def _are_weights(facts: FileFacts, value: Value) -> bool:
    """Whether a parameter holds what a model has learnt: what is called `params` where JAX is at work."""
    return (
        value.kind is ValueKind.PARAMETER
        and value.value == "params"
        and any(target.partition(".")[0] in _OF_JAX for target in facts.imports.values())
    )


def _closure(start: set[str], edges: dict[str, set[str]]) -> set[str]:
    found = set(start)
    stack = list(start)
    while stack:
        for target in edges.get(stack.pop(), ()):
            if target not in found:
                found.add(target)
                stack.append(target)
    return found


# Dataclasses as parsers


def _dataclass_options(changes: Changes, readers: _Readers) -> Iterator[Unread]:
    for path, facts in sorted(changes.index.files.items()):
        if is_test_path(path):
            continue
        for owner in facts.classes:
            if owner.bases or not any("dataclass" in decorator for decorator in owner.decorators):
                continue
            if not _is_parsed(changes, path, owner):
                continue
            files = readers.related(path)
            if readers.all_live(files) or _taken_apart(changes, files):
                continue
            for field in owner.fields:
                if not field.name.startswith("_") and not readers.reads(files, field.name, positional=False):
                    shown = f"--{field.name.replace('_', '-')}"
                    yield Unread(path, field.span, shown, field.name, Confidence.MEDIUM)


def _is_parsed(changes: Changes, path: str, owner: Class) -> bool:
    facts = changes.index.files[path]
    if "HfArgumentParser" in facts.names and owner.name in facts.references:
        return True
    for parser in _DATACLASS_PARSERS:
        for site in changes.calls.get(last_part(parser), ()):
            if site.call.callee == parser and site.path == path:
                values = [argument.value for argument in site.call.arguments]
                if Value(ValueKind.NAME, f".{owner.name}") in values:
                    return True
    return False


def _taken_apart(changes: Changes, files: frozenset[str]) -> bool:
    """Whether a record is turned into a mapping or text as a whole."""
    names = {"asdict", "fields", "astuple", "to_dict", "to_sanitized_dict", "__dataclass_fields__"}
    return any(
        names & (set(changes.index.files[path].names) | set(changes.index.files[path].attributes)) for path in files
    )
