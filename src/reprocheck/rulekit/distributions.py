"""Knowledge as data about distributions: what they install, bring along and have become, and how long releases last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

import msgspec

_COMMON = 2
"""Distributions that bring a package along, from which it is common."""
_OF_SYSTEM = ("-", "lib")
"""How names of conda begin that are libraries of the system."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one distribution."""

    imports: tuple[str, ...] = ()
    """Modules that it installs; empty where this is its own name with underscores. Dotted below a shared package."""
    brings: tuple[str, ...] = ()
    """Distributions that always come along with it."""
    used_by: tuple[str, ...] = ()
    """Modules that use it without any code that names it."""
    tool: bool = False
    """Whether it is run rather than imported."""
    deprecated: str = ""
    """What became of it, as the end of a sentence; empty for one that is kept up."""
    instead: str = ""
    """Distribution to use in its place."""
    placeholder: bool = False
    """Whether it installs nothing but `instead`, or nothing at all."""
    same_versions: bool = False
    """Whether `instead` installs what is meant under the same number."""
    since: str = ""
    """Date from which this holds, as far as it is known."""
    source: str = ""
    """Where this is written."""


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when the releases of one product get updates."""

    checked: str
    """Day on which this was looked up: nothing that ends later is known to have ended."""
    source: str
    versions: dict[str, str]
    """Day, or month, of the last update by release."""

    def ended(self, version: str) -> str | None:
        """When a release, or the one that it belongs to, ended; None when it lasts or isn't known."""
        parts = version.split(".")
        for length in range(len(parts), 0, -1):
            date = self.versions.get(".".join(parts[:length]))
            if date is not None:
                return date if date <= self.checked else None
        return None


class Distributions:
    """All that is known of distributions, by normalised name."""

    def __init__(self, known: Mapping[str, Distribution], brings: Mapping[str, str] = MappingProxyType({})) -> None:
        """Both come from the catalog; `brings` speaks of more distributions than those whose modules are known."""
        self.known = known
        self._brings = brings
        self._brought: dict[frozenset[str], frozenset[str]] = {}

    @cached_property
    def _providers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, entry in self.known.items():
            for module in entry.imports or (name.replace("-", "_"),):
                found.setdefault(module, []).append(name)
        return found

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Packages that several distributions put modules into."""
        return frozenset(module.partition(".")[0] for module in self._providers if "." in module)

    def imports(self, name: str) -> tuple[str, ...]:
        """Modules that a distribution installs; for an unknown one what its name suggests."""
        entry = self.known.get(name)
        return entry.imports if entry is not None and entry.imports else (name.replace("-", "_"),)

    def providers(self, module: str) -> tuple[str, ...]:
        """Distributions that install a module, by the longest part of its dotted name; empty when none is known."""
        while module:
            found = self._providers.get(module)
            if found:
                return tuple(found)
            module = module.rpartition(".")[0]
        return ()

    def is_shared(self, module: str) -> bool:
        """Whether a module lies in a package that several distributions fill (`google`, `azure`)."""
        return module.partition(".")[0] in self._shared

    @cached_property
    def common(self) -> frozenset[str]:
        """What so many distributions bring along that one of unknown contents may do so too."""
        counts = Counter(name for entry in self.known.values() for name in entry.brings)
        wider = Counter(name for brought in self._brings.values() for name in brought.split())
        return frozenset(name for name in {*counts, *wider} if max(counts[name], wider[name]) >= _COMMON)

    def is_known(self, name: str) -> bool:
        """Whether it is known what a distribution installs, or what comes along with it."""
        return name in self.known or name in self._brings or name.startswith(_OF_SYSTEM)

    def brought(self, names: Iterable[str]) -> frozenset[str]:
        """What comes along with distributions, and with that in turn; a name may have an extra: `dask[dataframe]`."""
        asked = frozenset(names)
        found = self._brought.get(asked)
        if found is None:
            found = self._brought[asked] = self._follow(asked)
        return found

    def _follow(self, names: frozenset[str]) -> frozenset[str]:
        seen: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            entry = self.known.get(name)
            brought = {*self._brings.get(name, "").split(), *(entry.brings if entry is not None else ())} - seen
            brought |= {name.partition("[")[0]} - {name} - seen
            seen |= brought
            stack += brought
        return frozenset(seen)


_NORMAL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def misspelled(names: Iterable[str]) -> str | None:
    """The first name that is not normalised, which nothing would ever be found under; None when all are."""
    return next((name for name in names if _NORMAL.fullmatch(name) is None), None)
