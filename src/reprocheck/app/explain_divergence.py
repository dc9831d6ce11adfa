"""From a difference to the findings that may explain it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from reprocheck.model.record import INPUT_ROLES, CodePlace, FileRole, Record
from reprocheck.model.replay import Cause, Replay, Suspect

_NEAR = 3
"""Lines between a place that was seen at work and a finding about it."""
_AT_PLACE, _NAMED, _KIND = 4, 2, 1
"""What it counts that a finding stands where it happened, names what happened, is of a family that is about it."""

_FAMILIES: Mapping[Cause, frozenset[str]] = {
    Cause.FILE: frozenset({"DAT", "ART", "ENV"}),
    Cause.ORDER: frozenset({"DET", "DAT"}),
    Cause.NAMES: frozenset({"DET", "DAT"}),
    Cause.PACKAGE: frozenset({"ENV"}),
    Cause.SEED: frozenset({"RNG"}),
    Cause.SEEDING: frozenset({"RNG"}),
    Cause.STATE: frozenset({"RNG"}),
    Cause.SETTING: frozenset({"DET", "RNG"}),
    Cause.HASH_SEED: frozenset({"RNG"}),
    Cause.OTHER: frozenset(),
}
"""Rules that are about such things."""
EXPLAINING = frozenset().union(*_FAMILIES.values())
"""All families whose findings may explain a divergence."""

_SOURCES = frozenset({".py", ".pyw", ".ipynb"})
_GUESSES = 2
"""Findings that are named where none is nearer than its family."""


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
            found.setdefault(suspect.what, _lead(suspect, record))
        if (trace := repetition.trace) is not None:
            what = f"step {trace.step}: {trace.what}"
            found.setdefault(what, _of_trace(what, trace.generator, record))
    return tuple(found.values())


def explaining(findings: Iterable[Seen], followed: Sequence[Lead]) -> tuple[Explanation, ...]:
    """Findings that at least one lead points to, the nearest first."""
    found = []
    for index, finding in enumerate(findings):
        weights = [(_weight(finding, lead), lead.what) for lead in followed]
        best = max((weight for weight, _ in weights), default=0)
        if best:
            # Where something is near, what is only of the same family would be noise.
            least = min(best, _NAMED)
            found.append(Explanation(index, best, tuple(what for weight, what in weights if weight >= least)))
    return tuple(sorted(found, key=lambda explanation: (-explanation.weight, explanation.index)))


def nearest(found: Sequence[Explanation]) -> list[Explanation]:
    """Those that stand where something went another way or name it; where there are none, a few of its family."""
    return [one for one in found if one.weight > _KIND] or list(found[:_GUESSES])


def may_have_run(path: str, record: Record) -> bool:
    """Whether what a finding says of a file can have mattered: source that a run didn't use can't.

    `path` is relative to the run's root. Of a run whose files were not all seen any source may have been used.
    """
    if PurePosixPath(path).suffix not in _SOURCES or not record.files.complete:
        return True
    read = {use.path for use in record.files.uses if use.role is FileRole.CODE or use.role in INPUT_ROLES}
    used = {file.path for file in record.code.files} | read
    return path in used or not any(PurePosixPath(name).suffix in _SOURCES for name in used)


def inside(path: str, prefix: PurePosixPath) -> str:
    """A path of the project as a record of a run below it has it, `prefix` being the run's root in the project."""
    whole = PurePosixPath(path)
    return str(whole.relative_to(prefix)) if whole.is_relative_to(prefix) else path


def _weight(finding: Seen, lead: Lead) -> int:
    kind = finding.code.rstrip("0123456789") in lead.families
    if not kind:
        return 0
    at = any(place.path == finding.path and abs(place.line - finding.line) <= _NEAR for place in lead.places)
    message = finding.message.lower()
    named = any(word in message for word in lead.words)
    return _KIND + _AT_PLACE * at + _NAMED * named


def _lead(suspect: Suspect, record: Record) -> Lead:
    """What a finding about a suspect would look like; one whose kind is not known leads nowhere."""
    name, seen = suspect.name, record.observations
    families = _FAMILIES[suspect.kind]
    words: tuple[str, ...] = (name,)
    places: tuple[CodePlace | None, ...] = ()
    match suspect.kind:
        case Cause.ORDER | Cause.NAMES:
            words = ("listdir", "glob")
            places = tuple(listing.place for listing in record.files.listings if listing.path == name)
        case Cause.SEED:
            places = tuple(call.place for call in seen.seeders if call.name == name)
        case Cause.STATE:
            places = _draws(record, name)
        case Cause.HASH_SEED:
            words = ("each process",)
        case Cause.FILE:
            words = (name.rpartition("/")[2],)
            places = tuple(use.place for use in record.files.uses if use.path == name)
        case Cause.SETTING:
            words = (name.rpartition(".")[2],)
            places = tuple(change.place for flag in seen.flags if flag.name == name for change in flag.changes)
    return _made(suspect.what, families, words, places)


def _of_trace(what: str, generator: str, record: Record) -> Lead:
    """What parted first in the training steps."""
    if generator:
        return _made(what, _FAMILIES[Cause.STATE], (generator,), _draws(record, generator))
    return _made(what, frozenset({"DET", "RNG", "DAT"}), (), ())


def _made(what: str, families: frozenset[str], words: Iterable[str], places: Iterable[CodePlace | None]) -> Lead:
    known = tuple(place for place in places if place is not None)
    return Lead(what=what, families=families, words=frozenset(word.lower() for word in words if word), places=known)


def _draws(record: Record, generator: str) -> tuple[CodePlace | None, ...]:
    """Where a generator was first drawn from."""
    return tuple(state.place for state in record.observations.random_states if state.generator == generator)
