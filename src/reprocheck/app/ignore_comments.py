"""Where a suppression comment goes: behind the line, above it, or into one that is there already.

Nothing is believed that was not tried: the text with its comments must be read as covering the findings, and must mean
what it meant before.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import yaml

from reprocheck.fix.changes import Change, RefusedError, applied, together
from reprocheck.fix.file_text import FileText, read_text
from reprocheck.fix.notebook_text import NotebookText
from reprocheck.project.documents.dockerfile_syntax import read_syntax
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.requirements_file import read_requirements
from reprocheck.project.documents.shell import read_commands
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.notebook import Notebook, read_notebook
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText
from reprocheck.scan import suppressions
from reprocheck.scan.suppressions import Found

_WIDE = 120
"""Columns beyond which a comment stands above rather than behind."""
_EVERYTHING = 1 << 20
"""Last line of a comment for a whole file, at least."""
_FIRST = re.compile(r"#!|#.*coding[:=]|#\s*(?:syntax|escape|check)\s*=|%YAML|%TAG", re.IGNORECASE)
_BEHIND = frozenset({FileKind.YAML, FileKind.TOML, FileKind.REQUIREMENTS, FileKind.SHELL, FileKind.TERRAFORM})
_ABOVE_ONLY = frozenset({FileKind.DOCKERFILE, FileKind.MAKEFILE, FileKind.DECLARATION, FileKind.SNAKEMAKE})
"""Kinds in which a comment behind code is part of it, or may be."""
WHOLE = 0
"""The line of a finding about a file as a whole."""
NO_PLACE = "no comment can stand there without changing what the file means"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file with comments."""

    data: bytes
    unplaced: dict[int, str]
    """Lines, of those that were asked for, that got none, with the reason."""


def with_comments(path: str, kind: FileKind, data: bytes, wanted: Mapping[int, frozenset[str]], reason: str) -> Placed:
    """The file with comments that cover codes by line; for a notebook lines are those of its joined module.

    Line WHOLE stands for the file: its comment is at the top and says `ignore-file`.

    Raises RefusedError when the file can't be written back.
    """
    file = _open(path, kind, data)
    meaning = file.meaning(file.source)
    groups = [
        _Group(lines, frozenset().union(*(wanted[line] for line in lines)))
        for lines in _by_statement(file, sorted(wanted))
    ]
    ways = [list(_options(file, group, reason)) for group in groups]
    nicest = [options[0] for options in ways if options]
    if _covered(file, nicest, groups, meaning):
        return Placed(file.apply(nicest)[0], {})
    done: list[Change] = []
    unplaced: dict[int, str] = {}
    for group, options in zip(groups, ways, strict=True):
        change = next((option for option in options if _covered(file, [*done, option], [group], meaning)), None)
        if change is None:
            unplaced.update(dict.fromkeys(group.lines, NO_PLACE))
        else:
            done.append(change)
    return Placed(file.apply(done)[0] if done else data, unplaced)


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines that one comment is to cover."""

    lines: tuple[int, ...]
    codes: frozenset[str]


class _File:
    """The text that comments are put into, and what it means."""

    def __init__(self, path: str, kind: FileKind, encoded: FileText) -> None:
        self.kind = kind
        self.source = SourceText(path, encoded.text)
        self.newline = "\r\n" if "\r\n" in encoded.text else "\n"
        self._encoded = encoded

    @property
    def is_code(self) -> bool:
        """Whether it is Python."""
        return self.kind in {FileKind.PYTHON, FileKind.NOTEBOOK}

    @cached_property
    def code(self) -> PythonFile | None:
        """The Python as it was; None for what can't be parsed."""
        tree, _ = parse(self.source)
        return None if tree is None else PythonFile(self.source, tree)

    @cached_property
    def bare_ends(self) -> frozenset[int]:
        """Lines of Python behind which a comment may stand: none ends in a string, a comment or a backslash."""
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(self.source.text).readline))
        except (tokenize.TokenError, SyntaxError):
            return frozenset()
        ends = {t.start[0] for t in tokens if t.type in {tokenize.NEWLINE, tokenize.NL}}
        return frozenset(ends - {t.start[0] for t in tokens if t.type == tokenize.COMMENT})

    def apply(self, changes: Iterable[Change]) -> tuple[bytes, SourceText]:
        text = applied(self.source.text, together(changes))
        return self._encoded.encoded(text), SourceText(self.source.path, text)

    def comments(self, source: SourceText) -> list[Found]:
        if not self.is_code:
            return suppressions.of_text(source)
        tree, _ = parse(source)
        return [] if tree is None else suppressions.of_python(PythonFile(source, tree))

    def meaning(self, source: SourceText) -> object:
        read = _MEANINGS.get(self.kind)
        return None if read is None else read(source)


