"""Tells Python 2 from broken Python 3: what it could say that Python 3 can't."""

from __future__ import annotations

import re

import msgspec

_OPAQUE = re.compile(
    r"""\#[^\n]*
    | \"{3}(?:\\.|[^\\])*?\"{3}
    | '{3}(?:\\.|[^\\])*?'{3}
    | "(?:\\.|[^"\\\n])*"
    | '(?:\\.|[^'\\\n])*'""",
    re.VERBOSE | re.DOTALL,
)
_START = r"(?:^|[;:])[ \t]*"
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "print statement",
        re.compile(
            _START + r"(print[ \t]*(?:>>|['\"`]|[ \t](?!(?:if|in|is|and|or|else|for|as)\b)[\w~{]))", re.MULTILINE
        ),
    ),
    (
        "exec statement",
        re.compile(_START + r"(exec[ \t]*(?:['\"]|[ \t](?!(?:if|in|is|and|or|else|for|as)\b)\w))", re.MULTILINE),
    ),
    ("backticks", re.compile(r"(`[^`\n]+`)")),
    ("except clause with a comma", re.compile(r"\b(except\b[^:\n]*,[ \t]*[a-z_]\w*[ \t]*):")),
    ("raise with a comma", re.compile(r"^[ \t]*(raise[ \t]+[\w.]+[ \t]*,)", re.MULTILINE)),
    ("ur string", re.compile(r"\b([uU][rR])['\"]")),
    ("octal number without 0o", re.compile(r"(?<![\w.])(0[0-9]*[1-9][0-9]*)(?![\w.])")),
    ("long integer", re.compile(r"(?<![\w.])((?:0[xX][0-9a-fA-F]+|[0-9]+)[lL])\b")),
    ("<> operator", re.compile(r"(<>)")),
    ("parameter that unpacks a tuple", re.compile(r"\b(lambda[ \t]*\([\w, ]+\)[ \t]*):")),
)


class Sign(msgspec.Struct, frozen=True):
    """A piece of syntax that only Python 2 has."""

    name: str
    offset: int
    """Characters from the start of the text."""
    length: int


def find_python2(text: str) -> Sign | None:
    """First sign of Python 2 in a text with LF line ends that no Python 3 can parse."""
    code = _OPAQUE.sub(_hide, text)
    found = [Sign(name, match.start(1), len(match[1])) for name, sign in _SIGNS if (match := sign.search(code))]
    return min(found, key=lambda sign: sign.offset, default=None)


def _hide(match: re.Match[str]) -> str:
    """Empty a string or comment, keeping its quotes and its length."""
    text = match[0]
    if text.startswith("#"):
        return " " * len(text)
    inside = "".join("\n" if character == "\n" else " " for character in text[1:-1])
    return text[0] + inside + text[-1]
