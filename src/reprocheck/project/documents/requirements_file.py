"""pip's requirements files: requirements and options, each with its place."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification
from packaging.utils import canonicalize_name

from reprocheck.model.place import Span
from reprocheck.project.documents.positions import JoinedText, LineTable
from reprocheck.project.source import Problem, SourceText

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#")
_COMMENT_LINE: Final = re.compile(r"\s*+#")
_WORD: Final = re.compile(r"""(?:[^\s"'\\]++|\\[\s\S]?|"(?:[^"\\]++|\\[\s\S])*+"?|'[^']*+'?)++""")
_OPTION_START: Final = re.compile(r"(?:^|(?<=\s))-")
_PINNED: Final = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?+)(==[0-9]+(?:\.[0-9]+)*)")
_NAMED_URL: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[([^\]]*+)\]\s*+)?@\s*+(\S.*)", re.DOTALL)
_WITH_VARIABLE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[([^\]]*+)\])?([^;]*+)(?:;(.*))?", re.DOTALL)
_SCHEME: Final = re.compile(r"(?:(git|hg|svn|bzr)\+)?[A-Za-z][A-Za-z0-9+.-]*+:")
_PATH: Final = re.compile(r"(?:\.{0,2}[/\\]|[A-Za-z]:[/\\]|\.\.?$|\.\.?\[)|.*(?:/|\.whl$|\.tar\.gz$|\.zip$)", re.DOTALL)
_PATH_EXTRAS: Final = re.compile(r"(.*)\[([^\[\]]*)\]", re.DOTALL)
_EGG: Final = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*+)(?:\[([^\]]*+)\])?")
_VARIABLE: Final = re.compile(r"\$\{[A-Z0-9_]+\}")
_FROM_CONDA: Final = re.compile(r"[\w.-]+=[\w.+!]+=[\w.]+")
"""Name, version and build."""

_SHORT: Final = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-i": "--index-url",
    "-f": "--find-links",
    "-e": "--editable",
}
_WITHOUT_VALUE: Final = frozenset(["--no-index", "--pre", "--require-hashes", "--prefer-binary"])
_WITH_VALUE: Final = frozenset(
    [
        *_SHORT.values(),
        "--pypi-url",
        "--extra-index-url",
        "--no-binary",
        "--only-binary",
        "--trusted-host",
        "--use-feature",
        "--hash",
        "--global-option",
        "--config-settings",
        "--config-setting",
    ]
)
_EDITABLE: Final = "--editable"
_HASH: Final = "--hash"
_NESTING_LIMIT = 100
"""Parentheses in one line beyond which it is no requirement: markers are parsed by recursion."""


class Requirement(msgspec.Struct, frozen=True):
    """One thing to install."""

    text: str
    """As written, without options and comment, continuations joined."""
    name: str | None
    """Normalised (`scikit-learn`); None for a URL or path that doesn't tell."""
    specifier: str
    """Such as `>=2,<3`; empty when any version will do."""
    extras: tuple[str, ...]
    marker: str | None
    hashes: tuple[str, ...]
    """Algorithm and digest, such as `sha256:...`."""
    url: str | None
    """URL or path; variables such as `${TOKEN}` stay as written."""
    vcs: str | None
    """`git`, `hg`, `svn` or `bzr`."""
    revision: str | None
    """Branch, tag or commit of a version-control URL."""
    editable: bool
    span: Span
    """The requirement, options left out."""


class RequirementOption(msgspec.Struct, frozen=True):
    """An option line, or an option behind a requirement other than its hashes."""

    name: str
    """Long form, such as `--extra-index-url`."""
    value: str | None
    span: Span


class Requirements(msgspec.Struct, frozen=True):
    """A requirements file as far as it could be read."""

    entries: tuple[Requirement, ...]
    options: tuple[RequirementOption, ...]
    problems: tuple[Problem, ...]


