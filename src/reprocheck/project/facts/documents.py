"""Facts of files that are not Python: commands, environment variables and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.model.place import Span
from reprocheck.project.documents.dockerfile import Dockerfile, shell_commands
from reprocheck.project.documents.readme import read_readme
from reprocheck.project.documents.shell import ShellCommand, read_commands
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, Sequence, walk
from reprocheck.project.facts.model import Command, DocumentFacts, Image, Setting
from reprocheck.project.facts.model import Scalar as Plain
from reprocheck.project.source import SourceText

_SETTINGS_LIMIT = 2000
_SIZE_LIMIT = 300_000
"""Characters beyond which a file holds data rather than settings."""
_SPELLED_BITS = 4096
"""Length of a number from which it is spelled in sixteens: Python refuses to spell long ones in tens."""
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[A-Z]{3,}[A-Z0-9]*\b")
_TOPICS = re.compile(
    r"\b(?:licen[cs]e|licensed|baselines?|benchmarks?|leaderboard|state[- ]of[- ]the[- ]art)\b", re.IGNORECASE
)
"""Words of a read-me file that rules ask for."""
_RESULTS = re.compile(
    r"^\|?[^|\n]+\|[^\n]*?\b\d{1,3}\.\d+\s?%?[^\n]*$|<td[^>]*>\s*\d{1,3}\.\d+\s?%?\s*</td>", re.MULTILINE
)
_RESULTS_LEAST = 3
"""Rows with numbers from which a table compares several things."""
_COMMAND_KEYS = frozenset(
    {"run", "cmd", "command", "script", "before_script", "after_script", "entrypoint", "args", "shell"}
)
_VARIABLE_KEYS = frozenset({"env", "environment", "variables", "containerEnv", "remoteEnv"})
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z|a|k)?sh")
_TAKES_TEXT = re.compile(r"-[a-z]*c")
"""Options behind which a shell finds its commands in one word: `-c`, `-lc`, `-euxc`."""


def of_shell(source: SourceText) -> DocumentFacts:
    """Facts of a shell script."""
    commands = read_commands(source.text)
    return DocumentFacts(source.path, "shell", tuple(_commands(commands)), _exports(commands))


def of_makefile(source: SourceText) -> DocumentFacts:
    """Facts of a Makefile: the commands of its recipes."""
    commands: list[ShellCommand] = []
    for number, line in enumerate(source.lines, start=1):
        if line.startswith("\t"):
            commands.extend(read_commands(line.strip().lstrip("@-+"), number))
    return DocumentFacts(source.path, "makefile", tuple(_commands(commands)), _exports(commands))


def of_dockerfile(source: SourceText, dockerfile: Dockerfile) -> DocumentFacts:
    """Facts of a Dockerfile."""
    commands: list[ShellCommand] = []
    variables: dict[str, str] = {}
    mentions: set[str] = set()
    for instruction in dockerfile.instructions:
        commands.extend(shell_commands(instruction))
        if instruction.name == "ENV":
            for argument in instruction.arguments:
                name, equals, value = argument.text.partition("=")
                if equals:
                    variables[name] = value
                elif len(instruction.arguments) > 1:
                    variables[instruction.arguments[0].text] = " ".join(a.text for a in instruction.arguments[1:])
                    break
        elif instruction.name == "ARG":
            for argument in instruction.arguments:
                mentions.add(argument.text.partition("=")[0])
    images = tuple(
        Image(use.resolved or use.written, use.span, copied=use.via != "FROM") for use in dockerfile.image_uses()
    )
    return DocumentFacts(
        source.path,
        "dockerfile",
        tuple(_commands(commands)),
        variables,
        images=images,
        mentions=tuple(sorted(mentions)),
    )


def of_readme(source: SourceText) -> DocumentFacts:
    """Facts of a read-me file: which environment variables it may speak of, and how it says that things are run."""
    readme = read_readme(source)
    return DocumentFacts(
        source.path,
        "readme",
        mentions=tuple(sorted(set(_CAPITALS.findall(source.text)))),
        shown=tuple(_commands(readme.commands)),
        headings=readme.headings,
        topics=_topics(source.text),
    )


def _topics(text: str) -> tuple[str, ...]:
    found = {word.lower() for word in _TOPICS.findall(text)}
    if len(_RESULTS.findall(text[:_SIZE_LIMIT])) >= _RESULTS_LEAST:
        found.add("table of results")
    return tuple(sorted(found))


def of_tree(source: SourceText, document: Document, kind: str) -> DocumentFacts:
    """Facts of a YAML, TOML or JSON file."""
    if len(source.text) > _SIZE_LIMIT:
        return DocumentFacts(source.path, kind)
    settings: list[Setting] = []
    commands: list[Command] = []
    variables: dict[str, str] = {}
    mentions: set[str] = set()
    for root in document.roots:
        for path, node in walk(root):
            if isinstance(node, Scalar):
                if len(settings) < _SETTINGS_LIMIT and path:
                    settings.append(Setting(".".join(map(str, path)), _kept(node.value), node.span))
            elif isinstance(node, Mapping):
                commands.extend(_tree_commands(node))
                variables.update(_tree_variables(node))
                mentions.update(_handed_through(node))
    return DocumentFacts(
        source.path, kind, tuple(commands), variables, tuple(settings), mentions=tuple(sorted(mentions))
    )


def of_notebook_shell(lines: Iterable[tuple[str, Span]]) -> tuple[Command, ...]:
    """Commands that a notebook hands to a shell."""
    found: list[Command] = []
    for text, span in lines:
        found.extend(Command(command.argv, {}, span) for command in read_commands(text) if command.words)
    return tuple(found)


def _kept(value: Plain) -> Plain:
    """A number that no machine word holds as its digits: facts are sent between processes."""
    if not isinstance(value, int) or -(1 << 63) <= value < (1 << 63):
        return value
    return str(value) if value.bit_length() < _SPELLED_BITS else hex(value)


def _commands(commands: Iterable[ShellCommand]) -> Iterator[Command]:
    for command in commands:
        if command.words:
            variables = {assignment.name: assignment.value for assignment in command.assignments}
            yield Command(command.argv, variables, command.span)
            position = _given_to_shell(command.argv)
            if position is not None:
                yield from _shell_text(command.argv[position], command.words[position].span)


def _given_to_shell(words: tuple[str, ...]) -> int | None:
    """Where the commands stand that a shell is started with: `bash -lc "pip install timm && python train.py"`."""
    started = False
    for position, word in enumerate(words[:-1]):
        if started and _TAKES_TEXT.fullmatch(word):
            return position + 1
        started = _SHELL.fullmatch(word) is not None or (started and word.startswith("-"))
    return None


def _exports(commands: Iterable[ShellCommand]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for command in commands:
        if not command.words:
            variables.update({assignment.name: assignment.value for assignment in command.assignments})
        elif command.argv[0] in {"export", "declare", "set", "setenv"}:
            for word in command.argv[1:]:
                name, equals, value = word.partition("=")
                if equals:
                    variables[name] = value
    return variables


def _tree_commands(node: Mapping) -> Iterator[Command]:
    for entry in node.entries:
        if entry.key.value not in _COMMAND_KEYS:
            continue
        value = entry.value
        if isinstance(value, Scalar) and isinstance(value.value, str):
            yield from _shell_text(value.value, value.span)
        elif isinstance(value, Sequence):
            yield from _command_list(value, is_script="script" in str(entry.key.value))


def _command_list(value: Sequence, *, is_script: bool) -> Iterator[Command]:
    words = [item.value for item in value.items if isinstance(item, Scalar) and isinstance(item.value, str)]
    if len(words) != len(value.items) or not words:
        return
    if is_script or any(" " in word for word in words[:1]):
        for item in value.items:
            assert isinstance(item, Scalar)
            yield from _shell_text(str(item.value), item.span)
        return
    yield Command(tuple(words), {}, value.span)
    behind = _given_to_shell(("sh", *words))  # `args: ["-c", ..]` goes to the shell that `command` names
    if behind is not None:
        yield from _shell_text(words[behind - 1], value.items[behind - 1].span)


def _shell_text(text: str, span: Span) -> Iterator[Command]:
    for command in _commands(read_commands(text)):
        yield Command(command.words, command.variables, span)


def _tree_variables(node: Mapping) -> Iterator[tuple[str, str]]:
    for entry in node.entries:
        if entry.key.value not in _VARIABLE_KEYS:
            continue
        if isinstance(entry.value, Mapping):
            for inner in entry.value.entries:
                yield str(inner.key.value), _text(inner.value)
        elif isinstance(entry.value, Sequence):
            for item in entry.value.items:
                yield from _listed_variable(item)


def _handed_through(node: Mapping) -> Iterator[str]:
    """Names without a value in a list of variables: those of whoever starts the container."""
    for entry in node.entries:
        if entry.key.value in _VARIABLE_KEYS and isinstance(entry.value, Sequence):
            for item in entry.value.items:
                if isinstance(item, Scalar) and isinstance(item.value, str) and "=" not in item.value:
                    yield item.value


def _listed_variable(item: Node) -> Iterator[tuple[str, str]]:
    if isinstance(item, Scalar) and isinstance(item.value, str):
        name, equals, value = item.value.partition("=")
        if equals:
            yield name, value
    elif isinstance(item, Mapping):
        name_node = item.get("name")
        if isinstance(name_node, Scalar):
            value_node = item.get("value")
            yield str(name_node.value), _text(value_node) if value_node is not None else ""


def _text(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""
