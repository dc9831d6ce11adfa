"""API keys and tokens as their issuers write them, found in any text and masked in what is reported."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple


class Secret(NamedTuple):
    """A stretch of a text that opens something for whoever reads it."""

    kind: str
    """What it is, with its article: `a Hugging Face token`."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset just behind the last."""
    certain: bool
    """False where only a name beside it says that it is one."""


class _Shape(NamedTuple):
    kind: str
    marks: tuple[str, ...]
    """One of these stands, in small letters, in every text that holds such a secret: looking for them is cheap."""
    pattern: str
    """Compiled when a mark is met. Its first group, if it has one, is the secret itself.

    It begins with plain characters where it can: these are searched for ten times faster than a condition before them.
    """
    certain: bool = True
    own_form: bool = False
    """Whether the whole pattern is the secret: then it doesn't begin in the middle of a word."""


_QUOTE: Final = r"""\\?["']"""
_SET: Final = rf"""(?:{_QUOTE})?\]?\s*[=:,]\s*(?:{_QUOTE})?"""
"""What stands between a name and its value in code, mappings, calls and files of variables."""
_BEFORE: Final = re.compile(r"[\w+/=-]")
"""What does not stand before a token of a form of its own."""


def _shape(kind: str, marks: str, pattern: str, *, certain: bool = True) -> _Shape:
    own_form = "(" not in pattern.replace("(?", "")
    return _Shape(kind, tuple(marks.lower().split()), pattern, certain, own_form)