def read_requirements(source: SourceText) -> Requirements:
    """Read a requirements file the way pip does; a line that can't be read is a problem, and the next is read."""
    reader = _Reader(source)
    for line in _logical_lines(source):
        reader.add(line)
    problems = sorted([*reader.problems, *_put_together(reader.refused)], key=lambda problem: problem.span.line)
    return Requirements(tuple(reader.entries), tuple(reader.options), tuple(problems))


def _put_together(refused: list[tuple[str, Span]]) -> list[Problem]:
    """Lines that are no requirements; many of them are one mistake, such as a list that conda wrote."""
    if not refused:
        return []
    (first, span), *others = refused
    message = f"is not a requirement: {first[:80]!r}"
    if others:
        message += f", and neither {'is 1 other line' if len(others) == 1 else f'are {len(others)} other lines'}"
    if all(_FROM_CONDA.fullmatch(text) for text, _ in refused):
        message += "; `conda list --export` writes such lines, which pip can't install"
    return [Problem(message, span, fatal=False)]


def _logical_lines(source: SourceText) -> list[JoinedText]:
    """Lines joined at backslashes; a comment line ends what it would continue, as in pip."""
    table = LineTable(source.text)
    found: list[JoinedText] = []
    pieces: list[tuple[int, str]] = []
    for offset, line in zip(table.starts, source.lines, strict=True):
        is_comment = _COMMENT_LINE.match(line) is not None
        if is_comment and pieces:
            found.append(JoinedText(table, pieces))
            pieces = []
            continue
        if line.endswith("\\") and not is_comment:
            pieces.append((offset, line[:-1]))
            continue
        pieces.append((offset, line))
        found.append(JoinedText(table, pieces))
        pieces = []
    if pieces:
        found.append(JoinedText(table, pieces))
    return found


