"""Adds what the agent saw of files: lines of Python, the order of listings, and all uses where nobody else looked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic_ns, time_ns

import msgspec

from reprocheck.capture.hashing import Digest, Unsteady, digest_of
from reprocheck.capture.journal_lines import Event, journal_files
from reprocheck.capture.observations import place_of
from reprocheck.capture.regions import DATA, Regions
from reprocheck.capture.symlinks import MOST, is_older, links_on
from reprocheck.model.record import CodePlace, FailedOpen, FileRole, FileUse, FileUses, Gap, Listing, SymbolicLink

_CODE = (".py", ".ipynb", ".sh", ".so")


def with_agent(files: FileUses, journal: Path, root: Path) -> FileUses:
    """The same uses with their first line of Python; where `files` is incomplete, with those the agent alone saw."""
    seen = _Seen(str(root.resolve()))
    for event in _events(journal):
        seen.take(event)
    uses = [msgspec.structs.replace(use, place=seen.places.get(use.path)) for use in files.uses]
    failed = list(files.failed_opens)
    gaps = list(files.gaps)
    links = {link.path: link for link in files.links}
    if not files.complete:
        known = {use.path for use in uses} | {one.path for one in failed}
        alone = [use for use in seen.alone() if use.path not in known]
        uses += [use for use in alone if isinstance(use, FileUse)]
        links = seen.older_links(began(journal)) | links
        failed += [one for one in alone if isinstance(one, FailedOpen)]
        if alone:
            reason = "some files are known from inside Python only"
            gaps.append(Gap("files", reason, "Their content is that of the end of the run; native code was not seen"))
    listings = {listing.path: listing for listing in files.listings} | seen.listings
    return msgspec.structs.replace(
        files,
        uses=tuple(sorted(uses, key=lambda use: use.path)),
        listings=tuple(listings[path] for path in sorted(listings)),
        failed_opens=tuple(
            sorted(
                (msgspec.structs.replace(one, place=seen.places.get(one.path)) for one in failed),
                key=lambda one: (one.path, one.error),
            )
        ),
        connections=tuple(
            msgspec.structs.replace(one, place=seen.addresses.get((one.address, one.port))) for one in files.connections
        ),
        links=tuple(sorted(links.values())),
        gaps=tuple(sorted(gaps)),
    )


def began(journal: Path) -> int:
    """When the first process with an agent began, by the wall clock in nanoseconds; now where there was none."""
    times = (event.get("time") for file in journal_files(journal) for event in file.events[:1])
    return time_ns() - monotonic_ns() + min((time for time in times if isinstance(time, int)), default=monotonic_ns())


def _events(journal: Path) -> Iterable[Event]:
    """All processes' events, earliest first."""

    def time(event: Event) -> int:
        value = event.get("time")
        return value if isinstance(value, int) else 0

    return sorted((event for file in journal_files(journal) for event in file.events), key=time)


