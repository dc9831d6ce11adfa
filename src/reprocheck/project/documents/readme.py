"""What a read-me file shows of how a project is used: its headings, and the commands of its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.project.documents.shell import ShellCommand, read_commands
from reprocheck.project.source import SourceText

_LINES_LIMIT = 5_000
_COMMANDS_LIMIT = 500
_FENCE = re.compile(r"\s{0,12}(?:>\s?)?(```+|~~~+)\s*\{?\.?([\w+-]*)(?!.*```)")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.+?)\s*#*\s*$|<h[1-6][^>]*>(.+?)</h[1-6]>", re.IGNORECASE)
_UNDERLINE = re.compile(r"([=\-~^\"'*+#])\1{2,}\s*$")
_PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[\w.@:~-]*[$%>]|!)\s+|^\s*!")
_INLINE = re.compile(r"(?<!`)`{1,3}([^`\n]{3,300})`{1,3}(?!`)")
_NOT_SHELL = frozenset(
    {"python", "py", "python3", "pycon", "ipython", "yaml", "yml", "json", "toml", "ini", "cfg", "xml", "html", "diff",
     "bibtex", "latex", "tex", "c", "cpp", "java", "js", "javascript", "sql", "r", "csv", "markdown", "md", "mermaid",
     "dockerfile"}
)  # fmt: skip
_COMMAND = re.compile(
    r"(?:\w+=\S+ )*(?:python|bash|sh|make|dvc|docker|uv|poetry|torchrun|accelerate|mlflow|jupyter)[\d.]* \S"
)


@dataclass(frozen=True, slots=True)
class Readme:
    """A read-me file."""

    headings: tuple[str, ...]
    commands: tuple[ShellCommand, ...]
    """Of code blocks that may be a shell's, and of code in running text that begins with a well-known program."""


def read_readme(source: SourceText) -> Readme:
    """Read Markdown, reStructuredText or plain text; what is neither heading nor code is passed over."""
    headings: list[str] = []
    commands: list[ShellCommand] = []
    for first, lines, is_code in _blocks(source.lines[:_LINES_LIMIT]):
        if len(commands) >= _COMMANDS_LIMIT:
            break
        if is_code:
            commands += read_commands("\n".join(_PROMPT.sub("", line) for line in lines), first)
            continue
        headings += _headings(lines)
        for number, line in enumerate(lines, first):
            for inline in _INLINE.finditer(line):
                if _COMMAND.match(inline[1]):
                    commands += read_commands(inline[1], number)
    return Readme(tuple(headings), tuple(commands[:_COMMANDS_LIMIT]))


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str], bool]]:
    """Stretches of text and of code that may be a shell's, each with the number of its first line."""
    block: list[str] = []
    first, fence, language = 1, "", ""
    for number, line in enumerate(lines, start=1):
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2]:
                if language not in _NOT_SHELL:
                    yield first, block, True
                block, first, fence = [], number + 1, ""
            else:
                block.append(line)
        elif mark is not None:
            yield from _prose(first, block)
            block, first, fence, language = [], number + 1, mark[1][:3], mark[2].lower()
        else:
            block.append(line)
    yield from _prose(first, block)


def _prose(first: int, lines: list[str]) -> Iterator[tuple[int, list[str], bool]]:
    """Text, with what is indented as code, as in reStructuredText and in older Markdown."""
    yield first, lines, False
    start: int | None = None
    for index, line in enumerate([*lines, "end"]):
        code = _INDENTED.match(line) is not None
        if code and start is None:
            start = index
        elif not code and line.strip() and start is not None:
            yield first + start, lines[start:index], True
            start = None


def _headings(lines: list[str]) -> Iterator[str]:
    for previous, line in zip(["", *lines], lines, strict=False):
        found = _HEADING.match(line)
        if found is not None:
            yield " ".join((found[1] or found[2]).lower().split())[:200]
        elif _UNDERLINE.match(line) and previous.strip() and not _UNDERLINE.match(previous):
            yield " ".join(previous.lower().split())[:200]
