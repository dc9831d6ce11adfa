"""Where execution begins: main guards, scripts, commands, notebooks, steps of pipelines, and the lines that call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.facts.model import (
    Call,
    Command,
    DocumentFacts,
    FileFacts,
    Function,
    Import,
    Test,
    TestKind,
    ValueKind,
)
from reprocheck.project.index.answers import Answers
from reprocheck.project.index.steps import steps
from reprocheck.project.index.symbols import FunctionRef, Symbols, ValueRef
from reprocheck.project.tests_by_name import is_test_path

_NOT_PROGRAMS = re.compile(
    r"(^|/)(setup|conftest|__init__|__main__\.pyi|versioneer|noxfile|fabfile|tasks)\.py$|(^|/)docs?/"
)
_PYTHON = re.compile(r"(?:.*/)?python(?:\d(?:\.\d+)?)?(?:\.exe)?$")
_LAUNCHERS = frozenset(
    {"torchrun", "accelerate", "deepspeed", "horovodrun", "mpirun", "srun", "streamlit", "papermill"}
)
_VALUE_OPTIONS = frozenset({"-m", "-c", "-W", "-X"})
_OBJECT = re.compile(r"^[\w.]+:[\w.]+$")
_GROUP = re.compile(r"(?:^|\.)group(?:\(\))?$")
"""Decorator of click that makes a function a group of commands, alone or in another group."""
_MADE_GROUPS = frozenset({"typer.Typer()", "click.Group()"})


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that starts an entry point."""

    path: str
    """File that holds the command."""
    command: Command
    arguments: tuple[str, ...]
    """Words behind the program."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place where execution begins."""

    path: str
    kind: str
    """`main` (guarded), `script`, `notebook`, `console`, `command`: one of several that click or typer starts, or
    `step`: a function that a tool for pipelines runs."""
    function: int
    """Index of the function in the facts of the file; 0 for the module's body."""
    span: Span
    """The main guard, the function, or the first statement."""
    invocations: tuple[Invocation, ...] = ()
    imported: bool = False
    """Whether other modules import this one: its main part may be no more than a check of itself."""


class _Module(msgspec.Struct, array_like=True):
    """What one module says of programs."""

    imports: tuple[str, ...]
    """Modules of the project that it imports anywhere, the packages around them included."""
    guard: Span | None
    """Its main guard."""
    works: bool
    """Whether it does something when it runs, beyond defining."""
    first: Span
    """What it does first."""
    commands: tuple[tuple[str, int, Span], ...]
    """Functions, here or elsewhere, that it lets a command line start by name, by file, index and place."""
    steps: tuple[tuple[str, int, Span], ...]
    """Those that it lets a tool for pipelines run."""


class _Modules:
    """What all modules say of programs."""

    def __init__(self, files: Mapping[str, FileFacts], symbols: Symbols, answers: Answers) -> None:
        self._files = files
        self._symbols = symbols
        self._answers = answers

    def __getitem__(self, path: str) -> _Module:
        return self._answers.answer("programs", path, _Module, partial(self._read, path))

    def _read(self, path: str) -> _Module:
        facts, symbols = self._files[path], self._symbols
        body = facts.functions[0]
        return _Module(
            imports=tuple(dict.fromkeys(_imported_modules(facts, symbols))),
            guard=_main_guard(body),
            works=_works(body),
            first=_first_line(body),
            commands=self._placed(_commands(facts, symbols)),
            steps=self._placed(steps(facts, symbols)),
        )

    def _placed(self, started: Iterable[tuple[str, int]]) -> tuple[tuple[str, int, Span], ...]:
        return tuple((path, index, self._files[path].functions[index].span) for path, index in dict.fromkeys(started))


