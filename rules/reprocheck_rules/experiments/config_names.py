"""Settings that code reads and declares, and which declared name a misspelled one resembles."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.facts import Call, FileFacts, Setting, Test, Value, ValueKind

OPTIONS = re.compile(r"^(?:.*\.)?ArgumentParser\(\)\.parse_(?:args|known_args)\(\)(?:\[0?\])?$|^tyro\.cli\(\)$")
FILES = re.compile(
    r"^(?:.*\.)?(yaml|OmegaConf|toml|tomllib|tomli|json)\.\w*load\w*\(\)(?:\[\])?|^omegaconf\.DictConfig\(\)"
)
_CONFIGURATION = re.compile(r"^_?(cfg|config|conf|hparams?|params?|hps?|settings)$", re.IGNORECASE)
_NOT_SETTINGS = re.compile(
    r"(^|/)(\.[^/]+|docs?|node_modules|k8s|helm)/|(^|/)(package(-lock)?|tsconfig\w*|composer)\.json$|"
    r"(^|/)(pyproject\.toml|mkdocs\.yml|(docker-)?compose[\w.-]*\.ya?ml)$"
)
_DATA = re.compile(
    r"(^|/)(tests?|testing|_?fixtures?|assets|data|datasets?|samples?)/|"
    r"(^|/)(tokenizer|vocab|special_tokens|added_tokens|generation_config|preprocessor_config)[\w.-]*\.json$",
    re.IGNORECASE,
)
"""Files of tests, tables, and what models come with: their keys are no settings that code could misspell."""
_CONFIGURATION_FILE = re.compile(
    r"conf|cfg|settings|param|option|default|(^|/)experiments?/|\.(ya?ml|toml)$", re.IGNORECASE
)
_GROUP = re.compile(r"(?:(?:optional|override) )*/?(?P<group>[\w/-]+)(?:@(?P<package>[\w.]+))?")
"""An entry of Hydra's `defaults`: a group of configurations, perhaps placed elsewhere."""
_ALIKE = 0.84


class Read(NamedTuple):
    """A setting that code reads."""

    path: str
    span: Span
    name: str
    source: str
    """`options`, `file`, or `unsure` for a parameter that is called like a configuration."""


def reads_of(facts: FileFacts) -> Iterator[Read]:
    """Settings that calls, conditions and assignments of a module read."""
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield from _of_call(facts.path, event)
        for guard in function.guards:
            for leaf in leaves(guard.test):
                yield from _of_value(facts.path, guard.span, leaf)
    for assignment in facts.assignments:
        if assignment.value is not None:
            yield from _of_value(facts.path, assignment.span, assignment.value)
    for choice in facts.choices:
        for leaf in leaves(choice.test):
            yield from _of_value(facts.path, choice.span, leaf)


def _of_call(path: str, call: Call) -> Iterator[Read]:
    for argument in call.arguments:
        if argument.value is not None:
            yield from _of_value(path, call.span, argument.value)
    if call.callee.endswith(".get") and call.arguments:
        key = call.arguments[0].value
        if key is not None and key.kind is ValueKind.CONSTANT and isinstance(key.value, str):
            receiver = call.callee[: -len(".get")]
            if FILES.search(receiver):
                yield Read(path, call.span, key.value, "file")
            elif receiver == "?":
                yield Read(path, call.span, key.value, "unsure")


def _of_value(path: str, span: Span, value: Value) -> Iterator[Read]:
    match value.kind:
        case ValueKind.NAME:
            owner, _, name = str(value.value).rpartition(".")
            if OPTIONS.search(owner) and "(" not in name:
                yield Read(path, span, name, "options")
            elif (found := FILES.search(str(value.value))) is not None:
                yield from (
                    Read(path, span, part, "file") for part in str(value.value)[found.end() :].split(".") if part
                )
        case ValueKind.PARAMETER | ValueKind.SELF:
            parts = ([str(value.value)] if value.kind is ValueKind.PARAMETER else []) + value.path.strip(".").split(".")
            if _CONFIGURATION.match(parts[0]):
                yield from (Read(path, span, part, "unsure") for part in parts[1:])


