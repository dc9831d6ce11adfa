"""Which files a program opens under a name that stands in its code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.model.place import Span
from reprocheck.project.facts.model import Call, FileFacts, Value, ValueKind
from reprocheck.project.index.evaluate import Frame
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.execution import argument_of
from reprocheck.rulekit.project import Project

_WRITES = re.compile(r"[wax+]")
_MODES = frozenset({"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"})
_FOLDERS = frozenset({"os.makedirs", "os.mkdir", "pathlib.Path.mkdir", "os.chdir"})
_NO_PATH = re.compile(r"[*?\[\]{}<>|\n\0]|://|^~|^\$|^[A-Za-z]:\\|^/dev/")


@dataclass(frozen=True, slots=True)
class Opened:
    """One call that opens a file by name."""

    name: str
    """As it stands in the code."""
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
        short = posixpath.normpath(posixpath.join(folder, self.name.replace("\\", "/")))
        return None if short.startswith(("/", "..")) or short == "." else short


def opened_files(project: Project, path: str) -> Iterator[Opened]:
    """Files that a module opens by names which it states, in order of its functions."""
    facts = project.index.files.get(path)
    for call in _calls(facts) if facts is not None else ():
        name = project.catalog.canonical(call.callee)
        entry = project.catalog.entry(name)
        if entry is None or name in _FOLDERS or not entry.path_arguments or entry.roles.isdisjoint({"reads", "writes"}):
            continue
        for argument in entry.path_arguments:
            given = argument_of(call, entry, argument)
            text = _text(project, path, given.value) if given is not None else None
            if text and _NO_PATH.search(text) is None:
                yield Opened(text, _is_written(project, path, name, entry, call, argument), path, call)


def _calls(facts: FileFacts) -> Iterator[Call]:
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield event


def _text(project: Project, path: str, value: Value | None) -> str | None:
    if value is None or value.kind is ValueKind.PARAMETER:
        return None
    found = project.index.evaluator.value(value, Frame(path))
    return found if isinstance(found, str) else None


def _is_written(project: Project, path: str, name: str, entry: CatalogEntry, call: Call, argument: str) -> bool:
    """Whether the argument is written to: by the mode of `open`, or by what the catalog says."""
    if name in _MODES:
        mode = argument_of(call, entry, "mode")
        text = _text(project, path, mode.value) if mode is not None else "r"
        return bool(text and _WRITES.search(text))
    return "reads" not in entry.roles or argument == "dst"
