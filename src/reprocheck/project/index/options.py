"""Options that a user can give: argparse, click, typer, absl flags, dataclass configurations, YAML files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reprocheck.model.place import Span
from reprocheck.project.facts.model import (
    Argument,
    Call,
    DocumentFacts,
    FileFacts,
    Function,
    Scalar,
    Setting,
    Value,
    ValueKind,
)
from reprocheck.project.index.answers import Answers

_LONG = re.compile(r"^--?[A-Za-z][\w-]*$")
_FLAG_DEFINITIONS = re.compile(r"(?:^|\.)flags\.DEFINE_\w+$|^absl\.flags\.DEFINE_\w+$")
_TYPER = frozenset({"typer.Option", "typer.Argument"})
_DEFAULTS = 40
"""Entries of a defaults list that are looked at."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a user can set without changing code."""

    name: str
    """As code reads it: `learning_rate` for `--learning-rate`."""
    path: str
    span: Span
    kind: str
    """`argparse`, `click`, `typer`, `flags` or `yaml`."""
    default: Value | None
    """None when the default is not known; a constant None when there is none."""
    required: bool = False


class OptionTable:
    """All options of a project by name and by file."""

    def __init__(
        self,
        files: Mapping[str, FileFacts],
        documents: Mapping[str, DocumentFacts],
        answers: Answers,
        *,
        documents_hold: bool,
    ) -> None:
        """Options are read from calls, decorators and parameters; settings from YAML, TOML and JSON.

        `documents_hold` says whether no document is another than in the earlier scan.
        """
        self._files = files
        self._documents = documents
        self._answers = answers
        self._assigned: dict[str, frozenset[str]] = {}
        self._agreed: dict[str, Option | None] = {}
        answers.values("option", self._agreed_on)
        answers.values("options", lambda _: self._by_name)
        answers.values("setting", lambda key: self._settings.get(key, []), lambda _: documents_hold)

    def of_file(self, path: str) -> tuple[Option, ...]:
        """Options that a file declares, in order."""
        return self._answers.answer(
            "options of file", path, tuple[Option, ...], lambda: tuple(_options(self._files[path]))
        )

    @cached_property
    def _by_name(self) -> dict[str, list[Option]]:
        return self._answers.apart(self._all_options)

    def _all_options(self) -> dict[str, list[Option]]:
        found: dict[str, list[Option]] = {}
        for path in self._files:
            for option in self.of_file(path):
                found.setdefault(option.name, []).append(option)
        return found

    @cached_property
    def _by_file(self) -> dict[str, dict[str, Option]]:
        found: dict[str, dict[str, Option]] = {}
        for options in self._by_name.values():
            for option in options:
                found.setdefault(option.path, {})[option.name] = option
        return found

    @cached_property
    def _settings(self) -> dict[str, list[tuple[str, Setting]]]:
        return self._answers.apart(self._all_settings)

    def _all_settings(self) -> dict[str, list[tuple[str, Setting]]]:
        found: dict[str, list[tuple[str, Setting]]] = {}
        for document in self._documents.values():
            for setting in document.settings:
                found.setdefault(setting.key, []).append((document.path, setting))
        return found

    @property
    def by_name(self) -> Mapping[str, list[Option]]:
        """All options by name."""
        self._answers.note_value("options", "")
        return self._by_name

    def find(self, name: str, path: str) -> Option | None:
        """The option that code in `path` most likely reads as `name`: its own file's, else the only one there is."""
        if path in self._files:
            self._answers.note(path)
        own = self._by_file.get(path, {}).get(name)
        if own is not None:
            return own
        self._answers.note_value("option", name)
        return self._agreed_on(name)

    def _agreed_on(self, name: str) -> Option | None:
        """The first option of a name, where all files give it the same default."""
        if name not in self._agreed:
            candidates = self._by_name.get(name, [])
            agree = all(option.default == candidates[0].default for option in candidates)
            self._agreed[name] = candidates[0] if candidates and agree else None
        return self._agreed[name]

    def is_assigned(self, name: str, paths: set[str]) -> bool:
        """Whether code in one of the files gives an option a value: `args.seed = ...`."""
        return any(name in self._assigned_in(path) for path in paths)

    def _assigned_in(self, path: str) -> frozenset[str]:
        """Names that a file assigns to attributes of what may be parsed options."""
        if path not in self._files:
            return frozenset()
        self._answers.note(path)
        known = self._assigned.get(path)
        if known is None:
            targets = (each.target for each in self._files[path].assignments)
            names = frozenset(target.rpartition(".")[2] for target in targets if _is_namespace(target))
            known = self._assigned[path] = names
        return known

    def setting(self, key: str, stem: str = "") -> Scalar | type[Missing]:
        """Value of a configuration key; where files differ, that of the file called `stem`, else Missing."""
        found = self._set(key) or self._of_group(key, stem)
        if stem:
            named = [item for item in found if _stem(item[0]) == stem]
            found = named or found
        values = {(type(setting.value), setting.value) for _, setting in found}
        return next(iter(values))[1] if len(values) == 1 else Missing

    def _set(self, key: str) -> Sequence[tuple[str, Setting]]:
        self._answers.note_value("setting", key)
        return self._settings.get(key, ())

    def _of_group(self, key: str, stem: str) -> list[tuple[str, Setting]]:
        """What a group of configurations sets, as Hydra composes them: `train.seed` is `seed` of `train/base.yaml`.

        Of several files of a group those count that the defaults list of the file called `stem` takes.
        """
        group, _, inner = key.partition(".")
        found = [item for item in self._set(inner) if _folder(item[0]) == group]
        if not inner or not found:
            return []
        taken = {
            str(setting.value).removesuffix(".yaml")
            for position in range(_DEFAULTS)
            for path, setting in self._set(f"defaults.{position}.{group}")
            if not stem or _stem(path) == stem
        }
        return [item for item in found if _stem(item[0]) in taken]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _folder(path: str) -> str:
    """Name of the folder that a file lies in."""
    return path.rpartition("/")[0].rpartition("/")[2]


