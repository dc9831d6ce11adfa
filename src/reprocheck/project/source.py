"""The text of one file: decoding, line table, and the way from columns in bytes to columns in characters."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

import msgspec

from reprocheck.model.place import Excerpt, Span

if TYPE_CHECKING:
    import ast

_LINE_END = re.compile(r"\r\n|\r|\n")
EXCERPT_CONTEXT = 1
"""Lines shown before and after a marked line."""
EXCERPT_WIDTH = 160
"""Characters of a line kept in an excerpt."""
_MASKED = 2000
"""Characters beside an excerpt that are looked at for secrets which reach into it."""


class Problem(msgspec.Struct, frozen=True):
    """Something in a file that could not be read as meant; the rest of the file still counts."""

    message: str
    span: Span
    fatal: bool = True
    """False when the file could be read all the same, if not as its author meant."""


class SourceText:
    """A decoded file. Lines are those of Python's tokenizer: LF, CRLF and CR end a line, form feeds don't."""

    __slots__ = ("_ascii", "_lines", "_wide", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        """`path` is POSIX and relative to the root; `text` has no byte-order mark."""
        self.path = path
        self.text = text
        self._lines: list[str] | None = None
        self._ascii = text.isascii()
        self._wide: frozenset[int] | None = None

    @property
    def lines(self) -> list[str]:
        """Lines without their ends; line N is `lines[N - 1]`."""
        if self._lines is None:
            self._lines = _LINE_END.split(self.text) if "\r" in self.text else self.text.split("\n")
        return self._lines

    def line(self, number: int) -> str:
        """Line `number`, from 1; empty when there is no such line."""
        lines = self.lines
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def column(self, line: int, byte_offset: int) -> int:
        """Turn an offset in UTF-8 bytes, as `ast` counts, into a character column from 1."""
        if self._ascii or line not in self._wide_lines():
            return byte_offset + 1
        before = self.line(line).encode("utf-8", "surrogatepass")[:byte_offset]
        return len(before.decode("utf-8", "ignore")) + 1

    def _wide_lines(self) -> frozenset[int]:
        """Numbers of the lines where bytes and characters are counted differently."""
        if self._wide is None:
            self._wide = frozenset(number for number, text in enumerate(self.lines, start=1) if not text.isascii())
        return self._wide

    def span(self, node: ast.AST) -> Span:
        """Span of a node that has a position."""
        if self._ascii:
            return Span(node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1)  # type: ignore[attr-defined]
        line: int = node.lineno  # type: ignore[attr-defined]
        end_line: int = node.end_lineno  # type: ignore[attr-defined]
        return Span(
            line,
            self.column(line, node.col_offset),  # type: ignore[attr-defined]
            end_line,
            self.column(end_line, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def slice(self, span: Span) -> str:
        """Text inside a span; line ends become LF."""
        if span.line == span.end_line:
            return self.line(span.line)[span.column - 1 : span.end_column - 1]
        parts = [self.line(span.line)[span.column - 1 :]]
        parts += [self.line(number) for number in range(span.line + 1, span.end_line)]
        parts.append(self.line(span.end_line)[: span.end_column - 1])
        return "\n".join(parts)

    def excerpt(self, span: Span, *, context: int = EXCERPT_CONTEXT) -> Excerpt:
        """Lines around the first line of `span`, cut to a width that can be shown, secrets masked."""
        from reprocheck.project.secrets import masked  # loaded where there is something to show

        first = max(1, span.line - context)
        last = min(len(self.lines), span.line + context)
        marked = self.line(span.line)
        end = span.end_column if span.end_line == span.line else len(marked) + 1
        dropped = 0 if span.column <= EXCERPT_WIDTH // 2 else span.column - EXCERPT_WIDTH // 4
        if len(marked) <= EXCERPT_WIDTH:
            dropped = 0
        start = max(0, dropped - _MASKED)  # what lies far outside tells nothing, and lines may have megabytes
        return Excerpt(
            first_line=first,
            lines=tuple(
                masked(self.line(n)[start : dropped + EXCERPT_WIDTH + _MASKED])[dropped - start :][:EXCERPT_WIDTH]
                for n in range(first, last + 1)
            ),
            line=span.line,
            column=span.column - dropped,
            end_column=max(min(end - dropped, EXCERPT_WIDTH + 1), span.column - dropped + 1),
            dropped=dropped,
        )


def decode_python(data: bytes) -> tuple[str, Problem | None]:
    """Decode Python source as the interpreter does (byte-order mark, PEP 263), falling back on Latin-1.

    A file that the interpreter would refuse (bytes that are not UTF-8, an unknown or wrong encoding
    declaration) is read as Latin-1, so that it can be analysed all the same, and the problem is returned beside it.
    """
    try:
        return data.decode("utf-8-sig") if not _declares_encoding(data) else _decode_declared(data), None
    except (SyntaxError, UnicodeDecodeError, LookupError, ValueError) as error:
        match error:
            case UnicodeDecodeError():
                reason = "is not UTF-8 and declares no encoding"
            case UnicodeEncodeError():
                reason = "holds characters that no parser takes"
            case _:
                reason = str(error)
        line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        problem = Problem(f"{reason}; read as Latin-1", Span(line, 1, line, 1), fatal=False)
        return data.decode("latin-1"), problem


def _declares_encoding(data: bytes) -> bool:
    return b"coding" in data[:400]


def _decode_declared(data: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding)
    text.encode()  # UTF-7 and escapes can make lone surrogates, which no parser takes
    return text


def decode_text(data: bytes) -> tuple[str, Problem | None]:
    """Decode any other text file: byte-order marks, UTF-8, else Latin-1 with a problem."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), None
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return data.decode("latin-1"), Problem("is not UTF-8; read as Latin-1", Span(line, 1, line, 1), fatal=False)
