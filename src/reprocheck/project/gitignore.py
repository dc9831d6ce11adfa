"""The patterns of one ignore file, decided entry by entry as git does.

pathspec answers for whole paths and lets a re-included parent outweigh a later pattern (`*`, `!*/`, `!*.py` keeps
nothing), so a walk that prunes needs the verdict about the entry alone. Grammar: gitignore(5) and git's wildmatch.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

_WILDCARD = re.compile(r"[*?\[\\]")
_STAR = "[^/]*"
_DEEP = "(?:.*/)?"
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t-\\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class Pattern(msgspec.Struct, frozen=True):
    """One line of an ignore file."""

    text: str
    """What is matched, without `!` and without a slash at either end."""
    ignores: bool
    """False for `!pattern`."""
    directories_only: bool
    anchored: bool
    """True when matched against the path from the ignore file's directory, false when against the name alone."""

    @property
    def literal_prefix(self) -> str:
        """Leading directories without wildcards, each with its slash; empty for a pattern about names."""
        if not self.anchored:
            return ""
        found = _WILDCARD.search(self.text)
        literal = self.text if found is None else self.text[: found.start()]
        return literal if found is None else literal[: literal.rfind("/") + 1]


def parse_pattern(line: str) -> Pattern | None:
    """Read one line; None for comments, blank lines and patterns that can match nothing."""
    if line.startswith("#"):
        return None
    text = _trim(line)
    ignores = not text.startswith("!")
    if not ignores:
        text = text[1:]
    directories_only = text.endswith("/")
    if directories_only:
        text = text[:-1]
    anchored = "/" in text
    text = text.removeprefix("/")
    return Pattern(text, ignores, directories_only, anchored) if text else None


def _trim(line: str) -> str:
    """Cut spaces at the end, but for one behind a backslash."""
    text = line.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(line) > len(text) else text


def to_regex(pattern: Pattern) -> str | None:
    """Regular expression for `fullmatch`; None when the pattern is malformed and matches nothing."""
    text = pattern.text
    # git compares what stands before the first wildcard literally and starts afresh behind it; a `**` there counts as
    # one at the start of the pattern.
    found = _WILDCARD.search(text)
    start = len(text) if found is None else found.start()
    parts = [re.escape(text[:start])]
    index = start
    part: str | None
    while index < len(text):
        match text[index]:
            case "*":
                index, part = _stars(text, start, index, anchored=pattern.anchored)
            case "?":
                index, part = index + 1, "[^/]"
            case "[":
                index, part = _bracket(text, index)
            case "\\":
                index, part = index + 2, re.escape(text[index + 1 : index + 2]) or None
            case other:
                index, part = index + 1, re.escape(other)
        if part is None:
            return None
        parts.append(part)
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    """One expression that never tries the same twice, however many stars a stranger's file has.

    Where a `**/` follows in the path, or a `*` in the same name, the first place at which what stands before it fits
    is as good as any other: groups are atomic there.
    """
    sections: list[list[str]] = [[]]
    for part in parts:
        if part == _DEEP:
            sections.append([])
        else:
            sections[-1].append(part)
    first, *others = map(_names_joined, sections)
    if not others:
        return first
    return first + "".join(f"(?>(?:[^/]*/)*?{section})" for section in others[:-1]) + _DEEP + others[-1]


def _names_joined(parts: Sequence[str]) -> str:
    stars = [index for index, part in enumerate(parts) if part == _STAR]
    if not stars:
        return "".join(parts)
    joined = "".join(parts[: stars[0]])
    for star, end in zip(stars, [*stars[1:], None], strict=True):
        rest = parts[star + 1 : end]
        text = "".join(rest)
        joined += _STAR + text if end is None or "/" in rest else f"(?>[^/]*?{text})"
    return joined


def _stars(text: str, start: int, index: int, *, anchored: bool) -> tuple[int, str]:
    end = index
    while text[end : end + 1] == "*":
        end += 1
    opens = index == start or text[index - 1] == "/"
    if not anchored or end - index == 1 or not opens or text[end : end + 1] not in ("", "/"):
        return end, _STAR
    if end == len(text):
        return end, ".*"
    return end + 1, _DEEP