_SHAPES: Final = (
    _shape("a Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{34}\b"),
    _shape("a Hugging Face token", "api_org_", r"api_org_[A-Za-z0-9]{34}\b"),
    _shape("an OpenAI key", "T3BlbkFJ", r"sk-[\w-]{20,}T3BlbkFJ[\w-]{20,}"),
    _shape("an Anthropic key", "sk-ant-", r"sk-ant-[a-z]+\d\d-[\w-]{80,}"),
    _shape("a Weights & Biases key", "wandb_v1_", r"wandb_v1_\w{60,}"),
    _shape(
        "a Weights & Biases key",
        "wandb",
        r"(?i:wandb)(?:[^\n]{0,60}?(?i:key|token|login)|\.login\(\s*key)[^\n\w]{1,12}([0-9a-f]{40})\b",
    ),
    _shape("a Kaggle key", "KAGGLE_KEY", rf"KAGGLE_KEY{_SET}([0-9a-f]{{32}})\b"),
    _shape(
        "a Kaggle key",
        "username",
        rf"username{_QUOTE}\s*:\s*{_QUOTE}[^\"'\\]+{_QUOTE}\s*,\s*{_QUOTE}key{_QUOTE}\s*:\s*{_QUOTE}([0-9a-f]{{32}})\b",
    ),
    _shape("a Neptune token", "eyJhcGlfYWRkcmVzcyI6", r"eyJhcGlfYWRkcmVzcyI6[\w+/=-]{60,}"),
    _shape("a Replicate token", "r8_", r"r8_[A-Za-z0-9]{37}\b"),
    _shape("an AWS access key", "AKIA", r"AKIA[A-Z2-7]{16}\b"),
    _shape(
        "an AWS secret key",
        "aws_secret_access_key",
        rf"(?i:aws_secret_access_key){_SET}([A-Za-z0-9/+]{{40}})(?![\w/+=])",
    ),
    _shape("an Azure storage key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    _shape("a Google API key", "AIza", r"AIza[\w-]{35}\b"),
    _shape("a GitHub token", "ghp_ gho_ ghs_", r"gh[pos]_[A-Za-z0-9]{36}\b"),
    _shape("a GitHub token", "github_pat_", r"github_pat_\w{22}_\w{59}\b"),
    _shape("a GitLab token", "glpat-", r"glpat-[\w-]{20,}"),
    _shape("a PyPI token", "pypi-AgE", r"pypi-AgE[\w-]{50,}"),
    _shape("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}\b"),
    _shape("a Slack token", "xox", r"xox[abeoprs]-\d[\w-]{20,}"),
    _shape("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(T\w{8,}/B\w{8,}/\w{20,})"),
    _shape(
        "a private key",
        "key-----",
        r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\s|\\n|[\"',])+[A-Za-z0-9+/=]{40,}",
    ),
    _shape(
        "a password in an address",
        "://",
        r"https?://[\w.%+-]+:([^\s/@:\"'`$<>{}\[\]()*]{10,})@[\w-]+\.[\w.-]+",
        certain=False,
    ),
)
_GUESSED: Final = _Shape("an API key", ("_key", "_token", "apikey", "api-key", "client_secret"), "", certain=False)
"""Random texts under telling names: each mark ends such a name."""
_NAME: Final = re.compile(
    r"(?:(?:api|access|secret|auth|account|private)[_-]?(?:access[_-]?)?(?:key|token)|client[_-]?secret)$"
)
_NAME_LENGTH: Final = 20
_VALUE: Final = re.compile(_SET + r"([A-Za-z0-9_+/-]{20,}={0,2})(?=\\?[\"'\s,;)}\]]|\\n|$)")
_PLACEHOLDER: Final = re.compile(
    r"example|your|placeholder|dummy|fake|change|redacted|insert|replace|sample|secret|password|passwd|token|api_?key|"
    r"x{4}|\*{3}|\.{3}|0{6}|1{6}|12345|54321|abcdef|deadbeef|foobar|test|todo|none|null",
    re.IGNORECASE,
)
_BEGINNING: Final = "eyJhbGciOi"
"""How the header of every JSON web token begins; without a body behind a dot it opens nothing."""
_ENTROPY: Final = 3.0
"""Bits per character: random hexadecimal digits have more than 3.4, words and fillings less."""
_GUESSED_ENTROPY: Final = 3.6
_SHOWN: Final = 4
_PREFIX: Final = re.compile(r"[A-Za-z]{1,8}[_-](?:[a-z]+\d*[_-])?")
_KEY_LINE: Final = re.compile(r"^[\s\"'+,\\n]*[A-Za-z0-9+/=]{60,}[\"',\\n\s]*$")
_LIKELY: Final = re.compile(
    rf"(?i:key|token|secret|password)(?:{_QUOTE})?\]?\s*[=:,(]\s*{_QUOTE}((?=[^\"']*\d)[\w+/=-]{{24,}})\\?[\"']"
)


def find_secrets(text: str) -> Iterator[Secret]:
    """Secrets in a text, without placeholders; a place is named once, by the most telling shape."""
    taken: list[tuple[int, int]] = []
    lowered = text.lower()
    for shape in _SHAPES:
        if any(mark in lowered for mark in shape.marks):
            for start, end in _stretches(shape, text):
                if not _overlaps(taken, start, end) and _is_real(text[start:end], shape):
                    taken.append((start, end))
                    yield Secret(shape.kind, start, end, shape.certain)
    for start, end in _under_names(text, lowered):
        if not _overlaps(taken, start, end) and _is_real(text[start:end], _GUESSED):
            taken.append((start, end))
            yield Secret(_GUESSED.kind, start, end, certain=False)


def _overlaps(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < other_end and other_start < end for other_start, other_end in taken)


def _stretches(shape: _Shape, text: str) -> Iterator[tuple[int, int]]:
    """Where the pattern of a shape finds something."""
    for match in re.finditer(shape.pattern, text):
        if shape.own_form and match.start() and _BEFORE.match(text, match.start() - 1):
            continue
        yield match.span(match.re.groups)


def _under_names(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    """Values that are given to names such as `api_key`; found from the end of the name, which a text seldom has."""
    if len(lowered) != len(text):
        lowered = text  # small letters of some scripts are longer: places would not agree
    for mark in _GUESSED.marks:
        position = lowered.find(mark)
        while position >= 0:
            end = position + len(mark)
            value = _VALUE.match(text, end)
            if value is not None and _NAME.search(lowered, max(0, end - _NAME_LENGTH), end):
                yield value.span(1)
            position = lowered.find(mark, end)


def masked(text: str) -> str:
    """The text, as long as before, with secrets and all that looks like one hidden."""
    if _KEY_LINE.match(text):
        return "*" * len(text)
    places = [(secret.start, secret.end) for secret in find_secrets(text)]
    places += [match.span(1) for match in _LIKELY.finditer(text)]
    for start, end in places:
        shown = min(_SHOWN, (end - start) // 4)
        text = text[: start + shown] + "*" * (end - start - shown) + text[end:]
    return text


def _is_real(value: str, shape: _Shape) -> bool:
    body = value[match.end() :] if (match := _PREFIX.match(value)) is not None else value
    if _PLACEHOLDER.search(body if shape.certain else value) and shape.kind != "a private key":
        return False
    if shape.certain:
        return _entropy(body) >= _ENTROPY
    # A name and a value tell little: words in snake case and paths have letters only.
    if value.startswith(_BEGINNING):
        return False
    digits = sum(character.isdigit() for character in value)
    return digits > 1 and value.count("/") <= 1 and "__" not in value and _entropy(value) >= _needed(value)


def _needed(value: str) -> float:
    return _ENTROPY if re.fullmatch(r"[0-9a-fA-F]+", value) else _GUESSED_ENTROPY


def _entropy(text: str) -> float:
    """Bits per character by how often each occurs."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
