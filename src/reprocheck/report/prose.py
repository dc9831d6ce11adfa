"""Explanations for narrow places: the first sentence of Markdown, and lines wrapped by terminal cells."""

from __future__ import annotations

import re
from itertools import takewhile

from reprocheck.report.cells import cell_len

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
_SENTENCE_END = re.compile(r"[.!?][\"')]?(?=\s+[^a-z\s])")
_INDENT = "    "
_ABBREVIATIONS = ("e.g.", "i.e.", "cf.", "vs.", "etc.", "approx.", "no.", "resp.")


def first_paragraph(markdown: str) -> str:
    """The first paragraph on one line, links reduced to their text; code blocks don't count as paragraphs."""
    for paragraph in re.split(r"\n\s*\n", _FENCE.sub("", markdown).strip()):
        line = " ".join(paragraph.split())
        if line:
            return _LINK.sub(r"\1", line)
    return ""


def code_below(markdown: str) -> list[str]:
    """Lines of the indented code that a first paragraph with a colon at its end introduces."""
    paragraph, _, below = markdown.strip().partition("\n\n")
    if not paragraph.rstrip().endswith(":"):
        return []
    code = takewhile(lambda line: not line.strip() or line.startswith(_INDENT), below.splitlines())
    return "\n".join(line.removeprefix(_INDENT) for line in code).rstrip().splitlines()


def first_sentence(markdown: str) -> str:
    """The first sentence of the first paragraph; a full stop inside code or behind an abbreviation ends none."""
    text = first_paragraph(markdown)
    for match in _SENTENCE_END.finditer(text):
        sentence = text[: match.end()]
        if sentence.count("`") % 2 == 0 and not sentence.lower().endswith(_ABBREVIATIONS):
            return sentence
    return text


def wrap(text: str, width: int) -> list[str]:
    """Break `text` at spaces into lines of at most `width` terminal cells; longer words stand alone, uncut."""
    lines: list[str] = []
    line, used = "", 0
    for word in text.split():
        cells = cell_len(word)
        if line and used + 1 + cells > width:
            lines.append(line)
            line, used = word, cells
        else:
            line, used = (f"{line} {word}", used + 1 + cells) if line else (word, cells)
    return [*lines, line] if line else lines
