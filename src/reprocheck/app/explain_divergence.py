"""From a difference to the findings that may explain it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from reprocheck.model.record import CodePlace, Record
from reprocheck.model.replay import Replay

_NEAR = 3
"""Lines between a place that was seen at work and a finding about it."""
_AT_PLACE, _NAMED, _KIND = 4, 2, 1
"""What it counts that a finding stands where it happened, names what happened, is of a family that is about it."""


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """Something that went another way, and what a finding about it would look like."""

    what: str
    """For a person."""
    families: frozenset[str] = frozenset()
    """Rules that are about such things."""
    words: frozenset[str] = frozenset()
    """In lower case; messages that name one of them are nearer."""
    places: tuple[CodePlace, ...] = ()
    """Lines that did it."""


class Seen(msgspec.Struct, frozen=True):
    """A finding, as far as it is compared with leads."""

    code: str
    path: str
    line: int
    message: str


class Explanation(msgspec.Struct, frozen=True):
    """One finding, and what it may explain."""

    index: int
    """Number of the finding."""
    weight: int
    """The more, the nearer."""
    what: tuple[str, ...]


def leads(replay: Replay, record: Record) -> tuple[Lead, ...]:
    """What the repetitions of a replay saw go another way."""
    found: dict[str, Lead] = {}
    for repetition in replay.repetitions:
        for suspect in repetition.suspects:
            found.setdefault(suspect.what, _lead(suspect.what, record))
        if repetition.trace is not None:
            what = f"step {repetition.trace.step}: {repetition.trace.what}"
            found.setdefault(what, _of_trace(what, repetition.trace.what, record))
    return tuple(found.values())


def explaining(findings: Iterable[Seen], followed: Sequence[Lead]) -> tuple[Explanation, ...]:
    """Findings that at least one lead points to, the nearest first."""
    found = []
    for index, finding in enumerate(findings):
        weights = [(_weight(finding, lead), lead.what) for lead in followed]
        best = max((weight for weight, _ in weights), default=0)
        if best:
            found.append(Explanation(index, best, tuple(what for weight, what in weights if weight)))
    return tuple(sorted(found, key=lambda explanation: (-explanation.weight, explanation.index)))


def _weight(finding: Seen, lead: Lead) -> int:
    kind = finding.code.rstrip("0123456789") in lead.families
    if not kind:
        return 0
    at = any(place.path == finding.path and abs(place.line - finding.line) <= _NEAR for place in lead.places)
    message = finding.message.lower()
    named = any(word in message for word in lead.words)
    return _KIND + _AT_PLACE * at + _NAMED * named


def _lead(what: str, record: Record) -> Lead:
    """A suspect, spelled as `replay.suspects` does."""
    kind, _, rest = what.partition(" ")
    seen = record.observations
    match kind:
        case "order" | "names":
            path = rest.removeprefix("of names ").removeprefix("in ")
            places = tuple(x.place for x in record.files.listings if x.path == path and x.place is not None)
            return Lead(what=what, families=frozenset({"DET", "DAT"}), words=_words("listdir", "glob"), places=places)
        case "seed" | "seeder":
            name = rest.removeprefix("of ")
            places = tuple(call.place for call in seen.seeders if call.name == name and call.place is not None)
            return Lead(what=what, families=frozenset({"RNG"}), words=_words(name), places=places)
        case "state":
            generator = rest.removeprefix("of ").removesuffix(" at its first use")
            return Lead(
                what=what, families=frozenset({"RNG"}), words=_words(generator), places=_draws(record, generator)
            )
        case "hash":
            return Lead(what=what, families=frozenset({"RNG"}), words=_words("each process"))
        case "package":
            return Lead(what=what, families=frozenset({"ENV"}), words=_words(rest))
        case "files":
            places = tuple(use.place for use in record.files.uses if use.path == rest and use.place is not None)
            name = rest.rpartition("/")[2]
            return Lead(what=what, families=frozenset({"DAT", "ART", "ENV"}), words=_words(name), places=places)
    changes = (change.place for flag in seen.flags if flag.name == what for change in flag.changes)
    places = tuple(place for place in changes if place is not None)
    return Lead(what=what, families=frozenset({"DET", "RNG"}), words=_words(what.rpartition(".")[2]), places=places)


def _of_trace(what: str, part: str, record: Record) -> Lead:
    """What parted first in the training steps."""
    if part.startswith("state of "):
        generator = part.removeprefix("state of ")
        return Lead(what=what, families=frozenset({"RNG"}), words=_words(generator), places=_draws(record, generator))
    return Lead(what=what, families=frozenset({"DET", "RNG", "DAT"}))


def _draws(record: Record, generator: str) -> tuple[CodePlace, ...]:
    """Where a generator was first drawn from."""
    states = record.observations.random_states
    return tuple(state.place for state in states if state.generator == generator and state.place is not None)


def _words(*words: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in words if word.strip())
