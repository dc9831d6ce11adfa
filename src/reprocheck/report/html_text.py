"""Text of findings as HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from reprocheck.model.place import Excerpt

_CODE = re.compile(r"`([^`\n]+)`")


def prose(text: str) -> str:
    """A sentence, what stands in backquotes as code; everything is escaped first."""
    return _CODE.sub(r"<code>\1</code>", marked_up(text))


def code(text: str) -> str:
    """A name or path."""
    return f"<code>{marked_up(text)}</code>"


def excerpt_html(excerpt: Excerpt) -> str:
    """Numbered lines of source with the marked stretch."""
    lines = []
    digits = len(str(excerpt.first_line + len(excerpt.lines)))
    for number, line in enumerate(excerpt.lines, excerpt.first_line):
        text = marked_up(line.expandtabs(4)) if number != excerpt.line else _marked(line, excerpt)
        lines.append(f'<span class="dim">{number:>{digits}}</span>  {text}')
    return f"<pre>{chr(10).join(lines)}</pre>"


def _marked(line: str, excerpt: Excerpt) -> str:
    start, end = excerpt.column - 1, excerpt.end_column - 1
    before, marked, after = line[:start], line[start:end], line[end:]
    parts = (before.replace("\t", "    "), marked.replace("\t", "    "), after.replace("\t", "    "))
    return f"{marked_up(parts[0])}<mark>{marked_up(parts[1])}</mark>{marked_up(parts[2])}"
