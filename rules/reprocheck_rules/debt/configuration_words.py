"""What the code of a project spells, which decides which configuration keys and files it can read."""

from __future__ import annotations

import re

from reprocheck.rulekit.facts import Call, External, FileFacts, Value, ValueKind
from reprocheck_rules.debt.changes import Changes, last_part

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
_WORD = re.compile(r"\w+")


class Words:
    """What the code of a project spells, and what it hands on whole."""

    def __init__(self, changes: Changes) -> None:
        """Reads the facts of all files once."""
        self._changes = changes
        self.read: set[str] = set()
        self.strings: set[str] = set()
        self.whole: set[str] = set()
        """Last keys of mappings that code takes as they are."""
        self.all_whole = False
        """Whether some code takes whatever a configuration has."""
        index = changes.index
        for facts in index.files.values():
            self._of_module(facts)
        self.read.update(word for text in self.strings for word in _WORD.findall(text))
        self.read.update(index.options.by_name)
        spelled = list(self.strings)
        for document in index.documents.values():
            values = [setting.value for setting in document.settings if isinstance(setting.value, str)]
            words = [word for command in document.commands for word in command.words]
            spelled += values + words
            # Templates and interpolations read other keys of the file.
            words += [value for value in values if "${" in value or "{{" in value]
            self.read.update(word for text in words for word in _WORD.findall(text))
        self._spelled = spelled
        self.takes_any_file = any(_GIVEN.search(name) for name in index.options.by_name) or not _OPENERS.isdisjoint(
            self._all_names()
        )
        """Whether a user, or a listing, decides which file is read."""

    def _of_module(self, facts: FileFacts) -> None:
        self.read.update(facts.attributes)
        self.strings.update(facts.strings)
        for function in facts.functions:
            self.read.update(parameter.name for parameter in function.parameters)
            for event in function.events:
                if isinstance(event, Call):
                    self._call(facts, event)
        for owner in facts.classes:
            self.read.update(field.name for field in owner.fields)

    def _all_names(self) -> set[str]:
        found: set[str] = set()
        for facts in self._changes.index.files.values():
            found.update(facts.attributes)
            found.update(target.partition(".")[0] for target in facts.imports.values())
        return found

    def _call(self, facts: FileFacts, call: Call) -> None:
        self.read.update(argument.name for argument in call.arguments)
        last = last_part(call.callee)
        if last in _HANDS_ON:
            receiver = call.callee.rpartition(".")[0]
            if LOADERS.search(receiver) and "()" in receiver:
                self._take(receiver.rpartition("()")[2].strip("."))
            elif last in {"to_container", "instantiate"}:
                self.all_whole = True
            elif receiver.startswith("?.") and last != "update":
                self._take("" if _GIVEN_NAMES.match(receiver[2:]) else receiver[2:])
        external: bool | None = None
        for argument in call.arguments:
            value = argument.value
            if argument.name == "**" and value is None:
                self.all_whole = True
            path = _configuration_path(value)
            if path is None:
                continue
            if argument.name == "**":
                self._take(path)
                continue
            if external is None:
                external = (
                    isinstance(self._changes.symbols.resolve(facts.path, call.callee), External)
                    or call.callee[0] == "?"
                )
            if external and last not in {"print", "info", "debug", "get"}:
                self._take(path)

    def _take(self, path: str) -> None:
        last = path.rpartition(".")[2]
        if last in {"", "[]"}:
            self.all_whole = True
        else:
            self.whole.add(last)

    def names_file(self, path: str) -> bool:
        """Whether a string, command or setting spells a file's name."""
        name = path.rpartition("/")[2]
        stem = name.rpartition(".")[0]
        return any(name in text or text == stem or text.endswith("/" + stem) for text in self._spelled)

    def reads(self, key: str) -> bool:
        """Whether a key's name occurs in the code."""
        return key in self.read or key.replace("-", "_") in self.read or key in self.strings


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
