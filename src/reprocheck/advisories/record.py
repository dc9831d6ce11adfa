"""One advisory in the Open Source Vulnerability schema (https://ossf.github.io/osv-schema/), as YAML or JSON.

Records are read as data of strangers: sizes, counts and depth are bounded, and what is malformed is a problem value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reprocheck.advisories.cvss import rating_of
from reprocheck.advisories.plain_yaml import PlainYamlError, read_plain
from reprocheck.model.audit import Rating

RECORD_LIMIT: Final = 4 << 20
"""Bytes beyond which a file is not taken for an advisory."""
_ITEMS_LIMIT: Final = 200_000
"""Values looked at in one record, aliases of YAML counted each time."""
_TEXT_LIMIT: Final = 300
_ECOSYSTEM: Final = "pypi"
_KEPT_EVENTS: Final = ("introduced", "fixed", "last_affected")


class Event(msgspec.Struct, frozen=True, array_like=True):
    """A point of a range: where it begins, or ends."""

    kind: str
    """`introduced`, `fixed` (this version has it no more) or `last_affected` (this one still has it)."""
    version: str
    """`0` stands for before all versions."""


class Affected(msgspec.Struct, frozen=True, array_like=True):
    """Which versions of one package have a vulnerability."""

    package: str
    """Normalised name."""
    ranges: tuple[tuple[Event, ...], ...] = ()
    versions: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An advisory as far as an audit needs it."""

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    rating: Rating = Rating.UNKNOWN
    modified: str = ""
    """ISO date and time."""
    withdrawn: bool = False
    affected: tuple[Affected, ...] = ()
    """Packages of PyPI only."""
    problems: tuple[str, ...] = ()
    """What of it could not be read."""


class RecordError(Exception):
    """A file is no advisory; the message says why."""


def read_record(name: str, data: bytes) -> Record:
    """Read one file; raises RecordError."""
    if len(data) > RECORD_LIMIT:
        raise RecordError(f"is larger than {RECORD_LIMIT >> 20} MiB")
    return _record(_Budget(), _parsed(name, data))


def _parsed(name: str, data: bytes) -> object:
    try:
        if name.lower().endswith(".json"):
            return msgspec.json.decode(data)
        return read_plain(data.decode("utf-8"))
    except (msgspec.DecodeError, PlainYamlError, ValueError) as error:
        raise RecordError(f"cannot be parsed: {' '.join(str(error).split())[:_TEXT_LIMIT]}") from None
    except RecursionError:
        raise RecordError("is nested too deeply") from None


class _Budget:
    """Counts what is looked at, so that a small file can't stand for a huge one."""

    def __init__(self) -> None:
        self._left = _ITEMS_LIMIT

    def items(self, value: object) -> Iterator[object]:
        """Items of a list; none of what is no list."""
        if not isinstance(value, list):
            return
        self._left -= len(value)
        if self._left < 0:
            raise RecordError(f"has more than {_ITEMS_LIMIT:,} values")
        yield from value


def _record(budget: _Budget, root: object) -> Record:
    if not isinstance(root, dict):
        raise RecordError("is no table")
    name = _text(root.get("id"))
    if not name:
        raise RecordError("has no id")
    problems: list[str] = []
    affected = [
        found for item in budget.items(root.get("affected")) if (found := _affected(budget, item, problems)) is not None
    ]
    summary = _text(root.get("summary")) or _text(root.get("details"))
    return Record(
        id=name[:_TEXT_LIMIT],
        aliases=tuple(
            sorted({text[:_TEXT_LIMIT] for item in budget.items(root.get("aliases")) if (text := _text(item))})
        ),
        summary=_one_line(summary),
        rating=_rating(budget, root),
        modified=_text(root.get("modified"))[:40],
        withdrawn=bool(_text(root.get("withdrawn"))),
        affected=tuple(_merged(affected)),
        problems=tuple(problems),
    )


def _merged(affected: Iterable[Affected]) -> Iterator[Affected]:
    """One entry for each package: records may say of one in several entries."""
    by_package: dict[str, list[Affected]] = {}
    for item in affected:
        by_package.setdefault(item.package, []).append(item)
    for package, items in by_package.items():
        yield Affected(
            package,
            tuple(events for item in items for events in item.ranges),
            tuple(sorted({version for item in items for version in item.versions})),
        )


def _affected(budget: _Budget, item: object, problems: list[str]) -> Affected | None:
    if not isinstance(item, dict) or not isinstance(package := item.get("package"), dict):
        return None
    name = _text(package.get("name"))
    if not name or _text(package.get("ecosystem")).lower() != _ECOSYSTEM:
        return None
    ranges = []
    for found in budget.items(item.get("ranges")):
        if isinstance(found, dict) and _text(found.get("type")).upper() == "ECOSYSTEM":
            events = tuple(_events(budget, found, problems))
            if events:
                ranges.append(events)
    versions = tuple(sorted({_normal(text) for value in budget.items(item.get("versions")) if (text := _text(value))}))
    return Affected(canonicalize_name(name[:_TEXT_LIMIT]), tuple(ranges), versions)


def _events(budget: _Budget, found: dict[object, object], problems: list[str]) -> Iterator[Event]:
    for event in budget.items(found.get("events")):
        for kind in _KEPT_EVENTS:
            version = _text(event.get(kind)) if isinstance(event, dict) else ""
            if not version:
                continue
            if _is_version(version):
                yield Event(kind, version)
            else:
                problems.append(f"{kind} {version[:60]!r} is no version")


def _rating(budget: _Budget, root: dict[object, object]) -> Rating:
    """The rating that the advisory states, else the one of its CVSS 3 vector."""
    specific = root.get("database_specific")
    stated = _text(specific.get("severity")).lower() if isinstance(specific, dict) else ""
    if stated == "moderate":
        return Rating.MEDIUM
    if stated in {rating.value for rating in Rating}:
        return Rating(stated)
    levels = [*budget.items(root.get("severity"))]
    for item in budget.items(root.get("affected")):
        if isinstance(item, dict):
            levels += budget.items(item.get("severity"))
    return _worst(rating_of(_text(level.get("score"))) for level in levels if isinstance(level, dict))


def _worst(ratings: Iterable[Rating]) -> Rating:
    known = [rating for rating in ratings if rating is not Rating.UNKNOWN]
    return min(known, key=lambda rating: rating.rank, default=Rating.UNKNOWN)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    words = " ".join(text[: 4 * _TEXT_LIMIT].split())
    return words if len(words) <= _TEXT_LIMIT else words[: _TEXT_LIMIT - 1].rstrip() + "…"


def _is_version(text: str) -> bool:
    return text == "0" or _parse(text) is not None


def _normal(text: str) -> str:
    version = _parse(text)
    return text[:_TEXT_LIMIT] if version is None else str(version)


def _parse(text: str) -> Version | None:
    if len(text) > 100:  # noqa: PLR2004 — the longest of PyPI's versions have half of that
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None