def _parts(key: str) -> list[str]:
    """Names in a key; of `defaults.0./group/name`, those under which Hydra places the group that is chosen."""
    first, _, rest = key.partition(".defaults.") if ".defaults." in key else key.partition("defaults.")
    group = _GROUP.fullmatch(rest.partition(".")[2]) if rest and first in {"", "hydra"} else None
    if group is None:
        return key.split(".")
    return ["defaults", *re.split(r"[/.]", group["package"] or group["group"])]


def leaves(test: Test | None) -> Iterator[Value]:
    """Values that a condition asks for."""
    if test is None:
        return
    for part in test.parts:
        yield from leaves(part)
    for side in (test.left, test.right):
        if side is not None:
            yield side


class Names:
    """What a project declares and reads."""

    def __init__(self, project: Project) -> None:
        """Tables are made when first asked for."""
        self._index = project.index

    @cached_property
    def settings(self) -> dict[str, tuple[str, Setting]]:
        """Settings of the project's configuration files, by the parts of their keys."""
        found: dict[str, tuple[str, Setting]] = {}
        for path, document in sorted(self._index.documents.items()):
            if not _NOT_SETTINGS.search(path):
                for setting in document.settings:
                    for part in _parts(setting.key):
                        found.setdefault(part, (path, setting))
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """Names that something in the project declares, sets or defines."""
        found: set[str] = set(self.settings) | set(self._index.options.by_name)
        for facts in self._index.files.values():
            found.update(assignment.target.rpartition(".")[2] for assignment in facts.assignments)
            found.update(function.name.rpartition(".")[2] for function in facts.functions)
            found.update(parameter.name for function in facts.functions for parameter in function.parameters)
            for function in facts.functions:
                for event in function.events:
                    if isinstance(event, Call):
                        found.update(argument.name for argument in event.arguments)
        return frozenset(found)

    @cached_property
    def read(self) -> frozenset[str]:
        """Names that occur in code as attributes or strings."""
        found: set[str] = set()
        for facts in self._index.files.values():
            found.update(facts.attributes)
            found.update(facts.strings)
        return frozenset(found)

    def declaration(self, name: str, path: str, source: str) -> tuple[str, Span] | None:
        """Where an option or setting is declared."""
        if source == "options":
            option = self._index.options.by_file.get(path, {}).get(name)
            if option is not None:
                return option.path, option.span
            for other, facts in self._index.files.items():
                for owner in facts.classes:
                    for field in owner.fields:
                        if field.name == name and any("dataclass" in decorator for decorator in owner.decorators):
                            return other, field.span
            return None
        found = self.settings.get(name)
        return None if found is None else (found[0], found[1].span)

    def _configures(self, path: str) -> bool:
        return _DATA.search(path) is None and _CONFIGURATION_FILE.search(path) is not None

    @cached_property
    def _unread(self) -> dict[int, list[str]]:
        """Settings that nothing reads, by the length of their names."""
        found: dict[int, list[str]] = {}
        for key, (place, _) in self.settings.items():
            if key not in self.read and self._configures(place):
                found.setdefault(len(key), []).append(key)
        return found

    def meant(self, name: str, path: str, source: str) -> tuple[str, str, Span] | None:
        """The declared name that one resembles, and where it is declared."""
        if source == "options":
            choices = list(self._index.options.by_file.get(path, {}))
        else:
            # Names that are alike have most of their letters in common, so that their lengths are close.
            shortest, longest = int(len(name) * _ALIKE / (2 - _ALIKE)), int(len(name) * (2 - _ALIKE) / _ALIKE) + 1
            choices = [key for length in range(shortest, longest + 1) for key in self._unread.get(length, ())]
        for close in difflib.get_close_matches(name, choices, 1, _ALIKE):
            if not _differ_on_purpose(name, close):
                declared = self.declaration(close, path, source)
                if declared is not None:
                    return close, *declared
        return None


def _differ_on_purpose(name: str, close: str) -> bool:
    """Whether two names are a number, a plural, a direction or a whole word apart."""
    if re.sub(r"\d", "", name) == re.sub(r"\d", "", close):
        return True
    first, second = set(name.split("_")), set(close.split("_"))
    if first < second or second < first or name.rstrip("s") == close.rstrip("s"):
        return True
    pairs = (
        {"min", "max"},
        {"train", "test"},
        {"src", "dst"},
        {"in", "out"},
        {"x", "y"},
        {"height", "weight"},
        {"pre", "post"},
    )
    return any((first ^ second) <= pair and first ^ second for pair in pairs)
