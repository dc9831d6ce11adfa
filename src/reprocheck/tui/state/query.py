"""The filter: words of the command line, `code:RNG sev:warning path:src/ state:open`, and free text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from reprocheck.model.finding import Confidence, Severity

KEYS: Mapping[str, str] = {
    "code": "rule code or its beginning, such as code:RNG or code:RNG004",
    "rule": "part of a rule's name",
    "sev": "error, warning or note",
    "conf": "high, medium or low",
    "path": "part of the path, or a pattern such as path:*.ipynb",
    "state": "open, accepted, false-positive, fixed, decided, suppressed or known",
    "evidence": "untested, confirmed, not-observed or refuted",
    "fix": "safe, unsafe, any or none",
    "symbol": "part of the name of the function or class",
    "id": "fingerprint or its beginning",
}
"""What each key of the filter asks for."""
_ALIASES = {
    "severity": "sev",
    "confidence": "conf",
    "file": "path",
    "family": "code",
    "fingerprint": "id",
    "is": "state",
}
STATES = ("open", "accepted", "false-positive", "fixed", "suppressed", "known")
"""Every state that a finding can have here; the last two are set by comments in the source and by the baseline."""
_VALUES: Mapping[str, tuple[str, ...]] = {
    "sev": tuple(severity.value for severity in Severity),
    "conf": tuple(confidence.value for confidence in Confidence),
    "state": (*STATES, "decided"),
    "evidence": ("untested", "confirmed", "not-observed", "refuted"),
    "fix": ("safe", "unsafe", "any", "none"),
}
_CUTOFF = 0.5


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter."""

    key: str
    """One of KEYS; empty for free text."""
    values: tuple[str, ...]
    """One of them is enough; those of keys with fixed values are spelled out, all others as they were written."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A filter: all terms hold; the last word for what a finding has one of replaces those before it."""

    terms: tuple[Term, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be understood, for a person; such a word filters nothing."""


def parse(text: str) -> Query:
    """Read a filter; nothing is refused, so that it can be parsed while it is typed."""
    terms: list[Term] = []
    problems: list[str] = []
    for word, quoted in _words(text):
        negated = not quoted and len(word) > 1 and word[0] in "-!"
        body = word[1:] if negated else word
        key, colon, value = body.partition(":")
        if quoted or not colon or not key.isalpha():
            terms.append(Term("", (body.lower(),), negated))
            continue
        name = _ALIASES.get(key.lower(), key.lower())
        if name not in KEYS:
            problems.append(_unknown_key(key))
            continue
        values = tuple(part for part in value.split(",") if part)
        known = _VALUES.get(name)
        if known is not None:
            values, wrong = _spelled_out(name, values, known)
            problems += wrong
        if values and known is not None and not negated:
            # A finding has one of these: both words together would leave nothing.
            terms = [term for term in terms if term.key != name]
        if values:
            terms.append(Term(name, values, negated))
    return Query(tuple(terms), tuple(problems))


def completions(text: str) -> list[str]:
    """Words that the last one of `text` may be the beginning of."""
    last = text.rpartition(" ")[2].lstrip("-!")
    key, colon, value = last.partition(":")
    if not colon:
        return [f"{name}:" for name in KEYS if last and name.startswith(last.lower())]
    return [f"{key}:{known}" for known in _VALUES.get(_ALIASES.get(key, key), ()) if known.startswith(value.lower())]


def _words(text: str) -> list[tuple[str, bool]]:
    """Words, and whether each stood in quotation marks; an open quotation ends with the text."""
    words: list[tuple[str, bool]] = []
    word, inside, quoted = "", False, False
    for character in text:
        if character == '"':
            quoted = quoted or not word
            inside = not inside
        elif character.isspace() and not inside:
            if word:
                words.append((word, quoted))
            word, quoted = "", False
        else:
            word += character
    return [*words, (word, quoted)] if word else words


def _unknown_key(key: str) -> str:
    names = {**dict.fromkeys(KEYS, ""), **_ALIASES}
    near = difflib.get_close_matches(key.lower(), names, n=1, cutoff=_CUTOFF)
    hint = f"did you mean {near[0]}:?" if near else f"there are {', '.join(KEYS)}"
    return f"there is no {key}: — {hint}"


def _spelled_out(key: str, values: tuple[str, ...], known: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Values completed from their beginnings, and what is wrong with the others."""
    found: list[str] = []
    problems: list[str] = []
    for value in values:
        full = [name for name in known if name.startswith(value.lower())]
        if full:
            found += [value.lower()] if value.lower() in full else full
            continue
        near = difflib.get_close_matches(value.lower(), known, n=1, cutoff=_CUTOFF)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        problems.append(f"{key}: knows no {value} — {hint}")
    return tuple(dict.fromkeys(found)), problems
