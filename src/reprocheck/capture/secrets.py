"""Takes out whatever looks like a credential before anything is stored: rather one word too many than one too few."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote, unquote

from reprocheck.model.spelling import spelled_out
from reprocheck.project.secrets import find_secrets

REDACTED: Final = "<redacted>"
_WORDS: Final = (
    "password|passwd|passphrase|passcode|secret|token|credentials?|api[_-]?key|access[_-]?key|secret[_-]?key|"
    "private[_-]?key|account[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|license[_-]?key|"
    "connection[_-]?string|authorization|auth|bearer|cookie|webhook(?:[_-]?url)?|dsn|sas"
)
_NAME: Final = re.compile(rf"(?:^|[^a-z])(?:{_WORDS})$|(?:{_WORDS})[_-]?(?:value|id|file)?$", re.IGNORECASE)
"""A name whose value opens something. `tokenizer` and `max_tokens` are none; `hf_token`, `apiKey` are."""
_NOT_SECRET: Final = re.compile(
    r"(?:pad|eos|bos|unk|sep|cls|mask|next|special|image|start|stop|end|num|max|min|per|n)[_-]token(?:[_-]id)?$|"
    r"[_-](?:file|id)$|(?:^|[_-])author$",
    re.IGNORECASE,
)
_MARKS: Final = (
    "://", "key", "token", "secret", "passw", "passph", "passcode", "cred", "auth", "bearer", "basic ", "cookie",
    "webhook", "dsn", "sas", "sig", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glpat", "hf_", "api_org_",
    "sk-", "sk_", "rk_", "xox", "akia", "asia", "aiza", "ya29", "npm_", "pypi-", "dop_v1", "sg.", "eyj", "r8_", "wandb",
    "connection", "license", "tk-",
)  # fmt: skip
"""Something that all patterns below need; most strings of a record have nothing of it."""
_USERINFO: Final = re.compile(r"""([A-Za-z][\w+.-]*://)([^/\s@"'<>]+)@""")
_QUERY: Final = re.compile(r"""([?&;#]([\w.%-]+)=)([^&\s"'#;]+)""")
_QUERY_NAME: Final = re.compile(r"sig$|signature$|key$|code$|jwt$|sessionid$", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r"""(?P<head>(?P<name>[\w.-]*[A-Za-z])\\?["']?\]?\s*(?:[:=]|=>|,)\s*[rbuf]{0,2}(?P<quote>\\?["']))(?P<value>(?:(?!(?P=quote))[^\n]){4,}?)(?P=quote)"""
)
_BARE: Final = re.compile(
    r"""(?P<head>(?P<name>[\w.-]*[A-Za-z])["']?\s*[:=]\s*)(?P<value>[^\s"'`,;()\[\]{}<>$]{6,})(?![\w.]*[(\[])"""
)
_HEADER: Final = re.compile(
    r"""((?i:authorization)["']?\s*[:=,]\s*[fbr]?["']?(?:(?i:bearer|basic|token|digest)\s+)?)([\w.~+/=-]{6,})"""
    r"""|(\b(?i:bearer|basic|token)\s+)((?=[\w.~+/=-]*\d)[\w.~+/=-]{12,})"""
)
"""What says who asks; in prose (`a basic distribution`) no digit follows."""
_SHAPES: Final = re.compile(
    r"(?<![\w-])(?:gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(?:hf|api_org|npm|dop_v1)_[A-Za-z0-9]{16,}|"
    r"sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{12,}|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|"
    r"ya29\.[\w-]{16,}|pypi-[\w-]{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|r8_\w{30,}|tk-[0-9a-f]{4,}-[\w-]{4,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_KEY_BLOCK: Final = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_SHORTEST: Final = 6
"""Characters of a known value that is looked for everywhere: shorter ones would hit innocent text."""
_ASSIGNMENT: Final = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*?)\s*$")
_CREDENTIAL_FILES: Final = re.compile(
    r"\.env(?:\..+)?|.+\.env|\.netrc|_netrc|\.pypirc|\.npmrc|\.git-credentials|\.dockercfg|\.pgpass|kaggle\.json|"
    r"credentials(?:\..+)?|.*service[_-]?account.*\.json|secrets?\.(?:ya?ml|toml|json|ini)|id_(?:rsa|dsa|ecdsa|ed25519)|"
    r".+\.(?:pem|key|p12|pfx|jks|kdbx)|token(?:\.(?:txt|json))?",
    re.IGNORECASE,
)
_SHORT: Final = 1 << 12
"""Characters of a text that is looked at as a whole."""
_LARGEST_SETTINGS: Final = 1 << 20
"""Bytes of a file of variables that is read for its values."""


@lru_cache(1 << 12)
def is_secret_name(name: str) -> bool:
    """Whether what stands under this name (of a variable, an option, a key) opens something."""
    return _NAME.search(name) is not None and _NOT_SECRET.search(name) is None


def is_credential_file(path: str) -> bool:
    """Whether a file is named as files with credentials are."""
    return _CREDENTIAL_FILES.fullmatch(PurePosixPath(path).name) is not None


class Secrets:
    """Knows the values that must not be stored, and how others look."""

    def __init__(
        self, environment: Mapping[str, str], arguments: Sequence[str] = (), folders: Iterable[Path] = ()
    ) -> None:
        """Values come from variables and options with telling names, and from `.env` files in `folders`."""
        values = {value for name, value in environment.items() if is_secret_name(name)}
        for value in environment.values():
            values.update(_in_url(value))
        values.update(_of_options(arguments))
        for folder in folders:
            values.update(_of_settings(folder))
        spelled = {form for value in values if len(value) >= _SHORTEST and value != REDACTED for form in _forms(value)}
        usable = sorted(spelled, key=len, reverse=True)
        self._values = tuple(usable)
        self._known = re.compile("|".join(map(re.escape, usable))) if usable else None
        self._innocent: set[str] = set()
        """Texts that were looked through and have nothing to clean."""

    def clean(self, text: str) -> str:
        """The text without credentials; text without any comes back as it is."""
        if text in self._innocent:
            return text
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        lowered = text.lower()
        if not any(mark in lowered for mark in _MARKS):
            return text
        text = _KEY_BLOCK.sub(rf"\1{REDACTED}\3", text)
        text = _USERINFO.sub(_without_userinfo, text)
        text = _QUERY.sub(_without_parameter, text)
        text = _HEADER.sub(lambda match: f"{match[1] or match[3]}{REDACTED}", text)
        text = _SHAPES.sub(REDACTED, text)
        text = _QUOTED.sub(_without_value, text)
        text = _BARE.sub(_without_bare_value, text)
        for secret in sorted(find_secrets(text), key=lambda found: -found.start):
            text = text[: secret.start] + REDACTED + text[secret.end :]
        return text

    def clean_bytes(self, data: bytes) -> bytes:
        """The same for bytes, which are read as UTF-8 where they are; long ones line by line."""
        text = data.decode("utf-8", "surrogateescape")
        if len(text) <= _SHORT:
            cleaned = self.clean(text)
        else:
            whole = _KEY_BLOCK.sub(rf"\1{REDACTED}\3", text) if "PRIVATE KEY-----" in text else text
            lines = whole.splitlines(keepends=True)
            for index in self.suspects(lines):
                lines[index] = self.clean(lines[index])
            cleaned = "".join(lines)
        return data if cleaned == text else cleaned.encode("utf-8", "surrogateescape")

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """Which of the texts may need cleaning: all at once, which takes a hundredth of asking each."""
        whole = "\0".join(texts)
        lowered = whole.lower()
        if len(lowered) != len(whole):
            # Small letters of some scripts are longer: places would not agree.
            return [index for index, text in enumerate(texts) if self._may_hold(text)]
        ends = list(accumulate(len(text) + 1 for text in texts))
        found = set()
        for text, needles in ((lowered, _MARKS), (whole, self._values)):
            for needle in needles:
                at = text.find(needle)
                while at >= 0:
                    index = bisect_right(ends, at)
                    found.add(index)
                    at = text.find(needle, ends[index])
        return sorted(found)

    def _may_hold(self, text: str) -> bool:
        lowered = text.lower()
        return any(mark in lowered for mark in _MARKS) or any(value in text for value in self._values)

    def finds_any(self, value: object) -> bool:
        """Whether a text in a value would be changed by cleaning."""
        texts = _texts(value)
        return any(self.clean(texts[index]) != texts[index] for index in self.suspects(texts))

    def look_through(self, value: object) -> None:
        """Find out which texts in a value need no cleaning, so that `clean_value` takes a fraction of the time."""
        texts = _texts(value)
        suspects = set(self.suspects(texts))
        self._innocent = {text for index, text in enumerate(texts) if index not in suspects}

    def clean_arguments(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """A command line without credentials: also the words behind options with telling names."""
        if all(argument in self._innocent and argument[:1] != "-" and "=" not in argument for argument in arguments):
            return tuple(arguments)
        cleaned: list[str] = []
        secret_next = False
        for argument in arguments:
            name, equals, value = argument.partition("=")
            if secret_next and not argument.startswith("-"):
                cleaned.append(REDACTED)
            elif equals and value and is_secret_name(name.lstrip("-+~")):
                cleaned.append(f"{name}={REDACTED}")
            else:
                cleaned.append(self.clean(argument))
            secret_next = argument.startswith("-") and not equals and is_secret_name(argument.lstrip("-"))
        return tuple(cleaned)

    def clean_value(self, value: object) -> object:
        """A value of dicts, lists and strings, cleaned through and through; lone surrogates are spelled out."""
        if isinstance(value, str):
            return value if value in self._innocent and value.isascii() else spelled_out(self.clean(value))
        if isinstance(value, dict):
            named = value.get("name", value.get("variable"))
            opens = isinstance(named, str) and is_secret_name(named)
            cleaned = {}
            for key, item in value.items():
                if isinstance(item, str):
                    hides = item and ((opens and key == "value") or is_secret_name(str(key)))
                    cleaned[self.clean_value(key)] = REDACTED if hides else self.clean_value(item)
                elif isinstance(item, dict | list | tuple):
                    cleaned[self.clean_value(key)] = self.clean_value(item)
                else:
                    cleaned[self.clean_value(key)] = item
            return cleaned
        if isinstance(value, list | tuple):
            if all(isinstance(item, str) for item in value):
                value = self.clean_arguments(value)
                if self._innocent.issuperset(value) and "".join(value).isascii():
                    return [*value]
            return [self.clean_value(item) for item in value]
        return value


def _texts(value: object) -> list[str]:
    """All different texts in a value of dicts, lists and strings."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                found.add(text)
            case dict() as mapping:
                waiting += mapping
                waiting += mapping.values()
            case list() | tuple() as several:
                waiting += several
    return list(found)


def _forms(value: str) -> Iterable[str]:
    """The value as it stands in text, in JSON and in addresses."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="", errors="backslashreplace")


def _without_userinfo(match: re.Match[str]) -> str:
    scheme, user = match[1], match[2]
    if "ssh" in scheme.lower() and ":" not in user:
        return match[0]  # a name for the other side, and no password
    return f"{scheme}{REDACTED}@"


def _without_parameter(match: re.Match[str]) -> str:
    name = unquote(match[2])
    return f"{match[1]}{REDACTED}" if is_secret_name(name) or _QUERY_NAME.search(name) else match[0]


def _without_value(match: re.Match[str]) -> str:
    if match["value"].startswith(REDACTED) or not is_secret_name(match["name"]):
        return match[0]
    if "," in match["head"] and not any(character.isdigit() for character in match["value"]):
        return match[0]  # neighbours in a list of words
    tail = match["quote"] if "quote" in match.re.groupindex else ""
    return f"{match['head']}{REDACTED}{tail}"


def _without_bare_value(match: re.Match[str]) -> str:
    """Without quotes a value may be code: a digit, or a variable's name in capitals, tells it from that."""
    if match["name"].isupper() or any(character.isdigit() for character in match["value"]):
        return _without_value(match)
    return match[0]


def _in_url(text: str) -> Iterable[str]:
    for match in _USERINFO.finditer(text):
        if "ssh" not in match[1].lower() or ":" in match[2]:
            user, _, password = match[2].partition(":")
            yield password or user


def _of_options(arguments: Sequence[str]) -> Iterable[str]:
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=False):
        name, equals, value = argument.partition("=")
        yield from _in_url(argument)
        if is_secret_name(name.lstrip("-+~")):
            if equals:
                yield value
            elif argument.startswith("-") and not following.startswith("-"):
                yield following


def _of_settings(folder: Path) -> Iterable[str]:
    """Values of telling names, and others that look like keys, in `.env` files."""
    try:
        files = [*folder.glob(".env"), *folder.glob(".env.*"), *folder.glob("*.env")]
    except OSError:
        return
    for file in files:
        try:
            if not file.is_file() or file.stat().st_size > _LARGEST_SETTINGS:
                continue
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        for line in text.splitlines():
            match = _ASSIGNMENT.match(line)
            if match is None:
                continue
            value = match[2].strip("\"'")
            yield from _in_url(value)
            if is_secret_name(match[1]) or _SHAPES.search(value) or any(find_secrets(line)):
                yield value