def _is_namespace(target: str) -> bool:
    """Whether an assignment is to an attribute of parsed options or of an object that is not known."""
    return target.startswith("?.") or "parse_args()" in target or "parse_known_args()" in target


class Missing:
    """Stands for a setting that no file has, or that files disagree on."""


def _options(facts: FileFacts) -> Iterator[Option]:
    typer_calls = {
        (event.span.line, event.span.end_line): event
        for event in facts.functions[0].events
        if isinstance(event, Call) and event.callee in _TYPER
    }
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield from _of_call(facts, event)
        if typer_calls:
            yield from _of_parameters(facts, function, typer_calls)


def _of_call(facts: FileFacts, call: Call) -> Iterator[Option]:
    callee = call.callee
    if callee.endswith(".add_argument"):
        option = _argparse(facts.path, call)
        if option is not None:
            yield option
    elif callee.endswith(".set_defaults"):
        for argument in call.arguments:
            if argument.name and argument.name != "**":
                yield Option(argument.name, facts.path, call.span, "argparse", argument.value)
    elif callee == "click.option" or callee.endswith("click.option"):
        option = _click(facts.path, call)
        if option is not None:
            yield option
    elif _FLAG_DEFINITIONS.search(callee):
        positional = [argument.value for argument in call.arguments if not argument.name]
        name = _string(positional[0]) if positional else None
        if name:
            default = positional[1] if len(positional) > 1 else keyword(call.arguments, "default")
            yield Option(name, facts.path, call.span, "flags", default)


def _argparse(path: str, call: Call) -> Option | None:
    words = [text for argument in call.arguments if not argument.name and (text := _string(argument.value))]
    name = _string(keyword(call.arguments, "dest")) or _long_name(words)
    if name is None:
        return None
    positional = bool(words) and not words[0].startswith("-")
    action = _string(keyword(call.arguments, "action"))
    default = keyword(call.arguments, "default")
    if not any(argument.name == "default" for argument in call.arguments):
        constant = {"store_true": False, "store_false": True, "count": 0}.get(action or "")
        default = Value(ValueKind.CONSTANT, constant)
        if any(argument.name == "**" for argument in call.arguments):
            default = None
    required = positional or keyword(call.arguments, "required") == Value(ValueKind.CONSTANT, True)
    return Option(name, path, call.span, "argparse", None if required else default, required)


def _click(path: str, call: Call) -> Option | None:
    words = [text for argument in call.arguments if not argument.name and (text := _string(argument.value))]
    bare = [word for word in words if not word.startswith("-")]
    name = bare[0] if bare else _long_name(words)
    if name is None:
        return None
    has_default = any(argument.name == "default" for argument in call.arguments)
    is_flag = keyword(call.arguments, "is_flag") == Value(ValueKind.CONSTANT, True)
    default = (
        keyword(call.arguments, "default") if has_default else Value(ValueKind.CONSTANT, False if is_flag else None)
    )
    required = keyword(call.arguments, "required") == Value(ValueKind.CONSTANT, True)
    return Option(name.partition("/")[0], path, call.span, "click", None if required else default, required)


def _long_name(words: list[str]) -> str | None:
    names = [word for word in words if _LONG.match(word.partition("/")[0]) or not word.startswith("-")]
    best = next((name for name in names if name.startswith("--")), names[0] if names else None)
    return None if best is None else best.partition("/")[0].lstrip("-").replace("-", "_")


def _of_parameters(facts: FileFacts, function: Function, typer_calls: dict[tuple[int, int], Call]) -> Iterator[Option]:
    """Parameters whose defaults are calls of typer; `typer_calls` by their first and last line."""
    for parameter in function.parameters:
        for (line, _), call in typer_calls.items():
            if parameter.span.line == line and parameter.default is not None:
                positional = [argument.value for argument in call.arguments if not argument.name]
                default = positional[0] if positional else keyword(call.arguments, "default")
                yield Option(parameter.name, facts.path, parameter.span, "typer", default)


def keyword(arguments: Iterable[Argument], name: str) -> Value | None:
    """Value of a keyword argument; None when it is not given or not known."""
    for argument in arguments:
        if argument.name == name:
            return argument.value
    return None


def _string(value: Value | None) -> str | None:
    return (
        value.value if value is not None and value.kind is ValueKind.CONSTANT and isinstance(value.value, str) else None
    )
