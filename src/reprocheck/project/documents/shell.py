"""Shell text as simple commands: enough grammar to see which program is called with which words, and where."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable

_TOKEN: Final = re.compile(
    r"""
      (?P<blank>[ \t\f\v]++)
    | (?P<joined>\\(?:\r\n|\n|\r))
    | (?P<newline>\r\n|\n|\r)
    | (?P<plain>[^ \t\f\v\r\n\\'"`$;&|<>(){}\#=]++|[=\#{}])
    | (?P<escaped>\\[\s\S]?)
    | (?P<single>\$?'[^']*+'?)
    | (?P<substitution>[$<>]\(|\$\{|`|")
    | (?P<redirect>&>>?|<<<|<<-?|>>|>&|>\||<&|<>|[<>])
    | (?P<operator>&&|\|\||\|&|;;&|;;|;&|[;|&()])
    | (?P<dollar>\$)
    """,
    re.VERBOSE,
)
_COMMENT: Final = re.compile(r"[^\r\n]*+")
_INSIDE: Final = re.compile(r"\\[\s\S]|'[^']*+'?|\$\(|\$\{|[`\"(){}]")
_INSIDE_QUOTES: Final = re.compile(r"\\[\s\S]|\$\(|\$\{|[`\"]")
_QUOTED_ESCAPE: Final = re.compile(r'\\(?:([$`"\\])|\r?\n)')
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_DEFINES_FUNCTION: Final = re.compile(r"[ \t]*\)")
_HEREDOC_LINE: Final = re.compile(r"([^\r\n]*+)(?:\r\n|\n|\r|\Z)")
_KEYWORDS: Final = frozenset(
    ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "!", "{", "}"]
)
_CLOSERS: Final = {"$(": ")", "<(": ")", ">(": ")", "(": ")", "${": "}", "{": "}", "`": "`", '"': '"'}


class ShellWord(msgspec.Struct, frozen=True):
    """One word of a command."""

    text: str
    """Quotes and escapes removed; variables and command substitutions as written."""
    span: Span
    """Quotes included."""


class Assignment(msgspec.Struct, frozen=True):
    """A variable set in front of a command, or by itself."""

    name: str
    value: str
    span: Span


class Redirect(msgspec.Struct, frozen=True):
    """Where a command reads from or writes to."""

    operator: str
    """Such as `>`, `2>&` or `<<`."""
    target: str


class ShellCommand(msgspec.Struct, frozen=True):
    """A simple command; `sudo`, `exec`, `time` and `env` are words of it."""

    words: tuple[ShellWord, ...]
    """Empty when there are assignments or redirects only."""
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    separator: str
    """What follows: `&&`, `||`, `;`, `|`, `&`, a parenthesis; a line feed, or nothing at the end."""
    span: Span

    @property
    def argv(self) -> tuple[str, ...]:
        """The words without their places."""
        return tuple(word.text for word in self.words)


def read_commands(text: str, first_line: int = 1) -> tuple[ShellCommand, ...]:
    """Split shell text into simple commands.

    Lines count from `first_line`. Keywords (`if`, `then`, `do`, `{`) in front of a command are left out, as are
    case patterns, function heads and the bodies of here-documents. Nothing is refused: an open quote reaches to the
    end of the text.
    """
    return _Reader(text, first_line).read()


class _Reader:
    """Follows the text once, gathering a word and the command that it belongs to."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text = text
        self._table = LineTable(text)
        self._shift = first_line - 1
        self._commands: list[ShellCommand] = []
        self._words: list[ShellWord] = []
        self._assignments: list[Assignment] = []
        self._redirects: list[Redirect] = []
        self._operator: str | None = None
        self._heredocs: list[tuple[str, bool]] = []
        self._start: int | None = None
        self._end = 0
        self._word_start: int | None = None
        self._parts: list[str] = []
        self._open_groups = 0

    def read(self) -> tuple[ShellCommand, ...]:
        """Read up to the end."""
        text = self._text
        position = 0
        while (match := _TOKEN.match(text, position)) is not None:
            position = match.end()
            match match.lastgroup:
                case "plain" if match[0] == "#" and self._word_start is None:
                    position = self._comment(position)
                case "plain" | "dollar":
                    self._extend(match.start(), match[0])
                case "blank":
                    self._end_word(match.start())
                case "joined":
                    pass
                case "single":
                    self._extend(match.start(), match[0].lstrip("$").strip("'"))
                case "escaped":
                    self._extend(match.start(), match[0][1:])
                case "substitution":
                    position = self._substitution(match[0], match.start(), position)
                case "redirect":
                    self._redirect(match[0], match.start())
                case "newline":
                    self._end_command(match.start(), "\n")
                    position = self._skip_heredocs(position)
                case _:
                    position = self._separate(match[0], match.start(), position)
        self._end_command(len(text), "")
        return tuple(self._commands)

    def _span(self, start: int, end: int) -> Span:
        span = self._table.span(start, end)
        return Span(span.line + self._shift, span.column, span.end_line + self._shift, span.end_column)

    def _extend(self, start: int, part: str) -> None:
        if self._word_start is None:
            self._word_start = start
        self._parts.append(part)

    def _comment(self, position: int) -> int:
        match = _COMMENT.match(self._text, position)
        return match.end() if match is not None else position

    def _substitution(self, mark: str, start: int, position: int) -> int:
        end = _closing(self._text, position, _CLOSERS[mark])
        raw = self._text[start:end]
        if mark == '"':
            raw = _QUOTED_ESCAPE.sub(lambda match: match[1] or "", raw[1:].removesuffix('"'))
        self._extend(start, raw)
        return end

    def _redirect(self, operator: str, start: int) -> None:
        if self._word_start is not None and "".join(self._parts).isdigit():
            operator = "".join(self._parts) + operator
            self._parts.clear()
            self._start = self._word_start if self._start is None else self._start
            self._word_start = None
        self._end_word(start)
        self._operator = operator
        self._start = start if self._start is None else self._start

    def _separate(self, operator: str, start: int, position: int) -> int:
        if operator == "(" and self._parts and self._parts[-1] == "=":
            end = _closing(self._text, position, ")")
            self._extend(start, self._text[start:end])
            return end
        defines = operator == "(" and _DEFINES_FUNCTION.match(self._text, position)
        if defines:
            self._drop_command()
            return defines.end()
        if operator == "(":
            self._open_groups += 1
        elif operator == ")" and self._open_groups == 0:
            self._drop_command()  # the pattern of a `case`
            return position
        elif operator == ")":
            self._open_groups -= 1
        self._end_command(start, operator)
        return position

    def _end_word(self, end: int) -> None:
        start = self._word_start
        if start is None:
            return
        text = "".join(self._parts)
        self._word_start = None
        self._parts.clear()
        if self._operator is not None:
            self._add_redirect(self._operator, text)
        elif not self._words and text in _KEYWORDS and self._text.startswith(text, start):
            return
        elif not self._words and (match := _ASSIGNMENT.match(self._text, start, end)) is not None:
            value = text[match.end() - start :]
            self._assignments.append(Assignment(match[1], value, self._span(start, end)))
        else:
            self._words.append(ShellWord(text, self._span(start, end)))
        self._start = start if self._start is None else self._start
        self._end = end

    def _add_redirect(self, operator: str, target: str) -> None:
        self._redirects.append(Redirect(operator, target))
        self._operator = None
        kind = operator.lstrip("0123456789")
        if kind in ("<<", "<<-"):
            self._heredocs.append((target, kind == "<<-"))

    def _end_command(self, end: int, separator: str) -> None:
        self._end_word(end)
        if self._start is not None and (self._words or self._assignments or self._redirects):
            self._commands.append(
                ShellCommand(
                    tuple(self._words),
                    tuple(self._assignments),
                    tuple(self._redirects),
                    separator,
                    self._span(self._start, self._end),
                )
            )
        self._drop_command()

    def _drop_command(self) -> None:
        self._words.clear()
        self._assignments.clear()
        self._redirects.clear()
        self._parts.clear()
        self._operator = self._start = self._word_start = None

    def _skip_heredocs(self, position: int) -> int:
        for delimiter, strips_tabs in self._heredocs:
            while position < len(self._text) and (match := _HEREDOC_LINE.match(self._text, position)) is not None:
                position = match.end()
                if (match[1].lstrip("\t") if strips_tabs else match[1]) == delimiter:
                    break
        self._heredocs.clear()
        return position


def _closing(text: str, position: int, closer: str) -> int:
    """Offset behind the bracket or quote that closes what opened before `position`; the end if none does."""
    expected = [closer]
    while expected:
        quoted = expected[-1] == '"'
        match = (_INSIDE_QUOTES if quoted else _INSIDE).search(text, position)
        if match is None:
            return len(text)
        position = match.end()
        mark = match[0]
        if mark == expected[-1]:
            expected.pop()
        elif mark in _CLOSERS and not (mark == "{" or (mark == "(" and expected[-1] != ")")):
            expected.append(_CLOSERS[mark])
    return position
