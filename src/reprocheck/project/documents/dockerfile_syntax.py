"""The instructions of a Dockerfile: logical lines, flags, exec form, here-documents, each with its place."""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import JoinedText, LineTable
from reprocheck.project.source import Problem, SourceText

INSTRUCTIONS: Final = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_TAKE_HEREDOCS: Final = frozenset(["ADD", "COPY", "RUN"])
_TAKE_EXEC_FORM: Final = frozenset(["ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"])
_DIRECTIVE: Final = re.compile(r"\s*+#\s*+([A-Za-z][A-Za-z0-9]*+)\s*+=\s*+(\S.*)")
_DIRECTIVES: Final = frozenset(["syntax", "escape", "check"])
_BLANKS: Final = " \t\v\f"
_NAME: Final = re.compile(r"[ \t\v\f]*+([^ \t\v\f]++)[ \t\v\f]*+")
_HEREDOC: Final = re.compile(r"[0-9]*<<(-?)(\S+)")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_WORDS: Final = {
    escape: re.compile(
        rf"""(?:[^ \t\v\f"'{re.escape(escape)}]++|{re.escape(escape)}.?"""
        rf"""|"(?:[^"{re.escape(escape)}]++|{re.escape(escape)}.?)*+"?|'[^']*+'?)++"""
    )
    for escape in "\\`"
}
# An escape character that is itself escaped does not continue the line.
_CONTINUES: Final = {
    escape: re.compile(rf"(?:^|(?<=[^{re.escape(escape)}])){re.escape(escape)}[ \t]*$") for escape in "\\`"
}


class Directive(msgspec.Struct, frozen=True):
    """A parser directive: `# syntax=`, `# escape=`, `# check=`."""

    name: str
    value: str
    span: Span


class Argument(msgspec.Struct, frozen=True):
    """One word behind an instruction, or one string of its exec form."""

    text: str
    """As written, quotes included; in the exec form what the JSON string says."""
    span: Span


class Flag(msgspec.Struct, frozen=True):
    """A word such as `--from=builder` between an instruction and its arguments."""

    name: str
    """Without the dashes."""
    value: str | None
    """As written; None for a flag without `=`."""
    span: Span
    value_span: Span


class Heredoc(msgspec.Struct, frozen=True):
    """A here-document."""

    name: str
    text: str
    """Body with line ends as LF; leading tabs are kept."""
    expand: bool
    """False when the name was quoted: variables stay as they are."""
    strip_tabs: bool
    span: Span
    """The body's lines."""


class Instruction(msgspec.Struct, frozen=True):
    """One instruction with everything that belongs to it."""

    name: str
    """In capitals."""
    text: str
    """What follows the name and the flags, continuations joined and comments left out."""
    arguments: tuple[Argument, ...]
    flags: tuple[Flag, ...]
    heredocs: tuple[Heredoc, ...]
    exec_form: bool
    """True when the arguments are a JSON list."""
    script: str
    """The same as `text` with the lines and columns of the file: what isn't part of it is blank or a continuation."""
    span: Span
    """Here-documents included."""

    def flag(self, name: str) -> Flag | None:
        """The last flag of that name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)


class Syntax(msgspec.Struct, frozen=True):
    """A Dockerfile before its stages are made out."""

    directives: tuple[Directive, ...]
    instructions: tuple[Instruction, ...]
    problems: tuple[Problem, ...]
    escape: str


def read_syntax(source: SourceText) -> Syntax:
    """Split a Dockerfile into instructions, as BuildKit's parser does."""
    reader = _Reader(source)
    reader.read()
    return Syntax(tuple(reader.directives), tuple(reader.instructions), tuple(reader.problems), reader.escape)


