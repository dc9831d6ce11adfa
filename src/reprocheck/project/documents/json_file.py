"""JSON as a tree with positions, with the comments and trailing commas that editors' configuration files allow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.documents.positions import LineTable, UnreadableError
from reprocheck.project.documents.tree import (
    MAX_DEPTH,
    TOO_DEEP,
    Document,
    Entry,
    Mapping,
    Node,
    Scalar,
    ScalarValue,
    Sequence,
)
from reprocheck.project.source import Problem

if TYPE_CHECKING:
    from reprocheck.project.source import SourceText

MAX_JSON_CHARACTERS = 200_000_000
"""Longest text read, in characters: notebooks with their pictures are the largest JSON that people commit."""

_LARGE = 1 << 17
"""Characters from which on a file is taken for data: of 670 such files in public repositories none held settings."""
_MOST_NAMES = 2_000
"""Names that the objects of one file share, at most; where there are more, names are data too."""
_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+(?:
      (")
    | ([][{}:,])
    | (-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
    | (true|false|null|NaN|-?Infinity)\b
    | (//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
    | (.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_STRING, _MARK, _NUMBER, _WORD, _COMMENT = 1, 2, 3, 4, 5
_WORDS: Final[dict[str, ScalarValue]] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _COMMA, _DONE = range(7)
_EXPECTED: Final = {
    _VALUE: "a value",
    _VALUE_OR_END: "a value or ']'",
    _KEY: "a key in double quotes",
    _KEY_OR_END: "a key in double quotes or '}'",
    _COLON: "':'",
    _COMMA: "',' or the end of the list or object",
    _DONE: "the end of the file",
}


def read_json(source: SourceText, *, strict: bool = False) -> Document:
    """Read one JSON value.

    Repeated keys are kept; `NaN` and infinities are read as Python's `json` reads them; an integer too long for
    `int` stays text. `strict` refuses comments and trailing commas. On an error there is no root, and one problem
    with its place. One value a line (JSON Lines, https://jsonlines.org) is data: no root, and no problem.
    """
    text = source.text
    if len(text) > MAX_JSON_CHARACTERS:
        span = Span(1, 1, 1, 1)
        return Document((), (Problem(f"is longer than {MAX_JSON_CHARACTERS} characters; not read", span),))
    table = LineTable(text)
    try:
        return Document((_Reader(text, table, strict=strict).read(),))
    except UnreadableError as error:
        message, offset = error.message, error.offset
        if message.startswith(f"expected {_EXPECTED[_DONE]}") and _next_line_of_data(text, offset):
            return Document(())
    except json.JSONDecodeError as error:  # from inside a string
        message, offset = error.msg[:1].lower() + error.msg[1:].removesuffix(" at"), error.pos
    return Document((), (Problem(message, table.span(offset, offset)),))


def names_in_data(source: SourceText) -> Document | None:
    """What a large file tells a scan, in a tenth of the time that places take: the names of its objects, each once.

    Records, annotations, results and vocabularies are no settings, and a file of them may be all that is large in a
    project. None for what is small, a lock, or not plain JSON: `read_json` reads that.
    """
    if len(source.text) < _LARGE or source.path.endswith(".lock"):
        return None
    names: dict[str, None] = {}

    def note(pairs: list[tuple[str, object]]) -> None:
        if len(names) <= _MOST_NAMES:
            names.update(dict.fromkeys(name for name, _ in pairs))

    try:
        json.loads(source.text, object_pairs_hook=note, parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        return None
    if len(names) > _MOST_NAMES:
        return Document((Mapping((), WHOLE_FILE),))
    entries = tuple(Entry(Scalar(name, WHOLE_FILE), Scalar(None, WHOLE_FILE)) for name in names)
    return Document((Mapping(entries, WHOLE_FILE),))


def _next_line_of_data(text: str, offset: int) -> bool:
    """Whether an object or list begins a line there."""
    return text[offset] in "{[" and text[:offset].rstrip(" \t").endswith(("\n", "\r"))


class _Frame:
    """An object or list that is not closed yet."""

    __slots__ = ("column", "entries", "items", "key", "line")

    def __init__(self, line: int, column: int, entries: list[Entry] | None, items: list[Node]) -> None:
        self.line = line
        self.column = column
        self.entries = entries
        self.items = items
        self.key: Scalar | None = None


class _Reader:
    """A machine with a stack of open frames; the line is followed instead of looked up, tokens come in order."""

    def __init__(self, text: str, table: LineTable, *, strict: bool) -> None:
        self._text = text
        self._starts = [*table.starts, len(text) + 1]
        self._strict = strict
        self._stack: list[_Frame] = []
        self._root: Node | None = None

    def read(self) -> Node:
        """Read the value that the text is."""
        text = self._text
        starts = self._starts
        match_token = _TOKEN.match
        decode_string = json.JSONDecoder().raw_decode
        state, line, position = _VALUE, 1, 0
        while (match := match_token(text, position)) is not None:
            kind = match.lastindex
            position = match.end()
            if kind == _COMMENT and not self._strict:
                continue
            start = match.start(kind or 0)
            while starts[line] <= start:
                line += 1
            column = start - starts[line - 1] + 1
            value: ScalarValue
            if kind == _STRING and state <= _KEY_OR_END:
                value, position = decode_string(text, start)
            elif kind == _MARK:
                state = self._mark(match[_MARK], state, start, line, column)
                continue
            elif kind == _NUMBER:
                value = _number(match[_NUMBER])
            elif kind == _WORD:
                value = _WORDS[match[_WORD]]
            else:
                raise self._unexpected(state, start)
            scalar = Scalar(value, Span(line, column, line, column + position - start))
            if state <= _VALUE_OR_END:
                state = self._add(scalar)
            elif kind == _STRING:
                self._stack[-1].key = scalar
                state = _COLON
            else:
                raise self._unexpected(state, start)
        if self._root is None or state != _DONE:
            raise self._unexpected(state, len(text.rstrip(" \t\r\n")))
        return self._root

    def _unexpected(self, state: int, offset: int) -> UnreadableError:
        found = self._text[offset : offset + 1].strip(" \t\r\n")
        found = repr(found) if found else "the end of the file"
        return UnreadableError(f"expected {_EXPECTED[state]}, found {found}", offset)

    def _add(self, node: Node) -> int:
        """Put a value where it belongs; what may follow."""
        if not self._stack:
            self._root = node
            return _DONE
        frame = self._stack[-1]
        if frame.entries is None or frame.key is None:
            frame.items.append(node)
        else:
            frame.entries.append(Entry(frame.key, node))
            frame.key = None
        return _COMMA

    def _mark(self, mark: str, state: int, offset: int, line: int, column: int) -> int:
        """Follow a bracket, colon or comma; what may come next."""
        match mark:
            case "{" | "[" if state <= _VALUE_OR_END:
                if len(self._stack) >= MAX_DEPTH:
                    raise UnreadableError(TOO_DEEP, offset)
                self._stack.append(_Frame(line, column, [] if mark == "{" else None, []))
                return _KEY_OR_END if mark == "{" else _VALUE_OR_END
            case ":" if state == _COLON:
                return _VALUE
            case "," if state == _COMMA:
                is_object = self._stack[-1].entries is not None
                if self._strict:
                    return _KEY if is_object else _VALUE
                return _KEY_OR_END if is_object else _VALUE_OR_END
            case "}" if self._stack and state in (_COMMA, _KEY_OR_END):
                entries = self._stack[-1].entries
                if entries is not None:
                    frame = self._stack.pop()
                    return self._add(Mapping(tuple(entries), Span(frame.line, frame.column, line, column + 1)))
            case "]" if self._stack and state in (_COMMA, _VALUE_OR_END) and self._stack[-1].entries is None:
                frame = self._stack.pop()
                return self._add(Sequence(tuple(frame.items), Span(frame.line, frame.column, line, column + 1)))
            case _:
                pass
        raise self._unexpected(state, offset)


def _number(text: str) -> int | float | str:
    if "." in text or "e" in text or "E" in text:
        return float(text)
    try:
        return int(text)
    except ValueError:
        return text
