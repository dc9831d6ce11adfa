"""Carries out fixes over the files of a project: each as a whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from reprocheck.fix.changes import Change, ConflictError, RefusedError, applied, together
from reprocheck.fix.file_text import read_text
from reprocheck.fix.text_edits import Refused, change_of, edit_bytes
from reprocheck.model.fix import Edit, Fix, Replacement, ReplaceText, WriteFile
from reprocheck.model.place import WHOLE_FILE
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText

if TYPE_CHECKING:
    from reprocheck.fix.python_text import PythonText

_PYTHON_SCRIPT = re.compile(rb"#![^\n]*\bpython")
Read = Callable[[str], bytes | None]
"""Content of a file by its path; None where there is none."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One fix and the file that it is about."""

    path: str
    fix: Fix


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a fix was not carried out."""

    reason: str
    later: bool = False
    """Whether only another fix of the same batch stood in its way."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Files with the fixes in them, and what was not done."""

    texts: dict[str, bytes] = field(default_factory=dict)
    """New content by path, of files that changed or are new."""
    refused: dict[int, Refusal] = field(default_factory=dict)
    """By position among the repairs."""


def carry_out(repairs: Sequence[Repair], read: Read) -> Outcome:
    """Carry out fixes together; of two that get in each other's way the first is done.

    What a file is read as is decided by its name; one without extension that holds Python begins with `#!`.
    """
    files: dict[str, _File] = {}
    refused: dict[int, Refusal] = {}
    for number, repair in enumerate(repairs):
        try:
            _add(repair, files, read)
        except ConflictError as conflict:
            refused[number] = Refusal(str(conflict), later=True)
        except RefusedError as refusal:
            refused[number] = Refusal(str(refusal))
    texts = {path: file.data for path, file in files.items() if file.data is not None and file.data != read(path)}
    return Outcome(texts, refused)


def replacements(repairs: Sequence[Repair], read: Read) -> list[tuple[Replacement, ...]]:
    """What each fix by itself comes to in the files; nothing for one that can't be done."""
    files: dict[str, _File] = {}
    found: list[tuple[Replacement, ...]] = []
    for repair in repairs:
        parts: list[Replacement] = []
        try:
            for path, edits in edits_by_path(repair).items():
                if path not in files:
                    files[path] = _open(path, read(path))
                parts += files[path].replacements(path, edits)
        except RefusedError:
            parts = []
        found.append(tuple(parts))
    return found


def edits_by_path(repair: Repair) -> dict[str, list[Edit]]:
    """Edits of a fix by the file that they change."""
    found: dict[str, list[Edit]] = {}
    for edit in repair.fix.edits:
        found.setdefault(edit.path or repair.path, []).append(edit)
    return found


def _add(repair: Repair, files: dict[str, _File], read: Read) -> None:
    tried: list[tuple[_File, object]] = []
    for path, edits in edits_by_path(repair).items():
        if path not in files:
            files[path] = _open(path, read(path))
        file = files[path]
        tried.append((file, file.attempt(edits)))
    for file, state in tried:
        file.keep(state)


class _File(Protocol):
    """A file in the making."""

    @property
    def data(self) -> bytes | None:
        """Its content with all that was kept."""

    def attempt(self, edits: list[Edit]) -> object:
        """What the file would become; raises RefusedError."""

    def keep(self, state: object) -> None:
        """Take the outcome of an attempt over."""

    def replacements(self, path: str, edits: list[Edit]) -> list[Replacement]:
        """What edits come to; raises RefusedError."""


def _open(path: str, data: bytes | None) -> _File:
    if data is None:
        return _NewFile()
    kind = kind_of(path)
    if kind is FileKind.OTHER and _PYTHON_SCRIPT.match(data):
        kind = FileKind.PYTHON
    match kind:
        case FileKind.PYTHON | FileKind.NOTEBOOK:
            return _PythonFile(path, data, notebook=kind is FileKind.NOTEBOOK)
        case _:
            return _OtherFile(data)


class _NewFile:
    """A file that isn't there yet."""

    def __init__(self) -> None:
        self.data: bytes | None = None

    def attempt(self, edits: list[Edit]) -> object:
        texts = {edit.text for edit in edits if isinstance(edit, WriteFile)}
        if len(texts) != 1 or len(texts) != len(set(map(type, edits))):
            raise RefusedError("the file that it changes isn't there")
        new = texts.pop().encode()
        if self.data is not None and self.data != new:
            raise ConflictError("another fix writes another file of that name")
        return new

    def keep(self, state: object) -> None:
        assert isinstance(state, bytes)
        self.data = state

    def replacements(self, path: str, edits: list[Edit]) -> list[Replacement]:
        texts = [edit.text for edit in edits if isinstance(edit, WriteFile)]
        return [Replacement(path, WHOLE_FILE, texts[0])] if len(texts) == len(edits) == 1 else []