def _bracket(text: str, index: int) -> tuple[int, str | None]:
    """Translate `[...]`; the second value is None when it is never closed or names an unknown class."""
    position = index + 1
    negated = text[position : position + 1] in ("!", "^")
    position += negated
    items: list[str] = []
    first = True
    previous = ""
    while first or text[position : position + 1] != "]":
        first = False
        if position >= len(text):
            return position, None
        if text.startswith("[:", position) and (close := text.find(":]", position)) > 0:
            name = text[position + 2 : close]
            if name not in _CLASSES:
                return position, None
            items.append(_CLASSES[name])
            position, previous = close + 2, ""
            continue
        if text[position] == "-" and previous and text[position + 1 : position + 2] not in ("]", ""):
            position, high = _bracket_character(text, position + 1)
            if previous <= high:
                items.append(f"{re.escape(previous)}-{re.escape(high)}")
            previous = ""
            continue
        position, previous = _bracket_character(text, position)
        items.append(re.escape(previous))
    inside = "".join(items)
    if negated:
        return position + 1, f"[^/{inside}]"
    return position + 1, f"(?!/)[{inside}]" if inside else "(?!)"


def _bracket_character(text: str, position: int) -> tuple[int, str]:
    if text[position] == "\\" and position + 1 < len(text):
        return position + 2, text[position + 1]
    return position + 1, text[position]


Ranked = tuple[int, Pattern]


class IgnoreRules:
    """Patterns of one ignore file; the last one that matches an entry decides."""

    __slots__ = ("_names", "_names_any", "_names_regex", "_paths", "_paths_any", "_paths_regex", "patterns")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Literal patterns become look-ups; the others are tried one by one only when one of them matches."""
        self.patterns = tuple(patterns)
        self._names: dict[str, list[Ranked]] = {}
        self._paths: dict[str, list[Ranked]] = {}
        names: list[tuple[str, Ranked]] = []
        paths: list[tuple[str, Ranked]] = []
        for rank, pattern in enumerate(patterns):
            ranked = (rank, pattern)
            if not _WILDCARD.search(pattern.text):
                literals = self._paths if pattern.anchored else self._names
                literals.setdefault(pattern.text, []).append(ranked)
            elif (regex := to_regex(pattern)) is not None:
                (paths if pattern.anchored else names).append((regex, ranked))
        self._names_any, self._names_regex = _compile(names)
        self._paths_any, self._paths_regex = _compile(paths)

    def decide(self, path: str, name: str, *, is_directory: bool) -> bool | None:
        """True: ignored, False: kept by a `!` pattern, None: no pattern speaks of this entry.

        `path` is relative to the directory of the ignore file; no parent of it is ignored.
        """
        best: Ranked | None = None
        for ranked in (*self._names.get(name, ()), *self._paths.get(path, ())):
            if (is_directory or not ranked[1].directories_only) and (best is None or ranked[0] > best[0]):
                best = ranked
        if self._names_any is not None and self._names_any(name):
            best = _last(self._names_regex, name, best, is_directory=is_directory)
        if self._paths_any is not None and self._paths_any(path):
            best = _last(self._paths_regex, path, best, is_directory=is_directory)
        return None if best is None else best[1].ignores

    def covers(self, path: str) -> bool:
        """Whether a file is meant, by a pattern for itself or for a folder around it."""
        parts = path.split("/")
        for length in range(1, len(parts)):
            if self.decide("/".join(parts[:length]), parts[length - 1], is_directory=True):
                return True
        return bool(self.decide(path, parts[-1], is_directory=False))


Compiled = list[tuple[re.Pattern[str], Ranked]]
Matcher = Callable[[str], object]


def _compile(patterns: list[tuple[str, Ranked]]) -> tuple[Matcher | None, Compiled]:
    if not patterns:
        return None, []
    together = re.compile("|".join(f"(?:{regex})" for regex, _ in patterns), re.DOTALL)
    return together.fullmatch, [(re.compile(regex, re.DOTALL), ranked) for regex, ranked in reversed(patterns)]


def _last(patterns: Compiled, text: str, best: Ranked | None, *, is_directory: bool) -> Ranked | None:
    for regex, ranked in patterns:
        if best is not None and ranked[0] < best[0]:
            break
        if (is_directory or not ranked[1].directories_only) and regex.fullmatch(text):
            return ranked
    return best


def ignore_rules(lines: Iterable[str]) -> IgnoreRules | None:
    """Rules of these lines; None when none of them can match."""
    patterns = [pattern for line in lines if (pattern := parse_pattern(line)) is not None]
    return IgnoreRules(patterns) if patterns else None


def read_rules(data: bytes) -> IgnoreRules | None:
    """Rules of the content of an ignore file."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return ignore_rules(line.removesuffix("\r") for line in text.split("\n"))
