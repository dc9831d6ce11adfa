"""Variables in a Dockerfile: what `$X` and `${X:-default}` stand for where it is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#]")
_MODIFIER: Final = re.compile(r":?[-+?]")
_PLAIN: Final = re.compile(r"[^\\`$'\"}]++")
MAX_EXPANSION = 10_000
"""Longest result, in characters; variables made of variables could grow without end."""
MAX_NESTING = 20
"""Braces inside braces that are followed."""

PLATFORM_ARGUMENTS: Final = frozenset(
    f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""Set by the builder for every build, to what the scan can't know."""


def expand(text: str, variables: Mapping[str, str | None], *, escape: str = "\\") -> str | None:
    """Replace variables and take quotes and escapes away.

    A name absent from `variables` is unset; one that is None is set to something unknown. The result is None when
    it depends on what isn't known: a variable without value and default, a substitution other than `:-`, `-`,
    `:+`, `+`, `:?`, `?`.
    """
    return _Reader(text, variables, escape).read(depth=0)


class _Reader:
    """Reads text once; an unknown part makes the whole unknown and the reading goes on to its end."""

    def __init__(self, text: str, variables: Mapping[str, str | None], escape: str) -> None:
        self._text = text
        self._variables = variables
        self._escape = escape
        self._position = 0

    def read(self, depth: int) -> str | None:
        """Read up to the end, or up to the brace that closes a default."""
        text = self._text
        parts: list[str | None] = []
        in_quotes = False
        while self._position < len(text):
            char = text[self._position]
            plain = _PLAIN.match(text, self._position)
            if plain is not None:
                self._position = plain.end()
                parts.append(plain[0])
                continue
            self._position += 1
            if char == "}" and depth:
                break
            if char == '"':
                in_quotes = not in_quotes
            elif char == "'" and not in_quotes:
                end = text.find("'", self._position)
                end = len(text) if end < 0 else end
                parts.append(text[self._position : end])
                self._position = end + 1
            elif char == self._escape:
                parts.append(self._escaped(in_quotes=in_quotes))
            else:
                parts.append(self._variable(depth) if char == "$" else char)
        return _join(parts)

    def _escaped(self, *, in_quotes: bool) -> str:
        following = self._text[self._position : self._position + 1]
        self._position += 1
        return self._escape + following if in_quotes and following not in ('"', "$", self._escape) else following

    def _variable(self, depth: int) -> str | None:
        braced = self._text.startswith("{", self._position)
        name = _NAME.match(self._text, self._position + braced)
        if name is None:
            return None if braced else "$"
        self._position = name.end()
        is_set = name[0] in self._variables
        value = self._variables.get(name[0])
        if not braced:
            return value
        if self._text.startswith("}", self._position):
            self._position += 1
            return value
        modifier = _MODIFIER.match(self._text, self._position)
        if modifier is None or depth >= MAX_NESTING:
            self._position = len(self._text)
            return None
        self._position = modifier.end()
        word = self.read(depth + 1)
        return _substitute(modifier[0], word, value, is_set=is_set)


def _substitute(modifier: str, word: str | None, value: str | None, *, is_set: bool) -> str | None:
    unknown = is_set and value is None
    has_value = is_set and (value != "" or ":" not in modifier)
    match modifier[-1]:
        case "+":
            return word if has_value else ""
        case "-" if not has_value:
            return word
        case _:
            return None if unknown or not has_value else value


def _join(parts: list[str | None]) -> str | None:
    known: list[str] = []
    length = 0
    for part in parts:
        if part is None:
            return None
        known.append(part)
        length += len(part)
        if length > MAX_EXPANSION:
            return None
    return "".join(known)
