"""Options that a user can give and that no code reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Project, Span, is_test_path
from reprocheck.rulekit.facts import (
    Call,
    Class,
    External,
    FileFacts,
    Option,
    Value,
    ValueKind,
    closure,
)
from reprocheck_rules.debt.changes import SPEAKS, Changes, last_part

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
_ALL_FLAGS = ("flag_values_dict", "__flags", "flags_into_string")
"""Attributes by which all flags are read at once."""
_TAKE_APART = ("asdict", "fields", "astuple", "to_dict", "to_sanitized_dict", "__dataclass_fields__")
_READ_ALL = frozenset({"vars", "getattr", "parse_args", "parse_known_args", "parse_intermixed_args", "FLAGS"})
_IMPORTERS = ("import_module", "__import__", "walk_packages", "iter_modules", "instantiate", "run_path")
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


def unread_options(project: Project, path: str) -> Iterator[Unread]:
    """Options of the parsers of a file, without those of tests."""
    options = project.index.options.of_file(path)
    if not options or is_test_path(path):
        return
    changes, readers = project.once(Changes), _Readers(project, path)
    calls = {
        event.span: event
        for function in project.index.files[path].functions
        for event in function.events
        if isinstance(event, Call)
    }
    by_name = {option.name: option for option in options}
    found = [_judge(option, calls.get(option.span), changes, readers) for option in by_name.values()]
    unread = [item for item in found if item is not None]
    # A parser none of whose options is read shows how to parse, or is read in a way that isn't seen.
    doubtful = len(unread) == len(found) >= _WHOLE_PARSER
    yield from (item._replace(confidence=Confidence.LOW) if doubtful else item for item in unread)


def _judge(option: Option, call: Call | None, changes: Changes, readers: _Readers) -> Unread | None:
    name = option.name.replace("-", "_")
    if name in _GIVEN_BY_OTHERS or name.startswith("_"):
        return None
    if option.kind == "argparse" and call is not None:
        if last_part(call.callee) != "add_argument" or _acts_itself(call):
            return None
        local = call.callee.startswith(("argparse.", "configargparse.", "jsonargparse.", "transformers."))
        if readers.all_live(everywhere=not local):
            return None
        if readers.reads(name, everywhere=not local, positional=not _flag(call)):
            return None
        return Unread(
            option.path, option.span, _flag(call) or name, name, Confidence.HIGH if local else Confidence.MEDIUM
        )
    if option.kind == "flags" and call is not None:
        if _has_handle(changes.index.files[option.path], call) or readers.reads(name, everywhere=True, positional=True):
            return None
        if readers.all_live() or any(changes.words.has("attributes", whole) for whole in _ALL_FLAGS):
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
    """What the modules read that could read the options of one, or all modules of the project."""

    def __init__(self, project: Project, path: str) -> None:
        self._project = project
        self._words = project.once(Changes).words
        self._path = path

    @cached_property
    def _related(self) -> int:
        return int.from_bytes(self._project.value_of(related, self._path), "little")

    def reads(self, name: str, *, everywhere: bool = False, positional: bool = False) -> bool:
        """Whether any of the files has the name as an attribute, key or keyword."""
        kinds = ("attributes",) if positional else ("attributes", "strings")
        if everywhere:
            return any(self._words.has(kind, name) for kind in kinds)
        return any(self._words.any_in(self._words.read(kind, name), self._related) for kind in kinds)

    def all_live(self, *, everywhere: bool = False) -> bool:
        """Whether any of the files reads a whole namespace, by `vars`, by computed names, or in a library's code."""
        return self._project.value_of(are_live, "" if everywhere else self._path)

    def take_apart(self) -> bool:
        """Whether any of them turns records into mappings or texts as a whole."""
        return any(
            self._words.any_in(self._words.read(kind, name), self._related) for name in _TAKE_APART for kind in SPEAKS
        )


def related(project: Project, path: str) -> bytes:
    """The module, its importers and all that those import, as bits; the project where imports are computed."""
    return project.of_file(_related_to, path)[0]


