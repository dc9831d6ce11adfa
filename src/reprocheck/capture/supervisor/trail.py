"""Writes down which symbolic links the command came through: a record names files by where they truly lie."""

from __future__ import annotations

from reprocheck.capture.regions import DATA, Regions
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.symlinks import MOST, links_on


class Trail:
    """Links of the data, each once, as it said when the command first came through it."""

    def __init__(self, journal: Journal, regions: Regions) -> None:
        self._journal = journal
        self._regions = regions
        self._paths: set[str] = set()
        self._links: set[str] = set()

    def follow(self, path: str) -> None:
        """Note the links on an absolute path that has some; what lies in the environment is left alone."""
        if path in self._paths or len(self._links) > MOST or self._regions.of(f"{path}/") != DATA:
            return
        if len(self._paths) < MOST:
            self._paths.add(path)
        for place, text in links_on(path):
            # The folder that a link stands for may itself be where the environment begins.
            if place in self._links or self._regions.of(f"{place}/") != DATA:
                continue
            self._links.add(place)
            if len(self._links) > MOST:
                reason = f"the command came through more than {MOST:,} symbolic links"
                self._journal.gap(None, reason, "A replay elsewhere lacks the others")
                return
            self._journal.later("through", None, f'"path":{quoted(place)},"target":{quoted(text)}')

    def forget(self) -> None:
        """Links may have changed: names lead through others, and those that are known stand as they first were."""
        self._paths.clear()