class _NotebookFile(_File):
    def __init__(self, path: str, data: bytes, encoded: FileText) -> None:
        super().__init__(path, FileKind.NOTEBOOK, encoded)
        self._written = NotebookText(path, data, encoded.text)
        self._text = encoded.text
        self.source = self._written.notebook.python  # before anything is read off it
        self.newline = "\n"

    def apply(self, changes: Iterable[Change]) -> tuple[bytes, SourceText]:
        text = applied(self._text, together(self._written.changes(changes)))
        data = self._encoded.encoded(text)
        again: Notebook = read_notebook(self.source.path, data)
        if len(again.problems) != len(self._written.notebook.problems):
            raise RefusedError("the notebook can't be written back")
        return data, again.python


def _open(path: str, kind: FileKind, data: bytes) -> _File:
    encoded = read_text(data, python=kind is FileKind.PYTHON)
    return _NotebookFile(path, data, encoded) if kind is FileKind.NOTEBOOK else _File(path, kind, encoded)


def _by_statement(file: _File, lines: list[int]) -> list[tuple[int, ...]]:
    """Lines of one statement together: its comment covers them all."""
    if not file.is_code:
        return [(line,) for line in lines]
    code = file.code
    if code is None:
        raise RefusedError("the file can't be parsed")
    groups: dict[int, list[int]] = {}
    for line in lines:
        statement = code.statement_at(line).statement if line != WHOLE else None
        groups.setdefault(line if statement is None else statement.lineno, []).append(line)
    return [tuple(group) for group in groups.values()]


def _options(file: _File, group: _Group, reason: str) -> Iterator[Change]:
    """Ways to write the comment, the nicest first."""
    source = file.source
    starts = LineTable(source.text).starts
    yield from _into_another(file, group, starts)
    if group.lines[0] == WHOLE:
        top = starts[_top_line(file) - 1]
        comment = _comment("ignore-file", group.codes, reason)
        yield Change(top, top, comment + file.newline)
        return
    comment = _comment("ignore", group.codes, reason)
    line = group.lines[0]
    behind = Change(
        starts[line - 1] + len(source.line(line)), starts[line - 1] + len(source.line(line)), f"  {comment}"
    )
    first = _first_line(file, line)
    text = source.line(first)
    indent = text[: len(text) - len(text.lstrip())]
    above = Change(starts[first - 1], starts[first - 1], f"{indent}{comment}{file.newline}")
    options = [above]
    if _can_end(file, line):
        fits = len(source.line(line)) + len("  ") + len(comment) <= _WIDE
        options = [behind, above] if fits else [above, behind]
    if file.kind is FileKind.NOTEBOOK and first > 1:
        # A line of IPython's own can't be written to, the end of the one before it can.
        end = starts[first - 2] + len(source.line(first - 1))
        options.append(Change(end, end, f"\n{indent}{comment}"))
    for option in options:
        if option is behind or first == 1 or not source.line(first - 1).endswith("\\") or file.kind in _ABOVE_ONLY:
            yield option


def _comment(word: str, codes: frozenset[str], reason: str) -> str:
    return f"# reprocheck: {word}[{', '.join(sorted(codes))}]" + (f" -- {reason}" if reason else "")


def _top_line(file: _File) -> int:
    """First line behind what must come first: a shebang, an encoding, a Dockerfile's directives, a YAML's."""
    line = 1
    while line < len(file.source.lines) and _FIRST.match(file.source.line(line)):
        line += 1
    return line


