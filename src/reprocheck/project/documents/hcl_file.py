"""Terraform's configuration as a tree: blocks inside one another, and the attributes whose values stand there as text.

A block `resource "docker_image" "base" { name = "a" }` is `{"resource": {"docker_image": {"base": {"name": "a"}}}}`.
Expressions, functions and texts with `${...}` are left out: what they are, only Terraform tells.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.tree import MAX_CHARACTERS, MAX_DEPTH, TOO_DEEP, Document, Entry, Mapping, Scalar
from reprocheck.project.source import Problem, SourceText

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<heredoc><<-?(?P<mark>\w+)[^\n]*\n.*?(?:^[ \t]*(?P=mark)\b|\Z))"""
    r"""|(?P<text>"(?:[^"\\\n]|\\.)*")"""
    r"""|(?P<name>[A-Za-z_][\w-]*)|(?P<number>-?\d[\w.]*)|(?P<open>\{)|(?P<close>\})|(?P<sign>=(?!=))"""
    r"""|(?P<line>\n)|(?P<other>[^\s])""",
    re.DOTALL | re.MULTILINE,
)
_ESCAPE = re.compile(r"\\(.)")
_NAMED = {"n": "\n", "t": "\t", "r": "\r"}
_WORDS = {"true": True, "false": False, "null": None}
_TEMPLATE = ("${", "%{")


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Block:
    """A block that is not closed yet."""

    def __init__(self, names: list[Scalar]) -> None:
        self.names = names
        self.entries: list[Entry] = []


def read_hcl(source: SourceText) -> Document:
    """Read a file; braces that don't match end the reading, and what was read is kept."""
    table = LineTable(source.text)
    if len(source.text) > MAX_CHARACTERS:
        return Document((), (Problem(f"is longer than {MAX_CHARACTERS} characters; not read", table.span(0, 0)),))
    reader = _Reader(source.text, table)
    reader.read()
    return Document((Mapping(tuple(reader.root.entries), table.span(0, len(source.text))),), tuple(reader.problems))


class _Reader:
    """Goes over the tokens once."""

    def __init__(self, text: str, table: LineTable) -> None:
        self._table = table
        self._tokens = [
            _Token(match.lastgroup or "", match[0], match.start(), match.end())
            for match in _TOKEN.finditer(text)
            if match.lastgroup != "comment"
        ]
        self.root = _Block([])
        self.problems: list[Problem] = []
        self._stack = [self.root]
        self._line: list[_Token] = []

    def read(self) -> None:
        for position, token in enumerate(self._tokens):
            match token.kind:
                case "line":
                    self._line.clear()
                case "open":
                    if not self._begin(token):
                        return
                case "close":
                    if len(self._stack) == 1:
                        self.problems.append(Problem("closes a block that was not opened", self._span(token)))
                        return
                    self._finish(token.end)
                case _:
                    self._line.append(token)
                    self._attribute(position)
        if len(self._stack) > 1:
            self.problems.append(Problem("has a block that is not closed", self._stack[-1].names[0].span))
        while len(self._stack) > 1:
            self._finish(self._tokens[-1].end)

    def _span(self, token: _Token) -> Span:
        return self._table.span(token.start, token.end)

    def _begin(self, token: _Token) -> bool:
        """Open a block, or an object behind `=`, with the names in front of it."""
        if len(self._stack) > MAX_DEPTH:
            self.problems.append(Problem(TOO_DEEP, self._span(token)))
            return False
        named = [item for item in self._line if item.kind in ("name", "text")]
        names = [Scalar(item.text.strip('"'), self._span(item)) for item in named]
        self._stack.append(_Block(names or [Scalar("", self._span(token))]))
        self._line.clear()
        return True

    def _finish(self, end: int) -> None:
        block = self._stack.pop()
        first = block.names[0].span
        last = self._table.span(end, end)
        value = Mapping(tuple(block.entries), Span(first.line, first.column, last.line, last.column))
        for name in reversed(block.names[1:]):
            value = Mapping((Entry(name, value),), value.span)
        self._stack[-1].entries.append(Entry(block.names[0], value))
        self._line.clear()

    def _attribute(self, position: int) -> None:
        """`name = value` on one line, when the value is a whole and stands there."""
        if len(self._line) != 3 or self._line[1].kind != "sign" or self._line[0].kind not in ("name", "text"):  # noqa: PLR2004
            return
        following = self._tokens[position + 1].kind if position + 1 < len(self._tokens) else "line"
        name, _, value = self._line
        if following in ("line", "close") and value.kind in ("text", "number", "name"):
            scalar = self._scalar(value)
            if scalar is not None:
                self._stack[-1].entries.append(Entry(Scalar(name.text.strip('"'), self._span(name)), scalar))

    def _scalar(self, token: _Token) -> Scalar | None:
        if token.kind == "number":
            try:
                return Scalar(float(token.text) if "." in token.text else int(token.text), self._span(token))
            except ValueError:
                return None
        if token.kind == "name":
            return Scalar(_WORDS[token.text], self._span(token)) if token.text in _WORDS else None
        if any(mark in token.text for mark in _TEMPLATE):
            return None
        text = _ESCAPE.sub(lambda match: _NAMED.get(match[1], match[1]), token.text[1:-1])
        return Scalar(text, self._span(token))
