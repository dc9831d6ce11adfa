"""What advisory databases say of the packages that a project declares."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import Place


class Rating(StrEnum):
    """How bad a vulnerability is, as its advisory says; CVSS 3 base scores are rated as FIRST does."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for the worst; unknown stands between high and medium, since it may be either."""
        return _RANK[self]


_RANK = {
    rating: rank
    for rank, rating in enumerate((Rating.CRITICAL, Rating.HIGH, Rating.UNKNOWN, Rating.MEDIUM, Rating.LOW))
}


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """One known vulnerability of one version of a package."""

    id: str
    aliases: tuple[str, ...] = ()
    """Other names of the same vulnerability, sorted."""
    summary: str = ""
    """One line."""
    rating: Rating = Rating.UNKNOWN
    fixed: tuple[str, ...] = ()
    """Versions above the audited one that don't have it, in order; empty when none is known."""

    @property
    def name(self) -> str:
        """The name that most readers know: the CVE where there is one."""
        return next((name for name in (self.id, *self.aliases) if name.startswith("CVE-")), self.id)


class AdvisorySource(msgspec.Struct, frozen=True, kw_only=True):
    """Where advisories come from."""

    kind: str
    """`database` for a local one, `online` for a service."""
    name: str
    """What was read: an address, or the name of the folder or archive."""
    commit: str = ""
    """Commit of what was read, where it says one."""
    date: str = ""
    """ISO date: of the commit, of the newest record where there is no commit, of the question to a service."""
    records: int = 0
    """Advisories in a local database that apply; 0 for a service."""
    digest: str = ""
    """Digest over the records of a local database: equal for equal content, whatever it was read from."""


class Vulnerable(msgspec.Struct, frozen=True, kw_only=True):
    """A declared version with known vulnerabilities."""

    package: str
    version: str
    place: Place
    advisories: tuple[Advisory, ...]
    """Worst first."""
    safe: str = ""
    """The lowest later version that has none of them; empty when one has no known fix."""


class Unaudited(msgspec.Struct, frozen=True, kw_only=True):
    """A declared package that could not be looked up."""

    package: str
    reason: str
    place: Place


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one audit; silence about a package means that it was looked up and nothing is known."""

    source: AdvisorySource
    audited: int
    """Packages at exact versions that were looked up, each version once."""
    vulnerable: tuple[Vulnerable, ...] = ()
    unaudited: tuple[Unaudited, ...] = ()
