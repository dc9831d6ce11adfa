"""Shell text inside other files, read with its places in those files."""

from __future__ import annotations

import re

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.documents.shell import ShellCommand, read_commands
from reprocheck.project.documents.tree import Scalar
from reprocheck.project.source import SourceText

_LITERAL = re.compile(r"(?:[!&]\S*\s+)*\|")
"""How a block whose line ends count begins, behind tag and anchor."""
_HEREDOC = "<<"


def script_commands(source: SourceText, scalar: Scalar) -> tuple[ShellCommand, ...]:
    """Commands of a YAML or JSON text; where a text is folded, each stands for the whole of it."""
    text, span = str(scalar.value), scalar.span
    if _LITERAL.match(source.line(span.line)[span.column - 1 :]) and _HEREDOC not in text:
        # Blanks in front of a command mean nothing, so that the lines of the file do as they are.
        lines = source.lines[span.line : span.end_line]
        return read_commands("\n".join(lines), span.line + 1)
    return line_commands(source, text, span)


def line_commands(source: SourceText, text: str, span: Span) -> tuple[ShellCommand, ...]:
    """Commands of a text that stands, quoted or not, inside `span`."""
    start = source.line(span.line).find(text, span.column - 1) if "\n" not in text else -1
    if start >= 0:
        return read_commands(" " * start + text, span.line)
    return tuple(_placed(command, span) for command in read_commands(text))


def _placed(command: ShellCommand, span: Span) -> ShellCommand:
    words = tuple(msgspec.structs.replace(word, span=span) for word in command.words)
    return msgspec.structs.replace(command, words=words, span=span)