def find_entries(
    files: Mapping[str, FileFacts],
    documents: Mapping[str, DocumentFacts],
    symbols: Symbols,
    answers: Answers,
    only: tuple[str, ...] = (),
) -> tuple[Entry, ...]:
    """Entry points of the project, tests left out, sorted by path; `only` names the programs to take instead."""
    modules = _Modules(files, symbols, answers)
    invocations = _invocations(documents, symbols, answers)
    imported = {other for path in files for other in modules[path].imports}
    found: list[Entry] = []
    for path in files:
        if path not in only if only else is_test_path(path):
            continue
        called = tuple(invocations.get(path, ()))
        module = modules[path]
        if path.endswith(".ipynb"):
            found.append(Entry(path, "notebook", 0, WHOLE_FILE, called))
        elif module.guard is not None:
            found.append(Entry(path, "main", 0, module.guard, called, path in imported))
        elif only or called or (path not in imported and not _NOT_PROGRAMS.search(path) and module.works):
            found.append(Entry(path, "script", 0, module.first, called))
    known = {(entry.path, entry.function) for entry in found}
    found.extend(
        Entry(reference.path, "console", reference.index, reference.function.span)
        for reference in _console_scripts(files, documents, symbols)
        if reference.key not in known and (not only or reference.path in only)
    )
    commands = [each for path in files for each in modules[path].commands]
    of_tools = [each for path in files for each in modules[path].steps]
    for kind, started in (("command", commands), ("step", of_tools)):
        known |= {(entry.path, entry.function) for entry in found}
        found.extend(
            Entry(path, kind, index, span, imported=path in imported)
            for path, index, span in dict.fromkeys(started)
            if (path, index) not in known and (path in only if only else not is_test_path(path))
        )
    return tuple(sorted(found, key=lambda entry: (entry.path, entry.function)))


def imported_modules(path: str, files: Mapping[str, FileFacts], symbols: Symbols, answers: Answers) -> tuple[str, ...]:
    """Modules of the project that a module imports anywhere, the packages around them included."""
    return _Modules(files, symbols, answers)[path].imports


def _main_guard(body: Function) -> Span | None:
    for guard in body.guards:
        if guard.test is not None and _mentions_main(guard.test):
            return guard.span
    return None


def _mentions_main(test: Test) -> bool:
    return test.kind is TestKind.MAIN or any(_mentions_main(part) for part in test.parts)


def _works(body: Function) -> bool:
    """Whether a module does something when it runs, beyond defining."""
    return any(isinstance(event, Call) for event in body.events)


def _first_line(body: Function) -> Span:
    for event in body.events:
        if isinstance(event, Call):
            return event.span
    return WHOLE_FILE


def _imported_modules(facts: FileFacts, symbols: Symbols) -> Iterator[str]:
    events = (event for function in facts.functions for event in function.events)
    targets = {event.target for event in events if isinstance(event, Import)}
    for target in targets | set(facts.stars):
        parts = target.split(".")
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            if name.strip("."):
                module = symbols.modules.find(facts.path, name)
                if module is not None and module != facts.path:
                    yield module


def _invocations(
    documents: Mapping[str, DocumentFacts], symbols: Symbols, answers: Answers
) -> dict[str, list[Invocation]]:
    found: dict[str, list[Invocation]] = {}
    for path in documents:
        ask = partial(_starts, path, documents, symbols)
        for program, invocation in answers.answer("invocations", path, tuple[tuple[str, Invocation], ...], ask):
            found.setdefault(program, []).append(invocation)
    return found


def _starts(path: str, documents: Mapping[str, DocumentFacts], symbols: Symbols) -> tuple[tuple[str, Invocation], ...]:
    """Programs that the commands of a document start."""
    found = []
    for command in documents[path].commands:
        program = _program(command.words)
        if program is None:
            continue
        target, arguments, is_module = program
        started = _module_path(target, symbols) if is_module else _script_path(path, target, symbols)
        if started is not None:
            found.append((started, Invocation(path, command, arguments)))
    return tuple(found)


def _program(words: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool] | None:
    """Script or module that a command line starts, the words behind it, and whether it is a module."""
    for position, word in enumerate(words):
        name = word.rpartition("/")[2]
        if _PYTHON.match(word) or name in _LAUNCHERS:
            return _behind_interpreter(words[position + 1 :])
        if word.endswith(".py") and position == 0:
            return word, words[1:], False
    return None


