"""Programs that a script downloads and runs, although what lies at their address may change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from reprocheck.rulekit import Match, Severity, ShellCommand, ShellWord

_FETCHERS = frozenset({"curl", "wget"})
_INTERPRETER = re.compile(r"(?:.*/)?(?:(?:ba|z|da|k)?sh|python[\d.]*|perl|ruby|node)")
_LEADING = frozenset({"sudo", "env", "exec", "-E", "-H"})
_URL = re.compile(r"https?://(?:\$\([^)]*\)|[^\s\"'`)<>|;])+")
_VERSIONED = re.compile(r"/v?\d+\.\d+[\w.+-]*(?:/|$)|[-_@]v?\d+\.\d+|/[0-9a-f]{40}/")
_MOVING = re.compile(r"(?:^|[-_/.])latest(?:[-_/.]|$)")
_PROGRAM = re.compile(r"\.(?:sh|run|deb|rpm|whl|py|tar\.\w+|tgz|exe|pkg|AppImage)$")
_SUBSTITUTED = re.compile(r"(?:\$\(|`|<\()\s*(?:curl|wget)\b")
_SHORT_OPTIONS = re.compile(r"-[a-zA-Z]+")
_REMOTE_NAME = re.compile(r"-[a-zA-Z]*O[a-zA-Z]*|--remote-name")
"""Options by which `curl` names a file as its address does."""
_VERIFIERS = re.compile(r"(?:.*/)?(?:sha\d+sum|shasum|md5sum|b2sum|gpg|gpgv|cosign|minisign)")


def moving_downloads(commands: Iterable[ShellCommand]) -> Iterator[Match]:
    """Downloads of one script that run unseen: piped into an interpreter, run from a file, or of the latest release."""
    listed = list(commands)
    verified = any(_VERIFIERS.fullmatch(word.text) for command in listed for word in command.words)
    for command, following in zip_longest(listed, listed[1:]):
        words = _program(command)
        if not words:
            continue
        if words[0].text in _FETCHERS:
            if command.separator in {"|", "|&"} and following is not None and _interprets(following):
                yield from _piped(command, _addresses(words))
            elif not verified:
                found = list(_latest(words))
                yield from found or _run_later(command, words, listed)
        elif _INTERPRETER.fullmatch(words[0].text):
            substituted = [word for word in words[1:] if _SUBSTITUTED.match(word.text)]
            yield from (match for word in substituted for match in _piped(command, [(word, word.text)]))


def _program(command: ShellCommand) -> tuple[ShellWord, ...]:
    words = command.words
    while words and words[0].text in _LEADING:
        words = words[1:]
    return words


def _interprets(command: ShellCommand) -> bool:
    words = _program(command)
    # `python -c CODE` and `python -m json.tool` read data from the pipe, not a program.
    reads_data = any(word.text in {"-c", "-m", "-e", "-pe", "-ne"} for word in words[1:])
    own_program = any(not word.text.startswith("-") for word in words[1:2]) and words[0].text.startswith("python")
    return bool(words) and bool(_INTERPRETER.fullmatch(words[0].text)) and not reads_data and not own_program


def _addresses(words: Iterable[ShellWord]) -> list[tuple[ShellWord, str]]:
    return [(word, word.text) for word in words if "://" in word.text]


def _piped(command: ShellCommand, addresses: list[tuple[ShellWord, str]]) -> Iterator[Match]:
    found = _URL.search(addresses[0][1]) if addresses else None
    what = f"what `{_short(found[0])}` sends" if found else "a download"
    severity = Severity.NOTE if found and _VERSIONED.search(found[0]) else None
    span = addresses[0][0].span if addresses else command.span
    yield Match(span=span, message=f"{what} is run without a look at its checksum", severity=severity)


def _latest(words: Iterable[ShellWord]) -> Iterator[Match]:
    for word, text in _addresses(words):
        found = _URL.search(text)
        if found and _MOVING.search(found[0]) and _PROGRAM.search(found[0]):
            message = f"`{_short(found[0])}` is another program with each release: name a version and its checksum"
            yield Match(span=word.span, message=message)


def _run_later(command: ShellCommand, words: tuple[ShellWord, ...], script: list[ShellCommand]) -> Iterator[Match]:
    """A download that is kept in a file, which the script then runs."""
    addresses = _addresses(words)
    name = _saved_as(command, words)
    later = script[script.index(command) + 1 :]
    if addresses and name and any(_runs(other, name) for other in later):
        yield from _piped(command, addresses)


def _saved_as(command: ShellCommand, words: tuple[ShellWord, ...]) -> str:
    """Name of the file that a download becomes; empty where it becomes none."""
    fetcher, letter = words[0].text, "o" if words[0].text == "curl" else "O"
    for word, value in zip_longest(words[1:], words[2:]):
        option, equals, inside = word.text.partition("=")
        if option in {"--output", "--output-document"}:
            return _file_name(inside if equals else value.text if value is not None else "")
        if _SHORT_OPTIONS.fullmatch(word.text) and word.text.endswith(letter):
            return _file_name(value.text if value is not None else "")
    if command.redirects:
        return _file_name(next((r.target for r in command.redirects if r.operator in {">", ">|"}), ""))
    by_itself = fetcher == "wget" or any(_REMOTE_NAME.fullmatch(word.text) for word in words[1:])
    return _file_name(_addresses(words)[0][1]) if by_itself and _addresses(words) else ""


def _file_name(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2]


def _runs(command: ShellCommand, name: str) -> bool:
    """Whether a command runs a file, itself or by an interpreter."""
    words = _program(command)
    if not words:
        return False
    if _INTERPRETER.fullmatch(words[0].text) or words[0].text in {"source", "."}:
        given = next((word.text for word in words[1:] if not word.text.startswith("-")), "")
        return _file_name(given) == name
    return "/" in words[0].text and _file_name(words[0].text) == name


def _short(address: str) -> str:
    limit = 90
    return address if len(address) <= limit else address[:limit] + "…"
