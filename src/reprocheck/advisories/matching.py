"""Whether a version has a vulnerability, and which later ones don't."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from reprocheck.advisories.record import Affected, Event

_FIRST = Version("0.dev0")


def has_it(affected: Affected, version: Version) -> bool:
    """Whether a version is listed, or lies in one of the ranges. A local part (`+cu121`) names a build of a version."""
    public = Version(version.public)
    return str(public) in affected.versions or any(_inside(events, public) for events in affected.ranges)


def fixes(affected: Affected, version: Version) -> list[Version]:
    """Versions behind `version` at which a range ends, in order, those left out that have it by another range."""
    public = Version(version.public)
    ends = {Version(event.version) for events in affected.ranges for event in events if event.kind == "fixed"}
    return sorted(end for end in ends if end > public and not has_it(affected, end))


def _inside(events: Iterable[Event], version: Version) -> bool:
    """Walk the events in order of their versions: each turns the range on or off.

    After https://ossf.github.io/osv-schema/#evaluation
    """
    inside = False
    for event in sorted(events, key=_order):
        at = _at(event)
        match event.kind:
            case "introduced":
                inside = inside or version >= at
            case "fixed":
                inside = inside and version < at
            case _:
                inside = inside and version <= at
    return inside


def _order(event: Event) -> tuple[Version, bool]:
    """By version; where one range ends and another begins at the same version, it begins again."""
    return _at(event), event.kind == "introduced"


def _at(event: Event) -> Version:
    return _FIRST if event.version == "0" else Version(event.version)
