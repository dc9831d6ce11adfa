"""Looks packages up in a source of advisories, and puts together what several advisories say of one vulnerability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec
from packaging.version import Version

from reprocheck.model.audit import Advisory, AdvisorySource, Rating


class Answers(Protocol):
    """Something that can be asked for the advisories of a version."""

    @property
    def source(self) -> AdvisorySource:
        """What stands in every report."""
        ...

    def advisories(self, package: str, version: Version) -> list[Advisory]:
        """What is known of one version; raises NotAnsweredError where that can't be told."""
        ...


class NotAnsweredError(Exception):
    """A package could not be looked up; the message says why."""


class Pinned(msgspec.Struct, frozen=True, order=True):
    """A package at an exact version."""

    package: str
    """Normalised name."""
    version: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of a version."""

    advisories: tuple[Advisory, ...] = ()
    """Worst first, each vulnerability once."""
    safe: str = ""
    """The lowest later version that has none of them; empty when one has no known fix."""
    failure: str = ""
    """Why the package could not be looked up; the rest is empty then."""


def ask(answers: Answers, pinned: Pinned) -> Answer:
    """Look one version up; raises AdvisoryError where the whole source fails."""
    try:
        found = answers.advisories(pinned.package, Version(pinned.version))
    except NotAnsweredError as error:
        return Answer(failure=str(error))
    merged = sorted(_merged(found), key=lambda advisory: (advisory.rating.rank, advisory.name))
    return Answer(advisories=tuple(merged), safe=_safe(merged))


def _merged(advisories: Iterable[Advisory]) -> list[Advisory]:
    """One advisory for all that share a name: databases repeat each other under names of their own."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in advisories:
        names, members = {advisory.id, *advisory.aliases}, [advisory]
        apart = []
        for group in groups:
            if names.isdisjoint(group[0]):
                apart.append(group)
            else:
                names |= group[0]
                members = [*group[1], *members]
        groups = [*apart, (names, members)]
    return [_one(names, members) for names, members in groups]


def _one(names: set[str], members: list[Advisory]) -> Advisory:
    first = min(members, key=lambda advisory: (not advisory.id.startswith("PYSEC-"), advisory.id))
    rated = [advisory.rating for advisory in members if advisory.rating is not Rating.UNKNOWN]
    return Advisory(
        id=first.id,
        aliases=tuple(sorted(names - {first.id})),
        summary=next((advisory.summary for advisory in (first, *members) if advisory.summary), ""),
        rating=min(rated, key=lambda rating: rating.rank, default=Rating.UNKNOWN),
        fixed=_common(members),
    )


def _common(members: list[Advisory]) -> tuple[str, ...]:
    """The latest of what each advisory calls the first fix, and what is later still: the careful reading of all."""
    if not all(advisory.fixed for advisory in members):
        return next((advisory.fixed for advisory in members if advisory.fixed), ())
    least = max(Version(advisory.fixed[0]) for advisory in members)
    every = {Version(version) for advisory in members for version in advisory.fixed}
    return tuple(str(version) for version in sorted(every) if version >= least)


def _safe(advisories: list[Advisory]) -> str:
    if not advisories or not all(advisory.fixed for advisory in advisories):
        return ""
    return str(max(Version(advisory.fixed[0]) for advisory in advisories))