class _Seen:
    """What the agent's events say of files."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._regions = Regions(root)
        self.places: dict[str, CodePlace] = {}
        self.listings: dict[str, Listing] = {}
        self.addresses: dict[tuple[str, int], CodePlace] = {}
        self.links: dict[str, SymbolicLink] = {}
        self._uses: dict[str, dict[str, set[int]]] = {}
        """Processes by kind of use, by absolute path."""
        self._from: dict[str, str] = {}
        self._folders: dict[str, str] = {}

    def _true(self, path: str) -> str:
        """The path with links followed; a folder is asked once, as thousands of files lie in a few of them."""
        folder, _, name = path.rpartition("/")
        if not folder or name in {"", ".", ".."} or os.path.islink(path):  # noqa: PTH114 — thousands of them
            return self._followed(path)
        if folder not in self._folders:
            self._folders[folder] = self._followed(folder).rstrip("/")
        return f"{self._folders[folder]}/{name}"

    def _followed(self, path: str) -> str:
        found = os.path.realpath(path)
        if found != path:
            for place, text in links_on(path):
                name = self._spelled(place)
                if len(self.links) < MOST and name not in self.links and self._regions.of(f"{place}/") == DATA:
                    self.links[name] = SymbolicLink(path=name, target=text)
        return found

    def older_links(self, began: int) -> dict[str, SymbolicLink]:
        """Links that were there before; Python says of none that it is made."""
        root = Path(self._root)
        return {path: link for path, link in self.links.items() if is_older(root / path, began)}

    def take(self, event: Event) -> None:
        """The next event."""
        place = place_of(event)
        path = event.get("path")
        match event["event"]:
            case "start":
                for key in ("prefix", "base_prefix"):
                    if isinstance(prefix := event.get(key), str):
                        self._regions.add(prefix)
            case "file" if isinstance(path, str):
                self._file(event, self._true(path), place)
            case "listing" if isinstance(path, str):
                self._listing(event, self._followed(path), place)
            case "connect" if place is not None:
                port = event.get("port")
                address = str(event.get("address", "")), port if isinstance(port, int) else 0
                self.addresses.setdefault(address, place)

    def _listing(self, event: Event, path: str, place: CodePlace | None) -> None:
        """A folder of the data: what the kernel makes up in `/proc` is never the same twice."""
        if self._regions.of(f"{path}/") != DATA:
            return
        name, entries, order = self._spelled(path), event.get("entries"), event.get("order")
        self.listings.setdefault(
            name,
            Listing(
                path=name,
                entries=entries if isinstance(entries, int) else -1,
                order=order if isinstance(order, str) else "",
                place=place,
            ),
        )

    def _file(self, event: Event, path: str, place: CodePlace | None) -> None:
        if place is not None:
            self.places.setdefault(self._spelled(path), place)
        pid, use, other = event.get("pid"), event.get("use"), event.get("other")
        pids = self._uses.setdefault(path, {}).setdefault(str(use), set())
        if isinstance(pid, int):
            pids.add(pid)
        if use == "rename" and isinstance(other, str):
            self._from[path] = os.path.realpath(other)

    def alone(self) -> Iterator[FileUse | FailedOpen]:
        """All uses by the agent's account, with what the files hold now."""
        moved = {*self._from.values()}
        for path, uses in self._uses.items():
            if self._regions.of(path) != DATA or "load" in uses:
                continue
            digest = _digest(path, sha256="write" in uses or "rename" in uses)
            if digest is None:
                if not os.path.lexists(path) and not uses.keys() - {"read"}:
                    yield FailedOpen(path=self._spelled(path), error="ENOENT")
                elif not os.path.lexists(path) and path not in moved:
                    yield self._use(path, FileRole.TEMPORARY if "write" in uses else FileRole.DELETED, None)
            elif uses.keys() == {"read"}:
                yield self._use(path, FileRole.CODE if path.endswith(_CODE) else FileRole.INPUT, digest)
            elif "rename" in uses:
                yield self._use(path, FileRole.RENAMED, digest)
            else:
                first = next(iter(uses))
                yield self._use(path, FileRole.READ_THEN_WRITTEN if first == "read" else FileRole.OUTPUT, digest)

    def _use(self, path: str, role: FileRole, digest: Digest | None) -> FileUse:
        unchanged = role in {FileRole.INPUT, FileRole.CODE}
        now = digest.blake3 if digest is not None else None
        return FileUse(
            path=self._spelled(path),
            role=role,
            before=now if unchanged else None,
            after=now,
            sha256=digest.sha256 or None if digest is not None else None,
            size_before=digest.size if digest is not None and unchanged else None,
            size=digest.size if digest is not None else None,
            renamed_from=self._spelled(self._from[path]) if role is FileRole.RENAMED and path in self._from else "",
            processes=tuple(sorted(pid for pids in self._uses[path].values() for pid in pids)),
            place=self.places.get(self._spelled(path)),
        )

    def _spelled(self, path: str) -> str:
        if path == self._root:
            return "."
        return os.fsencode(path.removeprefix(f"{self._root}/")).decode("utf-8", "backslashreplace")


def _digest(path: str, *, sha256: bool) -> Digest | None:
    try:
        return digest_of(path, sha256=sha256)
    except (OSError, Unsteady, ValueError):
        return None
