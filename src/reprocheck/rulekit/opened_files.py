"""Which files a program opens under a name that stands in its code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call, FileFacts, Value, ValueKind
from reprocheck.project.index.evaluate import Frame
from reprocheck.project.index.texts import Scene
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.execution import argument_of
from reprocheck.rulekit.project import Project

_WRITES = re.compile(r"[wax+]")
_FOLDERS = frozenset({"os.makedirs", "os.mkdir", "pathlib.Path.mkdir", "os.chdir"})
_NO_PATH = re.compile(r"[*?\[\]{}<>|\n\0]|://|^~|^\$|^[A-Za-z]:[\\/]|^/dev/")


@dataclass(frozen=True, slots=True)
class Opened:
    """One call that opens a file by name."""

    name: str
    """As the code puts it together; with two slashes in front for one that begins at the root of the project."""
    writes: bool
    path: str
    """The module."""
    call: Call

    @property
    def span(self) -> Span:
        """The call."""
        return self.call.span

    def inside(self, folder: str) -> str | None:
        """The file relative to the root when the program runs in `folder`; None for one that lies elsewhere."""
        name = self.name.replace("\\", "/")
        if name.startswith("//"):
            folder, name = "", name[2:]
        short = posixpath.normpath(posixpath.join(folder, name))
        return None if short.startswith(("/", "..")) or short == "." else short


@dataclass(frozen=True, slots=True)
class PathUse:
    """One argument of a call, or the receiver of a method, that names a file or folder."""

    value: Value | None
    writes: bool
    appends: bool = False
    """Whether what is there stays."""


def opened_files(project: Project, path: str) -> Iterator[Opened]:
    """Files that a module opens by names which it states, in order of its functions."""
    facts = project.index.files.get(path)
    for call in _calls(facts) if facts is not None else ():
        for use in path_uses(project, path, call):
            text = _text(project, path, use.value)
            if text and _NO_PATH.search(text) is None:
                yield Opened(text, use.writes, path, call)


def path_uses(project: Project, path: str, call: Call) -> Iterator[PathUse]:
    """What a call of the module at `path` opens, as far as the catalog knows it."""
    name = project.catalog.canonical(call.callee)
    entry = project.catalog.entry(name)
    if entry is None and "()" in name:
        # A method of what some function returned.
        entry = project.catalog.entry("?." + name.rpartition(".")[2])
    if entry is None or name in _FOLDERS or entry.roles.isdisjoint({"reads", "writes"}):
        return
    if call.receiver is not None and not entry.path_arguments:
        mode = call.arguments[0] if name.endswith(".open") and call.arguments else None
        mode = next((argument for argument in call.arguments if argument.name == "mode"), mode)
        text = _text(project, path, mode.value) if mode is not None else "r"
        writes = bool(text and _WRITES.search(text)) if name.endswith(".open") else "writes" in entry.roles
        yield PathUse(call.receiver, writes, "a" in (text or ""))
    for argument in entry.path_arguments:
        given = argument_of(call, entry, argument)
        if given is not None:
            opened = _mode(project, path, entry, call)
            yield PathUse(given.value, _is_written(entry, opened, argument), "a" in (opened or ""))


def _calls(facts: FileFacts) -> Iterator[Call]:
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield event


def _text(project: Project, path: str, value: Value | None) -> str | None:
    if value is None or value.kind is ValueKind.PARAMETER:
        return None
    if value.kind is ValueKind.CONSTANT and not isinstance(value.value, str):
        return None
    found = project.index.texts.text(value, Scene(Frame(path)))
    return found if "{" not in found else None


def _mode(project: Project, path: str, entry: CatalogEntry, call: Call) -> str | None:
    """How a call opens what it reads or writes; None where it has no such argument, or it can't be told."""
    if "mode" not in entry.arguments or not {"reads", "writes"} <= entry.roles:
        return None
    mode = argument_of(call, entry, "mode")
    return _text(project, path, mode.value) if mode is not None else "r"


def _is_written(entry: CatalogEntry, mode: str | None, argument: str) -> bool:
    """Whether the argument is written to: by the mode of `open`, or by what the catalog says."""
    if "mode" in entry.arguments and {"reads", "writes"} <= entry.roles:
        return bool(mode and _WRITES.search(mode))
    return "reads" not in entry.roles or argument == "dst"