def _behind_interpreter(words: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool] | None:
    position = 0
    while position < len(words):
        word = words[position]
        if word == "-m" and position + 1 < len(words):
            module = words[position + 1]
            if module in {"torch.distributed.launch", "torch.distributed.run", "accelerate.commands.launch"}:
                return _behind_interpreter(words[position + 2 :])
            return module, words[position + 2 :], True
        if word.endswith((".py", ".ipynb")):
            return word, words[position + 1 :], False
        if word == "-c":
            return None
        position += 2 if word in _VALUE_OPTIONS else 1
    return None


def _script_path(document: str, script: str, symbols: Symbols) -> str | None:
    name = re.sub(r"^(\./|\$\{?\w+\}?/|/\w+/)+", "", script)
    folder = document.rpartition("/")[0]
    for candidate in (f"{folder}/{name}" if folder else name, name):
        if candidate in symbols.modules.paths:
            return candidate
    matches = symbols.modules.ending(name)
    return matches[0] if len(matches) == 1 else None


def _module_path(module: str, symbols: Symbols) -> str | None:
    return symbols.modules.find("", module + ".__main__") or symbols.modules.find("", module)


def _console_scripts(
    files: Mapping[str, FileFacts], documents: Mapping[str, DocumentFacts], symbols: Symbols
) -> Iterator[FunctionRef]:
    for path in documents:
        if not path.endswith("pyproject.toml"):
            continue
        for setting in documents[path].settings:
            if re.match(r"(project|tool\.poetry)\.(scripts|gui-scripts)\.", setting.key) and isinstance(
                setting.value, str
            ):
                yield from _object(path, setting.value, symbols)
    for path in files:
        if path.endswith("setup.py"):
            for text in files[path].strings:
                name, equals, target = text.partition("=")
                if equals and name.strip() and _OBJECT.match(target.strip()):
                    yield from _object(path, target.strip(), symbols)


def _object(path: str, reference: str, symbols: Symbols) -> Iterator[FunctionRef]:
    if not _OBJECT.match(reference):
        return
    symbol = symbols.resolve(path, reference.replace(":", "."))
    if isinstance(symbol, FunctionRef):
        yield symbol


def _commands(facts: FileFacts, symbols: Symbols) -> Iterator[tuple[str, int]]:
    """Functions that a group of click or an application of typer starts by name, by file and index."""
    path = facts.path
    adds = "click" in facts.imports.values()
    for index, function in enumerate(facts.functions):
        for decorator in function.decorators:
            owner, dot, role = decorator.removesuffix("()").rpartition(".")
            if dot and role == "command" and _is_group(path, owner, symbols):
                yield path, index
        for event in function.events if adds else ():
            if isinstance(event, Call) and event.callee.endswith(".add_command") and event.arguments:
                yield from _added(path, event, symbols)


def _added(path: str, call: Call, symbols: Symbols) -> Iterator[tuple[str, int]]:
    """The function of `group.add_command(function)`."""
    value = call.arguments[0].value
    if value is not None and value.kind is ValueKind.NAME and _is_group(path, call.callee.rpartition(".")[0], symbols):
        symbol = symbols.resolve(path, str(value.value))
        if isinstance(symbol, FunctionRef) and not _is_group(path, str(value.value), symbols):
            yield symbol.key


def _is_group(path: str, name: str, symbols: Symbols) -> bool:
    """Whether a name stands for a group of commands."""
    if name in _MADE_GROUPS:
        return True
    match symbols.resolve(path, name):
        case FunctionRef(function=function):
            return any(_GROUP.search(decorator) for decorator in function.decorators)
        case ValueRef(path=home, name=value):
            made = symbols.table(home).assignments.get(value, [])
            return any(each.value is not None and each.value.value in _MADE_GROUPS for each in made)
    return False
