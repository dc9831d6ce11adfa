"""Settings that code reads and declares, and which declared name a misspelled one resembles."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.facts import Call, FileFacts, Test, Value, ValueKind

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

    span: Span
    name: str
    source: str
    """`options`, `file`, or `unsure` for a parameter that is called like a configuration."""


def reads_of(facts: FileFacts) -> Iterator[Read]:
    """Settings that calls, conditions and assignments of a module read."""
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield from _of_call(event)
        for guard in function.guards:
            for leaf in leaves(guard.test):
                yield from _of_value(guard.span, leaf)
    for assignment in facts.assignments:
        if assignment.value is not None:
            yield from _of_value(assignment.span, assignment.value)
    for choice in facts.choices:
        for leaf in leaves(choice.test):
            yield from _of_value(choice.span, leaf)


def _of_call(call: Call) -> Iterator[Read]:
    for argument in call.arguments:
        if argument.value is not None:
            yield from _of_value(call.span, argument.value)
    if call.callee.endswith(".get") and call.arguments:
        key = call.arguments[0].value
        if key is not None and key.kind is ValueKind.CONSTANT and isinstance(key.value, str):
            receiver = call.callee[: -len(".get")]
            if FILES.search(receiver):
                yield Read(call.span, key.value, "file")
            elif receiver == "?":
                yield Read(call.span, key.value, "unsure")


def _of_value(span: Span, value: Value) -> Iterator[Read]:
    match value.kind:
        case ValueKind.NAME:
            owner, _, name = str(value.value).rpartition(".")
            if OPTIONS.search(owner) and "(" not in name:
                yield Read(span, name, "options")
            elif (found := FILES.search(str(value.value))) is not None:
                yield from (Read(span, part, "file") for part in str(value.value)[found.end() :].split(".") if part)
        case ValueKind.PARAMETER | ValueKind.SELF:
            parts = ([str(value.value)] if value.kind is ValueKind.PARAMETER else []) + value.path.strip(".").split(".")
            if _CONFIGURATION.match(parts[0]):
                yield from (Read(span, part, "unsure") for part in parts[1:])


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


# What a project declares and reads


def declared_in(project: Project, path: str) -> Iterator[str]:
    """Names that something in a file declares, sets or defines, perhaps several times."""
    facts = project.index.files[path]
    yield from (option.name for option in project.index.options.of_file(path))
    yield from (assignment.target.rpartition(".")[2] for assignment in facts.assignments)
    for function in facts.functions:
        yield function.name.rpartition(".")[2]
        yield from (parameter.name for parameter in function.parameters)
        for event in function.events:
            if isinstance(event, Call):
                yield from (argument.name for argument in event.arguments)


class _Declared(NamedTuple):
    """A configuration file."""

    path: str
    names: tuple[str, ...]
    """Parts of the keys of its settings."""


def _declared(project: Project, path: str) -> Iterator[_Declared]:
    if not _NOT_SETTINGS.search(path):
        names = dict.fromkeys(
            part for setting in project.index.documents[path].settings for part in _parts(setting.key)
        )
        if names:
            yield _Declared(path, tuple(names))


def settings(project: Project) -> Mapping[str, str]:
    """The first file that has a setting, by the parts of all keys."""
    return project.once(_settings)


def _settings(project: Project) -> Mapping[str, str]:
    return {each.name: each.path for each in project.of_project(_places)}


class _Place(NamedTuple):
    """A part of a key, and the first file that has it."""

    name: str
    path: str


def _places(project: Project) -> Iterator[_Place]:
    # Of all documents, which change seldom; most of their names stand in many of them.
    seen: set[str] = set()
    for document in project.of_documents(_declared):
        for name in document.names:
            if name not in seen:
                seen.add(name)
                yield _Place(name, document.path)


def setting_names(project: Project) -> frozenset[str]:
    """Parts of keys of files that hold settings for programs."""
    configures = cache(_configures)
    return frozenset(name for name, place in settings(project).items() if configures(place))


def _unread(project: Project) -> Mapping[int, list[tuple[str, int]]]:
    """Settings that nothing reads, by the length of their names, each with its letters."""
    read = frozenset(project.of_files(_read_in))
    found: dict[int, list[tuple[str, int]]] = {}
    for name in setting_names(project) - read:
        found.setdefault(len(name), []).append((name, _letters(name)))
    return found


def _read_in(project: Project, path: str) -> Iterator[str]:
    """Names of settings that occur in a file as attributes or strings."""
    yield from sorted(project.value_of(setting_names).intersection(project.of_file(_words, path)))


def _words(project: Project, path: str) -> Iterator[str]:
    facts = project.index.files[path]
    yield from dict.fromkeys((*facts.attributes, *facts.strings))


def _configures(path: str) -> bool:
    return _DATA.search(path) is None and _CONFIGURATION_FILE.search(path) is not None


def _letters(name: str) -> int:
    """The letters that occur in a name, each a bit; some share one."""
    letters = 0
    for letter in set(name):
        letters |= 1 << (ord(letter) & 127)
    return letters


class _Field(NamedTuple):
    """An option that a dataclass declares."""

    path: str
    name: str
    span: Span


def _fields(project: Project, path: str) -> Iterator[_Field]:
    for owner in project.index.files[path].classes:
        if any("dataclass" in decorator for decorator in owner.decorators):
            for field in owner.fields:
                yield _Field(path, field.name, field.span)


def declaration(project: Project, name: str, path: str, source: str) -> tuple[str, Span] | None:
    """Where an option or setting is declared."""
    if source == "options":
        own = [option.span for option in project.index.options.of_file(path) if option.name == name]
        if own:
            return path, own[-1]
        field = next((field for field in project.of_files(_fields) if field.name == name), None)
        return None if field is None else (field.path, field.span)
    place = settings(project).get(name)
    if place is None:
        return None
    return place, next(s.span for s in project.index.documents[place].settings if name in _parts(s.key))


def meant(project: Project, name: str, path: str, source: str) -> tuple[str, str, Span] | None:
    """The declared name that one resembles, and where it is declared."""
    if source == "options":
        choices = [option.name for option in project.index.options.of_file(path)]
    else:
        choices = list(_alike(name, project.once(_unread)))
    for close in difflib.get_close_matches(name, choices, 1, _ALIKE):
        if not _differ_on_purpose(name, close):
            declared = declaration(project, close, path, source)
            if declared is not None:
                return close, *declared
    return None


def _alike(name: str, unread: Mapping[int, list[tuple[str, int]]]) -> Iterator[str]:
    """Those of some names that may resemble one.

    Names that are alike have most of their letters in common, so that their lengths are close, and few letters occur
    in one of them alone.
    """
    letters = _letters(name)
    shortest, longest = int(len(name) * _ALIKE / (2 - _ALIKE)), int(len(name) * (2 - _ALIKE) / _ALIKE) + 1
    for length in range(shortest, longest + 1):
        most = (1 - _ALIKE) * (len(name) + length)
        yield from (other for other, theirs in unread.get(length, ()) if (letters ^ theirs).bit_count() <= most)


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
