"""Suppression comments: `# reprocheck: ignore[RNG010] -- reason (until 2027-03-01)` in any file with `#` comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

MARK = "reprocheck:"
_COMMENT = re.compile(
    r"#\s*reprocheck:\s*ignore(?P<file>-file)?\b\s*(?:\[(?P<words>[^\]]*)\])?\s*(?:(?:--|—|:)\s*(?P<reason>.*))?$"
)
_UNTIL = re.compile(r"\(\s*until\s+(\d{4}-\d{2}-\d{2})\s*\)\s*$")
_TOOL_COMMENT = re.compile(r"#\s*reprocheck:\s*ignore\b.*$")


class Found:
    """A comment in the coordinates of the text that it stands in."""

    __slots__ = ("column", "end_column", "first_line", "last_line", "line", "reason", "until", "words")

    def __init__(self, line: int, column: int, text: str, match: re.Match[str]) -> None:
        """`column` counts from 1; the covered lines are set by the reader."""
        self.line = line
        self.column = column
        self.end_column = column + len(text)
        words = match.group("words")
        self.words = tuple(word.strip() for word in words.split(",") if word.strip()) if words else ()
        reason = (match.group("reason") or "").strip()
        until = _UNTIL.search(reason)
        self.until = until.group(1) if until else ""
        self.reason = reason[: until.start()].strip() if until else reason
        self.first_line = self.last_line = line
        if match.group("file"):
            self.first_line, self.last_line = 1, 1 << 30


def of_python(file: PythonFile) -> list[Found]:
    """Comments of a module; one on a line of its own covers the statement below it."""
    if MARK not in file.source.text:
        return []
    found = []
    for line, column, text in _python_comments(file.source):
        match = _COMMENT.match(text)
        if match is None:
            continue
        comment = Found(line, column, text, match)
        if comment.last_line == line:
            alone = not file.source.line(line)[: column - 1].strip()
            _cover(comment, file, _next_code_line(file.source, line) if alone else line)
        found.append(comment)
    return found


def _python_comments(source: SourceText) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT and MARK in token.string:
                yield token.start[0], token.start[1] + 1, token.string
    except (tokenize.TokenError, SyntaxError):
        # What newer grammar the tokenizer does not know still has readable comments.
        return


def _next_code_line(source: SourceText, line: int) -> int:
    for number in range(line + 1, len(source.lines) + 1):
        text = source.line(number).strip()
        if text and not text.startswith("#"):
            return number
    return line


def _cover(comment: Found, file: PythonFile, line: int) -> None:
    statement = file.statement_at(line).statement
    if statement is None:
        comment.first_line = comment.last_line = line
        return
    comment.first_line = min(statement.lineno, line)
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        comment.last_line = max(body[0].lineno - 1, statement.lineno)
    else:
        comment.last_line = statement.end_lineno or line


def of_text(source: SourceText) -> list[Found]:
    """Comments of a Dockerfile, YAML, TOML, requirements or shell file; one on its own line covers the next line."""
    if MARK not in source.text:
        return []
    found = []
    for number, text in enumerate(source.lines, start=1):
        located = _TOOL_COMMENT.search(text) if MARK in text else None
        match = _COMMENT.match(located.group()) if located else None
        if located is None or match is None:
            continue
        comment = Found(number, located.start() + 1, located.group(), match)
        if comment.last_line == number and not text[: located.start()].strip():
            comment.first_line = comment.last_line = _next_code_line(source, number)
        found.append(comment)
    return found