class _OtherFile:
    """A file that isn't Python."""

    def __init__(self, data: bytes) -> None:
        self._original = data
        self._edits: tuple[ReplaceText, ...] = ()
        self.data: bytes | None = data

    def attempt(self, edits: list[Edit]) -> object:
        own = tuple(edit for edit in edits if isinstance(edit, ReplaceText))
        if len(own) < len(edits):
            exists = any(isinstance(edit, WriteFile) for edit in edits)
            raise RefusedError("a file of that name is there" if exists else "the edit is one of Python only")
        alone = edit_bytes(self._original, own)
        if isinstance(alone, Refused):
            raise RefusedError(alone.reason)
        new = edit_bytes(self._original, (*self._edits, *own))
        if isinstance(new, Refused):
            raise ConflictError(new.reason)
        return (*self._edits, *own), new

    def keep(self, state: object) -> None:
        self._edits, self.data = state  # type: ignore[misc]

    def replacements(self, path: str, edits: list[Edit]) -> list[Replacement]:
        return [Replacement(path, edit.span, edit.new) for edit in edits if isinstance(edit, ReplaceText)]


@lru_cache(maxsize=128)
def _read_python(text: str) -> PythonText:
    """The text ready for fixes; kept, since batches that fail are tried again in parts. Raises RefusedError."""
    from reprocheck.fix.python_text import PythonText

    return PythonText(text)


class _PythonFile:
    """A Python file or a notebook."""

    def __init__(self, path: str, data: bytes, *, notebook: bool) -> None:
        self._path = path
        self._original = data
        self._notebook = notebook
        self._changes: tuple[Change, ...] = ()
        self._module: tuple[Change, ...] = ()
        self.data: bytes | None = data
        self._failure = ""
        try:
            self._read()
        except RefusedError as refusal:
            self._failure = str(refusal)

    def _read(self) -> None:
        # Loading libcst takes a quarter of a second, which only those pay who change Python.
        from reprocheck.fix.notebook_text import NotebookText

        self._text = read_text(self._original, python=not self._notebook)
        self._cells = NotebookText(self._path, self._original, self._text.text) if self._notebook else None
        self._python = _read_python(self._text.text if self._cells is None else self._cells.notebook.python.text)

    def _require(self, edits: list[Edit]) -> None:
        if self._failure:
            raise RefusedError(self._failure)
        if any(isinstance(edit, WriteFile) for edit in edits):
            raise RefusedError("a file of that name is there")

    def attempt(self, edits: list[Edit]) -> object:
        self._require(edits)
        own, found = self._changes_of(edits)
        module = together((*self._module, *found))
        try:
            self._parse(applied(self._python.page.text, module))
        except RefusedError as refusal:
            raise ConflictError(str(refusal)) from refusal
        changes = together((*self._changes, *own, *self._in_file(found)))
        return module, changes, self._text.encoded(applied(self._text.text, changes))

    def _changes_of(self, edits: list[Edit]) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
        """Changes of the notebook's own text, and of its module's or the file's."""
        apart = [edit for edit in edits if self._notebook and isinstance(edit, ReplaceText) and edit.in_file]
        own = tuple(change_of(self._text.text, edit) for edit in apart)
        found = self._python.changes([edit for edit in edits if edit not in apart])
        self._parse(applied(self._python.page.text, found))
        return own, found

    def _in_file(self, found: tuple[Change, ...]) -> tuple[Change, ...]:
        return found if self._cells is None else tuple(self._cells.changes(found))

    @staticmethod
    def _parse(text: str) -> None:
        if parse(SourceText("", text))[0] is None:
            raise RefusedError("the result couldn't be parsed")

    def keep(self, state: object) -> None:
        self._module, self._changes, self.data = state  # type: ignore[misc]

    def replacements(self, path: str, edits: list[Edit]) -> list[Replacement]:
        self._require(edits)
        own, found = self._changes_of(edits)
        changes = together((*own, *self._in_file(found)))
        table = LineTable(self._text.text)
        return [Replacement(path, table.span(change.start, change.end), change.text) for change in changes]
