"""TOML as a tree with positions; whether a file is valid is for the standard library to say."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from reprocheck.project.documents.positions import LineTable, UnreadableError
from reprocheck.project.documents.toml_tables import OpenTable, TooDeepError, open_at, store
from reprocheck.project.documents.tree import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    TOO_DEEP,
    Document,
    Node,
    Scalar,
    ScalarValue,
    Sequence,
)
from reprocheck.project.source import Problem

if TYPE_CHECKING:
    from reprocheck.project.source import SourceText

_SPACE: Final = re.compile(r"[ \t]*+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_LINE_REST: Final = re.compile(r"[ \t]*+(?:#[^\n]*)?+(?:\n|\Z)|[ \t]*+\r\n")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]++")
_BASIC: Final = re.compile(r'"((?:[^"\\\r\n]++|\\[^\r\n])*+)"')
_LITERAL: Final = re.compile(r"'([^'\r\n]*+)'")
_LONG_BASIC: Final = re.compile(r'"""(?:\r?\n)?((?:[^"\\]++|\\[\s\S]|"{1,2}(?!"))*+)"""("{0,2})')
_LONG_LITERAL: Final = re.compile(r"'''(?:\r?\n)?((?:[^']++|'{1,2}(?!'))*+)'''('{0,2})")
_ESCAPE: Final = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[ \t]*\r?\n[ \t\r\n]*|([btnfr"\\])|(.?))')
_ESCAPED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_DATE_OR_TIME: Final = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[Tt ]{_TIME}(?:[Zz]|[+-][0-9:]{{5}})?)?|{_TIME}"
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9+._-]++")
_PLACE: Final = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")
_MAX_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def read_toml(source: SourceText) -> Document:
    """Read a TOML file.

    Dates and times are kept as text, and so is an integer too long for `int`. The key of an entry is where it was
    first written. The span of a table reaches from its header, or the first key in it, to the end of the last thing
    in it. What `tomllib` refuses is a problem at the place it names; what could be read all the same is kept.
    """
    text = source.text
    table = LineTable(text)
    if len(text) > MAX_CHARACTERS:
        return Document((), (Problem(f"is longer than {MAX_CHARACTERS} characters; not read", table.span(0, 0)),))
    reader = _Reader(text, table)
    try:
        reader.read()
    except UnreadableError as error:
        problem = _refusal(text, table) or Problem(error.message, table.span(error.offset, error.offset))
        return Document((reader.root.freeze(),), (problem,))
    except TooDeepError:
        return Document((reader.root.freeze(),), (Problem(TOO_DEEP, table.span(reader.position, reader.position)),))
    refusal = _refusal(text, table)
    return Document((reader.root.freeze(),), () if refusal is None else (refusal,))


def _refusal(text: str, table: LineTable) -> Problem | None:
    """What the standard library finds wrong with a file."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        end = len(text)
        span = table.span(end, end)
        if place is not None and place[1] is not None:
            offset = min(table.starts[min(int(place[1]), len(table.starts)) - 1] + int(place[2]) - 1, end)
            span = table.span(offset, offset)
        message = message[: place.start()] if place is not None else message
        return Problem(message[:1].lower() + message[1:], span)
    except RecursionError:
        return Problem("is nested too deep for Python's TOML reader", table.span(0, 0))
    except ValueError as error:
        return Problem(f"can't be read by Python's TOML reader: {error}", table.span(0, 0))
    return None


class _Reader:
    """Reads statement after statement; lenient wherever the standard library is the judge anyway."""

    def __init__(self, text: str, table: LineTable) -> None:
        self._text = text
        self._table = table
        self.position = 0
        self.root = OpenTable(table.span(0, len(text)), 0)

    def read(self) -> None:
        """Read up to the end or the first error."""
        text = self._text
        current = self.root
        while True:
            self._skip(_BLANK)
            if self.position == len(text):
                return
            if text[self.position] == "[":
                current = self._header()
            else:
                self._key_value(current)
            rest = _LINE_REST.match(text, self.position)
            if rest is None:
                raise UnreadableError("expected the end of the line", self.position)
            self.position = rest.end()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self.position)
        if match is not None:
            self.position = match.end()

    def _take(self, mark: str) -> None:
        if not self._text.startswith(mark, self.position):
            raise UnreadableError(f"expected {mark!r}", self.position)
        self.position += len(mark)

    def _header(self) -> OpenTable:
        start = self.position
        is_array = self._text.startswith("[[", start)
        self.position += 2 if is_array else 1
        path = self._dotted_key()
        self._take("]]" if is_array else "]")
        return open_at(self.root, path, self._table.span(start, self.position), is_array=is_array)

    def _key_value(self, target: OpenTable) -> None:
        path = self._dotted_key()
        self._take("=")
        self._skip(_SPACE)
        depth = target.depth + len(path)
        if depth > MAX_DEPTH:
            raise TooDeepError
        store(target, path, self._value(depth))

    def _dotted_key(self) -> list[Scalar]:
        path: list[Scalar] = []
        while True:
            self._skip(_SPACE)
            start = self.position
            match = _BARE_KEY.match(self._text, start)
            if match is not None:
                self.position = match.end()
                path.append(Scalar(match[0], self._table.span(start, self.position)))
            elif self._text[start : start + 1] in ("'", '"'):
                path.append(self._short_string())
            else:
                raise UnreadableError("expected a key", start)
            self._skip(_SPACE)
            if self._text[self.position : self.position + 1] != ".":
                return path
            self.position += 1

    def _value(self, depth: int) -> Node | OpenTable:
        match self._text[self.position : self.position + 1]:
            case "[":
                return self._array(depth)
            case "{":
                return self._inline_table(depth)
            case '"' | "'":
                if self._text.startswith(('"""', "'''"), self.position):
                    return self._long_string()
                return self._short_string()
            case _:
                return self._plain()

    def _array(self, depth: int) -> Sequence:
        if depth >= MAX_DEPTH:
            raise TooDeepError
        start = self.position
        self.position += 1
        items: list[Node] = []
        while True:
            self._skip(_BLANK)
            if self._text.startswith("]", self.position):
                break
            item = self._value(depth + 1)
            items.append(item.freeze() if isinstance(item, OpenTable) else item)
            self._skip(_BLANK)
            if not self._text.startswith(",", self.position):
                break
            self.position += 1
        self._take("]")
        return Sequence(tuple(items), self._table.span(start, self.position))

    def _inline_table(self, depth: int) -> OpenTable:
        if depth >= MAX_DEPTH:
            raise TooDeepError
        start = self.position
        self.position += 1
        table = OpenTable(self._table.span(start, start), depth)
        while True:
            self._skip(_BLANK)
            if self._text.startswith("}", self.position):
                break
            self._key_value(table)
            self._skip(_BLANK)
            if not self._text.startswith(",", self.position):
                break
            self.position += 1
        self._take("}")
        table.span = self._table.span(start, self.position)
        return table

    def _short_string(self) -> Scalar:
        start = self.position
        is_basic = self._text[start] == '"'
        match = (_BASIC if is_basic else _LITERAL).match(self._text, start)
        if match is None:
            raise UnreadableError("the string does not end on its line", start)
        self.position = match.end()
        value = self._unescape(match[1], start) if is_basic else match[1]
        return Scalar(value, self._table.span(start, self.position))

    def _long_string(self) -> Scalar:
        start = self.position
        is_basic = self._text[start] == '"'
        match = (_LONG_BASIC if is_basic else _LONG_LITERAL).match(self._text, start)
        if match is None:
            raise UnreadableError("the string does not end", start)
        self.position = match.end()
        # Up to two quotes right before the closing three belong to the string.
        value = match[1] + match[2]
        value = self._unescape(value, start) if is_basic else value
        return Scalar(value.replace("\r\n", "\n"), self._table.span(start, self.position))

    def _unescape(self, text: str, start: int) -> str:
        if "\\" not in text:
            return text

        def replace(match: re.Match[str]) -> str:
            code_point = int(match[1] or match[2] or "-1", 16)
            if 0 <= code_point <= _MAX_CODE_POINT and code_point not in _SURROGATES:
                return chr(code_point)
            if code_point >= 0 or match[4] is not None:
                raise UnreadableError(f"unknown escape {match[0]!r}", start)
            return _ESCAPED[match[3]] if match[3] is not None else ""

        return _ESCAPE.sub(replace, text)

    def _plain(self) -> Scalar:
        start = self.position
        match = _DATE_OR_TIME.match(self._text, start)
        if match is None:
            match = _PLAIN.match(self._text, start)
            value = _plain_value(match[0]) if match is not None else None
        else:
            value = match[0]
        if match is None or value is None:
            raise UnreadableError("expected a value", start)
        self.position = match.end()
        return Scalar(value, self._table.span(start, self.position))


def _plain_value(text: str) -> ScalarValue:
    """A boolean or number; None when it is neither."""
    if text in ("true", "false"):
        return text == "true"
    digits = text.replace("_", "")
    is_prefixed = digits[:2] in ("0x", "0o", "0b")
    try:
        if is_prefixed:
            return int(digits, 0)
        if digits.lstrip("+-").isdigit():
            return int(digits)
        return float(digits)
    except ValueError:
        return text if digits.lstrip("+-").isdigit() else None