def _related_to(project: Project, path: str) -> Iterator[bytes]:
    project.value_of(import_graph)
    found = project.index.answers.apart(lambda: project.once(_Imports)).related(path)
    yield found.to_bytes((found.bit_length() + 7) // 8, "little")


def are_live(project: Project, path: str) -> bool:
    """Whether a module that could read the options of one reads a whole namespace; of all modules without a path."""
    live = project.once(_live)
    return bool(live & int.from_bytes(related(project, path), "little") if path else live)


def _live(project: Project) -> int:
    return project.once(Changes).words.number(project.of_files(_hands_on))


def import_graph(project: Project) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Which modules each module imports, and which import others by names that only a run knows."""
    graph = project.once(_Imports)
    return tuple(tuple(sorted(imports)) for imports in graph.imports.values()), tuple(sorted(graph.computed))


def _every_file(project: Project) -> int:
    return project.once(Changes).words.number(project.index.files)


class _Imports:
    """Which module imports which."""

    def __init__(self, project: Project) -> None:
        index = project.index
        self._words = project.once(Changes).words
        self._every = project.once(_every_file)
        self.imports = {path: index.imports_of(path) for path in index.files}
        self.computed = frozenset(project.of_files(_computes_imports))
        self._computed = self._words.number(self.computed)
        self._importers: dict[str, list[str]] = {}
        for path, modules in self.imports.items():
            for module in modules:
                self._importers.setdefault(module, []).append(path)

    def related(self, path: str) -> int:
        """The module, its importers and all that those import; every module where some imports are computed."""
        above = closure([path], lambda module: self._importers.get(module, ()))
        found = self._words.number(closure(above, lambda module: self.imports.get(module, ())))
        return self._every if found & self._computed else found


def _computes_imports(project: Project, path: str) -> Iterator[str]:
    """The module, where it imports or builds others by names that only a run knows."""
    changes = project.once(Changes)
    sites = [site for name in _IMPORTERS for site in changes.calls_in(path, name)]
    if sites or any(site.call.callee.startswith("hydra.") for site in changes.calls_in(path, "call")):
        yield path


def _hands_on(project: Project, path: str) -> Iterator[str]:
    """The module, where it reads a whole namespace."""
    facts = project.index.files[path]
    words = {*facts.attributes, *facts.names}
    if any(_may_be_options(facts, name) for name in facts.opened) or not words.isdisjoint(("_get_kwargs", "exec")):
        yield path
    elif any(_reads_all(word) for word in words):
        calls = (event for function in facts.functions for event in function.events if isinstance(event, Call))
        if any(_takes_all(project, facts, call) for call in calls):
            yield path


@cache
def _reads_all(word: str) -> bool:
    """Whether a module that has no such word can't hand on a namespace."""
    return word in _READ_ALL or _NAMESPACE.match(word) is not None


def _takes_all(project: Project, facts: FileFacts, call: Call) -> bool:
    if call.callee == "builtins.vars":
        return True
    if call.callee == "builtins.getattr":
        first, second = [*[argument.value for argument in call.arguments], None, None][:2]
        computed = second is None or second.kind is not ValueKind.CONSTANT
        return computed and (first is None or _is_namespace(first))
    given = [argument.value for argument in call.arguments if argument.value is not None]
    if not any(_is_namespace(value) and not _are_weights(facts, value) for value in given):
        return False
    if _FOR_SHOW.search(call.callee):
        return False
    symbol = project.index.symbols.resolve(facts.path, call.callee)
    if _TAKES_NUMBERS.match(symbol.name if isinstance(symbol, External) else call.callee):
        return False
    if call.callee[0] in "?@":
        return not project.index.symbols.files_with_method(last_part(call.callee))
    return isinstance(symbol, External) or (symbol is None and not call.callee.startswith(("self.", "builtins.")))


def _has_handle(facts: FileFacts, call: Call) -> bool:
    """Whether the definition's result, which reads the flag, is kept."""
    return any(
        assignment.value == Value(ValueKind.NAME, call.callee + "()")
        and assignment.span.line <= call.span.line
        and call.span.line - assignment.span.line <= 1
        for assignment in facts.assignments
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


# Dataclasses as parsers


def unread_fields(project: Project, path: str) -> Iterator[Unread]:
    """Fields of the dataclasses of a file that a command line is made of."""
    if is_test_path(path):
        return
    facts, readers = project.index.files[path], _Readers(project, path)
    for owner in facts.classes:
        if owner.bases or not any("dataclass" in decorator for decorator in owner.decorators):
            continue
        if not _is_parsed(project, facts, owner) or readers.all_live() or readers.take_apart():
            continue
        for field in owner.fields:
            if not field.name.startswith("_") and not readers.reads(field.name):
                shown = f"--{field.name.replace('_', '-')}"
                yield Unread(path, field.span, shown, field.name, Confidence.MEDIUM)


def _is_parsed(project: Project, facts: FileFacts, owner: Class) -> bool:
    if "HfArgumentParser" in facts.names and owner.name in facts.references:
        return True
    record = Value(ValueKind.NAME, f".{owner.name}")
    return any(
        site.call.callee == parser and any(argument.value == record for argument in site.call.arguments)
        for parser in _DATACLASS_PARSERS
        for site in project.once(Changes).calls_in(facts.path, last_part(parser))
    )
