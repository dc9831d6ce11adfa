"""Snakemake's workflows as a tree: rules with their inputs, outputs, commands, scripts, environments and images.

A Snakefile is Python with blocks of its own. It is read line by line and never run. Of the values the texts that stand
in them are kept, each with its place: `{"rules": {"train": {"output": ["model.pkl"], "shell": "python train.py"}}}`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.tree import MAX_CHARACTERS, Document, Entry, Mapping, Node, Scalar, Sequence
from reprocheck.project.source import Problem, SourceText

_BLOCK = re.compile(r"(?P<indent>[ \t]*)(?:rule|checkpoint)(?:[ \t]+(?P<name>\w+))?[ \t]*:")
_DIRECTIVE = re.compile(r"(?P<indent>[ \t]*)(?P<name>[a-z_]+)[ \t]*:(?!=)(?P<rest>.*)")
_OF_RULES = frozenset(
    {
        "input", "output", "params", "log", "benchmark", "shell", "script", "notebook", "run", "conda", "container",
        "singularity", "containerized", "threads", "resources", "message", "wildcard_constraints", "wrapper",
        "envmodules", "priority", "group", "cache", "localrule", "retries", "shadow", "template_engine", "cwl",
        "handover", "default_target",
    }
)  # fmt: skip
_OF_FILES = frozenset({"container", "singularity", "containerized", "configfile", "include", "workdir", "envvars"})
_TEXT = re.compile(
    r"(?<![\w])[rRbBuUfF]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|\#[^\n]*",
    re.DOTALL,
)
_JOINED = frozenset({"shell"})
"""Directives whose texts are one, put side by side."""


class _Found(msgspec.Struct):
    """A directive whose value is still being read."""

    indent: int
    name: Scalar
    start: int
    end: int


def read_snakefile(source: SourceText) -> Document:
    """Read a workflow; what isn't one of Snakemake's blocks is Python and passed over."""
    table = LineTable(source.text)
    if len(source.text) > MAX_CHARACTERS:
        return Document((), (Problem(f"is longer than {MAX_CHARACTERS} characters; not read", table.span(0, 0)),))
    return Document((_Reader(source.text, table).read(),))


class _Reader:
    """Goes over the lines once."""

    def __init__(self, text: str, table: LineTable) -> None:
        self._text = text
        self._table = table
        self._rules: list[Entry] = []
        self._entries: list[Entry] = []
        self._directives: list[Entry] = []
        self._rule: tuple[int, Scalar] | None = None
        self._open: _Found | None = None

    def read(self) -> Mapping:
        for start, line in self._lines():
            if line.strip() and not line.lstrip().startswith("#"):
                self._line(start, line)
            elif self._open is not None:
                self._open.end = start + len(line)
        self._close_rule()
        span = self._table.span(0, len(self._text))
        rules = Entry(Scalar("rules", self._table.span(0, 0)), Mapping(tuple(self._rules), span))
        return Mapping((rules, *self._entries), span)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Offsets and texts of the lines; one inside a long text belongs to the line that the text begins on."""
        skip = 0
        starts = [*self._table.starts, len(self._text) + 1]
        ends = {match.start(): match.end() for match in _TEXT.finditer(self._text) if "\n" in match[0]}
        inside = sorted(ends.items())
        position = 0
        for start, following in pairwise(starts):
            while position < len(inside) and inside[position][0] < start:
                skip = max(skip, inside[position][1])
                position += 1
            if start >= skip:
                yield start, self._text[start : following - 1].rstrip("\r")
            elif self._open is not None:
                self._open.end = following - 1

    def _line(self, start: int, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        block = _BLOCK.match(line)
        if block is not None:
            self._close_rule()
            name = block["name"] or f"rule {len(self._rules) + 1}"
            at = start + (block.start("name") if block["name"] else block.end("indent"))
            self._rule = indent, Scalar(name, self._table.span(at, at + len(block["name"] or "rule")))
            return
        if self._open is not None and indent > self._open.indent:
            self._open.end = start + len(line)
            return
        self._close_directive()
        if self._rule is not None and indent <= self._rule[0]:
            self._close_rule()
        directive = _DIRECTIVE.match(line)
        known = _OF_RULES if self._rule is not None else _OF_FILES
        if directive is not None and directive["name"] in known and (self._rule is not None or not indent):
            at = start + indent
            name_node = Scalar(directive["name"], self._table.span(at, at + len(directive["name"])))
            self._open = _Found(indent, name_node, start + directive.start("rest"), start + len(line))

    def _close_directive(self) -> None:
        if self._open is None:
            return
        found, self._open = self._open, None
        entry = Entry(found.name, self._value(found))
        (self._directives if self._rule is not None else self._entries).append(entry)

    def _close_rule(self) -> None:
        self._close_directive()
        if self._rule is not None:
            name = self._rule[1]
            self._rules.append(Entry(name, Mapping(tuple(self._directives), name.span)))
            self._rule, self._directives = None, []

    def _value(self, found: _Found) -> Node:
        texts = list(self._texts(found))
        span = self._table.span(found.start, max(found.start, found.end))
        if found.name.value in _JOINED and texts:
            first, last = texts[0].span, texts[-1].span
            whole = Span(first.line, first.column, last.end_line, last.end_column)
            return Scalar("".join(str(text.value) for text in texts), whole)
        return (
            texts[0]
            if len(texts) == 1 and found.name.value not in ("input", "output")
            else Sequence(tuple(texts), span)
        )

    def _texts(self, found: _Found) -> Iterator[Scalar]:
        for match in _TEXT.finditer(self._text, found.start, min(found.end, len(self._text))):
            if match[0].startswith("#"):
                continue
            written = (
                match[0].lstrip("rRbBuUfF") if "r" not in match[0][:2].lower() else "r" + match[0].lstrip("rRbBuUfF")
            )
            try:
                with warnings.catch_warnings():  # an unknown escape is none of the reader's business
                    warnings.simplefilter("ignore")
                    value = ast.literal_eval(written)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            yield Scalar(str(value), self._table.span(match.start(), match.end()))