class _Reader:
    """Sorts logical lines into requirements and options."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.entries: list[Requirement] = []
        self.options: list[RequirementOption] = []
        self.problems: list[Problem] = []
        self.refused: list[tuple[str, Span]] = []
        """Lines that are no requirements."""

    def add(self, line: JoinedText) -> None:
        """Read one logical line."""
        comment = _COMMENT.search(line.text)
        text = (line.text if comment is None else line.text[: comment.start()]).rstrip()
        start = len(text) - len(text.lstrip())
        if start == len(text):
            return
        option = _OPTION_START.search(text, start)
        end = len(text) if option is None else option.start()
        written = text[start:end].rstrip()
        options = [] if option is None else self._options(line, text, option.start())
        hashes = tuple(found.value or "" for found, _ in options if found.name == _HASH)
        for found, value_span in options:
            if found.name == _EDITABLE and found.value:
                self._requirement(found.value, value_span, hashes, editable=True)
            elif found.name != _HASH or not written:
                self.options.append(found)
        if written:
            self._requirement(written, line.span(start, start + len(written)), hashes, editable=False)

    def _options(self, line: JoinedText, text: str, position: int) -> list[tuple[RequirementOption, Span]]:
        """Options from `position` on, each with the span of its value."""
        words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text, position)]
        found: list[tuple[RequirementOption, Span]] = []
        index = 0
        while index < len(words):
            word, start, end = words[index]
            index += 1
            name, value = _split_option(word)
            if name not in _WITH_VALUE and name not in _WITHOUT_VALUE:
                self.problems.append(Problem(f"unknown option {word!r}", line.span(start, end), fatal=False))
                continue
            value_start = end - len(value or "")
            if value is None and name in _WITH_VALUE:
                if index == len(words):
                    self.problems.append(Problem(f"the option {word!r} has no value", line.span(start, end)))
                    continue
                value, value_start, end = words[index]
                index += 1
                if name == _EDITABLE:  # `-e path ; marker` and `-e "path with blanks"`
                    end = len(text)
                    value, index = text[value_start:], len(words)
            value = None if value is None else _unquote(value)
            found.append((RequirementOption(name, value, line.span(start, end)), line.span(value_start, end)))
        return found

    def _requirement(self, text: str, span: Span, hashes: tuple[str, ...], *, editable: bool) -> None:
        pinned = _PINNED.fullmatch(text)
        if pinned is not None and not editable:
            # Most lines are plain pins; `packaging` takes a hundred times longer for the same answer.
            name = str(canonicalize_name(pinned[1]))
            self.entries.append(Requirement(text, name, pinned[2], (), None, hashes, None, None, None, False, span))
            return
        entry = _by_url(text, span, hashes, editable=editable) or _by_name(text, span, hashes)
        if entry is None:
            self.refused.append((text, span))
            return
        self.entries.append(entry)


def _split_option(word: str) -> tuple[str, str | None]:
    """Long name and the value written in the same word, as in `--hash=...` or `-rbase.txt`."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    name = _SHORT.get(word[:2], word)
    value = word[2:].removeprefix("=")
    return name, value or None


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def _by_url(text: str, span: Span, hashes: tuple[str, ...], *, editable: bool) -> Requirement | None:
    """A requirement by URL or path, with a name in front, in its fragment, or none."""
    named = _NAMED_URL.fullmatch(text)
    place = text if named is None else named[3]
    place, marker = _split_marker(place)
    scheme = _SCHEME.match(place)
    if scheme is None and named is None and not editable and not _PATH.match(place):
        return None
    egg = _EGG.search(place)
    extras_text: str | None = None
    name: str | None = None
    if named is not None:
        name, extras_text = named[1], named[2]
    elif egg is not None:
        name, extras_text = egg[1], egg[2]
    elif scheme is None and (bracket := _PATH_EXTRAS.fullmatch(place)) is not None:
        place, extras_text = bracket[1], bracket[2]
    vcs = None if scheme is None else scheme[1]
    return Requirement(
        text=text,
        name=None if name is None else str(canonicalize_name(name)),
        specifier="",
        extras=_extras(extras_text),
        marker=marker,
        hashes=hashes,
        url=place,
        vcs=vcs,
        revision=None if vcs is None else _revision(place),
        editable=editable,
        span=span,
    )


def _revision(url: str) -> str | None:
    """What follows the last `@` of the path; one in front of the host is a user's name."""
    _, _, behind_scheme = url.partition("#")[0].partition("://")
    _, _, path = behind_scheme.partition("/")
    _, at, revision = path.rpartition("@")
    return revision or None if at else None


def _split_marker(text: str) -> tuple[str, str | None]:
    """A semicolon may be part of a URL; one with a blank beside it starts the marker."""
    match = re.search(r"\s;|;\s", text)
    if match is None:
        return text.strip(), None
    return text[: match.start()].strip(), text[match.end() :].strip() or None


def _extras(text: str | None) -> tuple[str, ...]:
    return tuple(sorted({part.strip() for part in (text or "").split(",") if part.strip()}))


def _by_name(text: str, span: Span, hashes: tuple[str, ...]) -> Requirement | None:
    if text.count("(") > _NESTING_LIMIT:
        return None
    try:
        read = Specification(text)
    except InvalidRequirement:
        loose = _WITH_VARIABLE.fullmatch(text) if _VARIABLE.search(text) else None
        if loose is None:
            return None
        name, extras = loose[1], _extras(loose[2])
        specifier, marker = loose[3].strip(), (loose[4] or "").strip() or None
    else:
        name, extras = read.name, tuple(sorted(read.extras))
        specifier, marker = str(read.specifier), None if read.marker is None else str(read.marker)
    return Requirement(
        text=text,
        name=str(canonicalize_name(name)),
        specifier=specifier,
        extras=extras,
        marker=marker,
        hashes=hashes,
        url=None,
        vcs=None,
        revision=None,
        editable=False,
        span=span,
    )