def _into_another(file: _File, group: _Group, starts: list[int]) -> Iterator[Change]:
    """Codes added to a comment that covers the lines already."""
    for found in file.comments(file.source):
        about_file = found.last_line >= _EVERYTHING
        covers = about_file or all(found.first_line <= line <= found.last_line for line in group.lines)
        if found.words and not found.until and covers and about_file is (group.lines[0] == WHOLE):
            missing = sorted(group.codes - set(found.words))
            bracket = file.source.line(found.line).find("]", found.column - 1)
            if bracket >= 0:
                offset = starts[found.line - 1] + bracket
                yield Change(offset, offset, "".join(f", {code}" for code in missing))


def _first_line(file: _File, line: int) -> int:
    """Line that a comment above must stand in front of."""
    statement = file.code.statement_at(line).statement if file.is_code and file.code is not None else None
    if statement is None:
        return line
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _can_end(file: _File, line: int) -> bool:
    """Whether a comment may stand at the end of a line."""
    if file.is_code:
        return line in file.bare_ends
    text = file.source.line(line)
    name = file.source.path.rpartition("/")[2]
    return file.kind in _BEHIND and not text.endswith("\\") and "#" not in text and ".env" not in name


def _covered(file: _File, changes: list[Change], groups: Iterable[_Group], meaning: object) -> bool:
    """Whether the text, so changed, means what it meant and has comments for the groups."""
    try:
        _, source = file.apply(changes)
    except RefusedError:
        return False
    if file.meaning(source) != meaning:
        return False
    starts = LineTable(file.source.text).starts
    comments = file.comments(source)

    def covers(line: int, code: str) -> bool:
        if line == WHOLE:
            return any(
                found.last_line >= _EVERYTHING and any(code.startswith(word) for word in found.words)
                for found in comments
            )
        moved = line + sum(c.text.count("\n") for c in changes if c.start <= starts[line - 1])
        return any(
            found.first_line <= moved <= found.last_line and any(code.startswith(word) for word in found.words)
            for found in comments
        )

    return all(covers(line, code) for group in groups for line in group.lines for code in group.codes)


def _python_meaning(source: SourceText) -> object:
    tree, _ = parse(source)
    return None if tree is None else ast.dump(tree)


def _yaml_meaning(source: SourceText) -> object:
    try:
        return [
            (type(e), getattr(e, "value", None), getattr(e, "tag", None), getattr(e, "anchor", None))
            for e in yaml.parse(source.text, Loader=yaml.SafeLoader)
        ]
    except (yaml.YAMLError, RecursionError):
        return None


def _toml_meaning(source: SourceText) -> object:
    try:
        return tomllib.loads(source.text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return None


def _shell_meaning(source: SourceText) -> object:
    return [
        ([word.text for word in command.words], [(a.name, a.value) for a in command.assignments])
        for command in read_commands(source.text)
    ]


def _docker_meaning(source: SourceText) -> object:
    return [(i.name, i.text, [document.text for document in i.heredocs]) for i in read_syntax(source).instructions]


def _requirements_meaning(source: SourceText) -> object:
    read = read_requirements(source)
    return [entry.text for entry in read.entries], [(o.name, o.value) for o in read.options], len(read.problems)


def _other_meaning(source: SourceText) -> object:
    """The lines that are no comments."""
    return [line for line in source.lines if line.strip() and not line.lstrip().startswith("#")]


_MEANINGS: dict[FileKind, Callable[[SourceText], object]] = {
    FileKind.PYTHON: _python_meaning,
    FileKind.NOTEBOOK: _python_meaning,
    FileKind.YAML: _yaml_meaning,
    FileKind.TOML: _toml_meaning,
    FileKind.SHELL: _shell_meaning,
    FileKind.DOCKERFILE: _docker_meaning,
    FileKind.REQUIREMENTS: _requirements_meaning,
    FileKind.MAKEFILE: _other_meaning,
    FileKind.DECLARATION: _other_meaning,
    FileKind.SNAKEMAKE: _other_meaning,
}
