"""What the code of a project spells, which decides which configuration keys and files it can read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Project, is_test_path
from reprocheck.rulekit.facts import Call, DocumentFacts, External, FileFacts, Value, ValueKind, Vocabulary
from reprocheck_rules.debt.changes import last_part

LOADERS = re.compile(
    r"(^|\.)(yaml|json|toml|tomllib|tomli|OmegaConf|omegaconf|ruamel\.yaml|anyconfig|confuse|munch|box|addict|yacs)\."
)
_GIVEN = re.compile(r"(config|conf|cfg|settings|hparams|params|yaml|options?_file)", re.IGNORECASE)
_CONFIGURATION = re.compile(
    r"^_?(cfg|config|conf|params?|settings|hparams?|options?|opt|args?|c|data|d)$", re.IGNORECASE
)
_GIVEN_NAMES = re.compile(r"^_?(cfg|config|conf|settings|hparams|params|configuration)$", re.IGNORECASE)
_HANDS_ON = frozenset({"items", "values", "keys", "update", "to_container", "instantiate", "merge", "asdict"})
_OPENERS = frozenset({"argv", "hydra", "glob", "iglob", "listdir", "rglob", "fire", "scandir"})
_FILE_NAME = re.compile(r"\.(ya?ml|toml|json)", re.IGNORECASE)
_WORD = re.compile(r"\w+")


class Words:
    """What the code of a project spells; whoever asks has read no more than what is said."""

    def __init__(self, project: Project) -> None:
        """Nothing is read yet."""
        self._project = project
        index = self._index = project.index
        paths = sorted((*index.files, *index.documents))
        self._stems = frozenset(_stem(path) for path in index.documents)
        self._words = Vocabulary(index.answers, "words of configuration", paths, self._spoken)

    def _spoken(self, path: str) -> Iterator[tuple[str, Iterable[str]]]:
        if path in self._index.files:
            facts = self._index.files[path]
            yield from _of_module(facts)
            yield from self._spelled(facts.strings)
        else:
            document = self._index.documents[path]
            yield from _of_document(document)
            values = (setting.value for setting in document.settings if isinstance(setting.value, str))
            yield from self._spelled([*values, *(word for command in document.commands for word in command.words)])

    def _spelled(self, texts: Iterable[str]) -> Iterator[tuple[str, Iterable[str]]]:
        """Words by which texts may name a file."""
        yield "file names", {text for text in texts if _FILE_NAME.search(text)}
        yield "ends", self._stems.intersection(text.rpartition("/")[2] for text in texts)

    def load_configuration(self) -> bool:
        """Whether anything outside of tests imports what reads configuration."""
        return self._words.has("loads", "*")

    def take_any_file(self) -> bool:
        """Whether a user, or a listing, decides which file is read."""
        return self._words.has("opens", "*") or any(_GIVEN.search(name) for name in self._index.options.by_name)

    def name_file(self, path: str) -> bool:
        """Whether a string, command or setting spells a file's name."""
        name = path.rpartition("/")[2]
        stem = _stem(path)
        return self._words.has("ends", stem) or any(name in text for text in self._words.every("file names"))

    def reads(self, key: str) -> bool:
        """Whether a key's name occurs in the code."""
        if self._words.has("reads", key) or key in self._index.options.by_name:
            return True
        plain = key.replace("-", "_")
        return plain != key and (self._words.has("reads", plain) or plain in self._index.options.by_name)


def _of_module(facts: FileFacts) -> Iterator[tuple[str, Iterable[str]]]:
    calls = [event for function in facts.functions for event in function.events if isinstance(event, Call)]
    packages = {target.partition(".")[0] for target in facts.imports.values()}
    loads = not is_test_path(facts.path) and any(LOADERS.search(f"{target}.") for target in facts.imports.values())
    yield "loads", ("*",) if loads else ()
    yield "opens", ("*",) if not _OPENERS.isdisjoint((*facts.attributes, *packages)) else ()
    yield (
        "reads",
        {
            *facts.attributes,
            *facts.strings,
            *_WORD.findall("\n".join(facts.strings)),
            *(parameter.name for function in facts.functions for parameter in function.parameters),
            *(argument.name for call in calls for argument in call.arguments),
            *(field.name for owner in facts.classes for field in owner.fields),
        },
    )


def _of_document(document: DocumentFacts) -> Iterator[tuple[str, Iterable[str]]]:
    values = [setting.value for setting in document.settings if isinstance(setting.value, str)]
    words = [word for command in document.commands for word in command.words]
    # Templates and interpolations read other keys of the file.
    words += [value for value in values if "${" in value or "{{" in value]
    yield "reads", {word for text in words for word in _WORD.findall(text)}


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


# What is handed on whole


def whole(project: Project) -> tuple[str, ...]:
    """Last keys of mappings that code takes as they are; `""` where some code takes whatever a configuration has."""
    return tuple(sorted(set(project.of_files(_taken))))


def _taken(project: Project, path: str) -> Iterator[str]:
    facts = project.index.files[path]
    calls = (event for function in facts.functions for event in function.events if isinstance(event, Call))
    yield from dict.fromkeys(last for call in calls for last in _taken_by(project, facts, call))


def _taken_by(project: Project, facts: FileFacts, call: Call) -> Iterator[str]:
    last = last_part(call.callee)
    if last in _HANDS_ON:
        receiver = call.callee.rpartition(".")[0]
        if LOADERS.search(receiver) and "()" in receiver:
            yield _last_key(receiver.rpartition("()")[2].strip("."))
        elif last in {"to_container", "instantiate"}:
            yield ""
        elif receiver.startswith("?.") and last != "update":
            yield _last_key("" if _GIVEN_NAMES.match(receiver[2:]) else receiver[2:])
    external: bool | None = None
    for argument in call.arguments:
        value = argument.value
        if argument.name == "**" and value is None:
            yield ""
        path = _configuration_path(value)
        if path is None:
            continue
        if argument.name == "**":
            yield _last_key(path)
            continue
        if external is None:
            symbol = project.index.symbols.resolve(facts.path, call.callee)
            external = isinstance(symbol, External) or call.callee[0] == "?"
        if external and last not in {"print", "info", "debug", "get"}:
            yield _last_key(path)


def _last_key(path: str) -> str:
    last = path.rpartition(".")[2]
    return "" if last == "[]" else last


def _configuration_path(value: Value | None) -> str | None:
    """Path behind a configuration that a value reads; None when it isn't one."""
    if value is None:
        return None
    if value.kind is ValueKind.PARAMETER and _CONFIGURATION.match(str(value.value)):
        return value.path
    if value.kind is ValueKind.SELF:
        parts = value.path.strip(".").split(".")
        return ".".join(parts[1:]) if _CONFIGURATION.match(parts[0]) else None
    if value.kind is ValueKind.NAME:
        name = str(value.value)
        if LOADERS.search(name) and "()" in name:
            return name.rpartition("()")[2].strip(".")
        head, _, rest = name.lstrip(".").partition(".")
        return rest if _CONFIGURATION.match(head) else None
    return None