class _Reader:
    """Goes over the lines once."""

    def __init__(self, source: SourceText) -> None:
        self._lines = source.lines
        self._table = LineTable(source.text)
        self._next = 0
        self.escape = "\\"
        self.directives: list[Directive] = []
        self.instructions: list[Instruction] = []
        self.problems: list[Problem] = []

    def read(self) -> None:
        """Read up to the end."""
        self._read_directives()
        while self._next < len(self._lines):
            if _is_skipped(self._lines[self._next]):
                self._next += 1
            else:
                self._read_instruction()

    def _read_directives(self) -> None:
        """Directives stand at the very top, each at most once; anything else is the end of them."""
        for number, line in enumerate(self._lines, start=1):
            match = _DIRECTIVE.fullmatch(line.rstrip())
            name = match[1].lower() if match is not None else ""
            if match is None or name not in _DIRECTIVES or any(name == found.name for found in self.directives):
                return
            span = Span(number, match.start(2) + 1, number, match.end(2) + 1)
            self.directives.append(Directive(name, match[2], span))
            if name == "escape" and match[2] in _CONTINUES:
                self.escape = match[2]
            elif name == "escape":
                self.problems.append(Problem(f"the escape character can't be {match[2]!r}", span, fatal=False))

    def _read_instruction(self) -> None:
        first = self._next
        joined = self._join_lines()
        after = self._next
        match = _NAME.match(joined.text)
        if match is None:
            return
        name = match[1].upper()
        span = joined.span(match.start(1), len(joined.text.rstrip(_BLANKS)))
        if name not in INSTRUCTIONS:
            self.problems.append(Problem(f"unknown instruction {match[1]!r}", joined.span(*match.span(1)), fatal=False))
        flags, start = self._flags(joined, match.end())
        arguments = self._exec_form(joined, start) if name in _TAKE_EXEC_FORM else None
        exec_form = arguments is not None
        if arguments is None:
            arguments = tuple(
                Argument(word[0], joined.span(*word.span()))
                for word in _WORDS[self.escape].finditer(joined.text, start, len(joined.text.rstrip(_BLANKS)))
            )
        takes_heredocs = name in _TAKE_HEREDOCS and not exec_form
        heredocs = self._heredocs(arguments) if takes_heredocs else ()
        if heredocs:
            span = Span(span.line, span.column, self._next, len(self._lines[self._next - 1]) + 1)
        self.instructions.append(
            Instruction(
                name,
                joined.text[start:].rstrip(_BLANKS),
                arguments,
                flags,
                heredocs,
                exec_form,
                self._script(first, after, arguments),
                span,
            )
        )

    def _join_lines(self) -> JoinedText:
        """The next line and its continuations; comments and empty lines among them do not count."""
        continues = _CONTINUES[self.escape]
        pieces: list[tuple[int, str]] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            offset = self._table.starts[self._next]
            self._next += 1
            if pieces and _is_skipped(line):
                continue
            match = continues.search(line)
            pieces.append((offset, line if match is None else line[: match.start()]))
            if match is None:
                break
        return JoinedText(self._table, pieces)

    def _flags(self, joined: JoinedText, position: int) -> tuple[tuple[Flag, ...], int]:
        """The flags from `position` on, and where the arguments start."""
        flags: list[Flag] = []
        text = joined.text
        while text.startswith("--", position):
            word = _WORDS[self.escape].match(text, position)
            assert word is not None
            name, equals, value = word[0][2:].partition("=")
            if name:
                value_start = word.start() + 2 + len(name) + len(equals)
                flags.append(
                    Flag(
                        name,
                        value if equals else None,
                        joined.span(*word.span()),
                        joined.span(value_start, word.end()) if value else joined.span(*word.span()),
                    )
                )
            position = word.end()
            while text[position : position + 1] and text[position] in _BLANKS:
                position += 1
            if not name:  # two dashes alone end the flags
                break
        return tuple(flags), position

    def _exec_form(self, joined: JoinedText, start: int) -> tuple[Argument, ...] | None:
        text = joined.text[start:].strip()
        if not text.startswith("["):
            return None
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return None
        places = _JSON_STRING.finditer(joined.text, start)
        return tuple(Argument(value, joined.span(*place.span())) for value, place in zip(values, places, strict=True))

    def _heredocs(self, arguments: tuple[Argument, ...]) -> tuple[Heredoc, ...]:
        heredocs: list[Heredoc] = []
        for argument in arguments:
            match = _HEREDOC.fullmatch(argument.text)
            if match is None or "<" in match[2]:
                continue
            name = match[2].replace('"', "").replace("'", "").replace(self.escape, "")
            heredocs.append(self._heredoc(name, argument, expand=name == match[2], strip_tabs=bool(match[1])))
        return tuple(heredocs)

    def _heredoc(self, name: str, argument: Argument, *, expand: bool, strip_tabs: bool) -> Heredoc:
        first = self._next
        end = first
        while end < len(self._lines):
            line = self._lines[end]
            if (line.lstrip("\t") if strip_tabs else line) == name:
                break
            end += 1
        if end == len(self._lines):
            self.problems.append(Problem(f"the here-document {name!r} does not end", argument.span))
        self._next = min(end + 1, len(self._lines))
        body = self._lines[first:end]
        span = Span(first + 1, 1, end, len(body[-1]) + 1) if body else Span(first + 1, 1, first + 1, 1)
        return Heredoc(name, "\n".join(body), expand, strip_tabs, span)

    def _script(self, first: int, end: int, arguments: tuple[Argument, ...]) -> str:
        """The lines of an instruction as shell text that still stands where it stood."""
        if not arguments:
            return ""
        start = arguments[0].span
        continues = _CONTINUES[self.escape]
        lines: list[str] = []
        for index in range(first, end):
            line = self._lines[index]
            if index + 1 < start.line or (index > first and _is_skipped(line)):
                lines.append("\\")
                continue
            if index + 1 == start.line:
                line = " " * (start.column - 1) + line[start.column - 1 :]
            lines.append(continues.sub(lambda _: "\\", line))
        return "\n".join(lines)


def _is_skipped(line: str) -> bool:
    stripped = line.lstrip(_BLANKS)
    return not stripped or stripped.startswith("#")
