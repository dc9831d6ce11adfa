"""YAML as a tree with positions, read from PyYAML's events: nothing is constructed and no alias is expanded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml
from yaml.reader import Reader
from yaml.resolver import Resolver

from reprocheck.project.documents.positions import LineTable, UnreadableError
from reprocheck.project.documents.tree import (
    MAX_CHARACTERS,
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
    from collections.abc import Iterable

    from reprocheck.model.place import Span
    from reprocheck.project.source import SourceText

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_BASES = {"0b": 2, "0x": 16}
_DIGITS = re.compile(r"[0-9a-fA-F]+")


class _Frame:
    """A mapping or sequence that is not closed yet."""

    __slots__ = ("anchor", "children", "flow", "is_mapping", "start")

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.anchor: str | None = event.anchor
        self.flow: bool | None = event.flow_style
        self.start = _bounds(event)[0]
        self.children: list[Node] = []


def read_yaml(source: SourceText) -> Document:
    """Read all documents of a YAML stream.

    Scalars become what YAML 1.1 makes of them (`1e-4` and dates stay text, `off` is false); a number too long for
    `int` stays text; a tag outside the YAML schema leaves the text. A key that is no scalar is its own source text.
    An alias gives the very node that its anchor named; an alias inside its own anchor gives null and a problem.
    What can't be parsed ends the reading: the documents before it are kept, beside a problem with its place.
    """
    text = source.text
    table = LineTable(text)
    if len(text) > MAX_CHARACTERS:
        return Document((), (Problem(f"is longer than {MAX_CHARACTERS} characters; not read", table.span(0, 0)),))
    builder = _Builder(text, table)
    refused = Reader.NON_PRINTABLE.search(text)
    if refused is None:
        builder.read(text)
    else:
        message = f"the character U+{ord(refused[0]):04X} is not allowed in YAML"
        builder.read_before(text[: refused.start()], UnreadableError(message, refused.start()))
    return Document(tuple(builder.roots), tuple(builder.problems))


class _Builder:
    """Puts events together, without recursion."""

    def __init__(self, text: str, table: LineTable) -> None:
        self._text = text
        self._table = table
        self.roots: list[Node] = []
        self.problems: list[Problem] = []
        self._anchors: dict[str, Node | None] = {}
        self._frames: list[_Frame] = []
        self._finished: list[Node] = []  # the root of a document whose end is still to come
        self._last_end = 0

    def read(self, text: str) -> None:
        """Read documents up to the end or the first error."""
        try:
            self._consume(yaml.parse(text, Loader=_LOADER))
        except UnreadableError as error:
            self._report(error)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            message = " ".join(part for part in (error.context, error.problem) if part)
            self._report(UnreadableError(message or "is not YAML", mark.index if mark else 0))
        except yaml.YAMLError as error:
            self._report(UnreadableError(" ".join(str(error).split()), 0))

    def read_before(self, text: str, reason: UnreadableError) -> None:
        """Read the documents that are complete before an error at the end of `text`."""
        self.read(text)
        if not self.problems and self.roots:
            self.roots.pop()
        self.problems.clear()
        self._report(reason)

    def _report(self, error: UnreadableError) -> None:
        offset = min(error.offset, len(self._text))
        self.problems.append(Problem(error.message, self._table.span(offset, offset)))

    def _consume(self, events: Iterable[yaml.Event]) -> None:
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._add(self._scalar(event), event.anchor)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close(event)
                case yaml.AliasEvent():
                    self._add(self._alias(event), None)
                case yaml.DocumentStartEvent():
                    self._anchors.clear()
                case yaml.DocumentEndEvent():
                    self.roots.extend(self._finished)
                    self._finished.clear()
                case _:
                    pass

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if self._frames:
            self._frames[-1].children.append(node)
        else:
            self._finished.append(node)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        start, end = _bounds(event)
        if event.style in ("|", ">"):
            # The mark stands at the next token, behind the blank lines.
            end = start + len(self._text[start:end].rstrip(" \t\r\n"))
        self._last_end = end
        return Scalar(_value(event), self._table.span(start, end))

    def _alias(self, event: yaml.AliasEvent) -> Node:
        start, self._last_end = _bounds(event)
        if event.anchor not in self._anchors:
            raise UnreadableError(f"the alias {event.anchor!r} names no anchor", start)
        node = self._anchors[event.anchor]
        if node is None:
            span = self._table.span(start, self._last_end)
            self.problems.append(
                Problem(f"the alias {event.anchor!r} stands inside its own anchor; read as null", span, fatal=False)
            )
            return Scalar(None, span)
        return node

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        frame = _Frame(event)
        if len(self._frames) >= MAX_DEPTH:
            raise UnreadableError(TOO_DEEP, frame.start)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = None
        self._frames.append(frame)

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        frame = self._frames.pop()
        if frame.flow:
            self._last_end = _bounds(event)[1]
        span = self._table.span(frame.start, max(frame.start, self._last_end))
        children = frame.children
        node: Node
        if frame.is_mapping:
            node = Mapping(
                tuple(Entry(self._key(key), value) for key, value in zip(children[::2], children[1::2], strict=True)),
                span,
            )
        else:
            node = Sequence(tuple(children), span)
        # The same anchor defined again further in is the one that holds from there on.
        self._add(node, frame.anchor if self._anchors.get(frame.anchor or "") is None else None)

    def _key(self, node: Node) -> Scalar:
        return node if isinstance(node, Scalar) else Scalar(self._slice(node.span), node.span)

    def _slice(self, span: Span) -> str:
        starts = self._table.starts
        return self._text[starts[span.line - 1] + span.column - 1 : starts[span.end_line - 1] + span.end_column - 1]


def _bounds(event: yaml.Event) -> tuple[int, int]:
    """Offsets of an event in characters; the parsers set marks on every event."""
    return event.start_mark.index, event.end_mark.index  # type: ignore[union-attr]


def _value(event: yaml.ScalarEvent) -> ScalarValue:
    """What YAML 1.1 makes of a scalar."""
    text: str = event.value
    tag: str | None = event.tag
    if tag is None or tag == "!":
        if not event.implicit[0]:
            return text
        tag = _implicit_tag(text)
    match tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return _BOOLEANS.get(text.lower(), text)
        case "int":
            return _integer(text)
        case "float":
            return _floating(text)
        case _:
            return text


def _implicit_tag(text: str) -> str:
    for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return "str"


def _integer(text: str) -> int | str:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    try:
        if digits[:2].lower() in _BASES and _DIGITS.fullmatch(digits[2:]):
            return sign * int(digits[2:], _BASES[digits[:2].lower()])
        if ":" in digits:
            return sign * int(_sexagesimal(digits))
        return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)
    except ValueError:
        return text


def _floating(text: str) -> float | str:
    digits = text.replace("_", "").lower()
    sign = -1.0 if digits.startswith("-") else 1.0
    digits = digits.lstrip("+-")
    try:
        if digits in (".inf", ".nan"):
            return sign * float(digits[1:])
        return sign * (float(_sexagesimal(digits)) if ":" in digits else float(digits))
    except ValueError:
        return text


def _sexagesimal(digits: str) -> float | int:
    """`1:30:00` in units of its last part, the way YAML 1.1 reads it."""
    total: float | int = 0
    parts = digits.split(":")
    if len(parts) > MAX_DEPTH:
        raise ValueError("too many parts")
    for part in parts:
        total = total * 60 + (float(part) if "." in part else int(part))
    return total
