"""What a run did with files, told from the supervisor's journal and, beside it, the agent's."""

from __future__ import annotations

import ipaddress
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from reprocheck.capture.agent_files import began, with_agent
from reprocheck.capture.ports import DigestCache
from reprocheck.capture.regions import DATA, DEVICES, Regions
from reprocheck.capture.standing_links import is_or_lies_in, with_standing_links
from reprocheck.capture.tracks import Track, Tracks
from reprocheck.model.record import (
    Connection,
    FailedOpen,
    FileRole,
    FileUse,
    FileUses,
    Gap,
    Listing,
    SymbolicLink,
)

_CHANNEL = "files"
_CODE = frozenset(
    (".py", ".pyc", ".pyw", ".so", ".sh", ".bash", ".ipynb", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".pyx")
)
_LOG = re.compile(r"(?:\.log(?:\.\d+)?|/events\.out\.tfevents\.[^/]*|/nohup\.out)$")
_CACHE = re.compile(
    r"/__pycache__/|/\.cache/(?:matplotlib|fontconfig|pip|uv|torch/kernels|torch_extensions)/|/\.triton/|"
    r"/torchinductor_[^/]*/|\.nb[ic]$|/\.ipynb_checkpoints/|/\.(?:pytest|mypy|ruff)_cache/"
)
_PROCESS = re.compile(r"^/proc/\d+")
_NAMES = 53
_FOLDERS = 10_000


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `files.jsonl` or `launch.jsonl`; `event` decides which fields are set (docs/internals/capture.md)."""

    event: str
    time: int = 0
    pid: int = 0
    started: int = 0
    path: str = ""
    how: str = ""
    kind: str = "file"
    existed: bool = True
    exchanged: bool = False
    bytecode: bool = False
    size: int | None = None
    to: str = ""
    source: str = msgspec.field(default="", name="from")
    target: str = ""
    error: str = ""
    blake3: str = ""
    sha256: str = ""
    stored: bool = False
    status: tuple[int, ...] = ()
    missing: bool = False
    unchanged: bool = False
    family: str = ""
    address: str = ""
    port: int = 0
    number: int = 0
    prefix: str = ""
    root: str = ""
    reason: str = ""
    consequence: str = ""
    unseen: bool = False
    alive: int = 0
    lost: int = 0


def events(path: Path) -> Iterator[Event | None]:
    """The events of one journal file; None for a line that can't be read (torn by a crash or a full disk)."""
    decoder = msgspec.json.Decoder(Event)
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for line in file:
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                if line.strip():
                    yield None


def file_uses(journal: Path, *, root: Path, environment_prefixes: Sequence[Path] = ()) -> FileUses:
    """Classify what `journal` says; without the supervisor's part the answer is incomplete."""
    reader = _Reader(root, environment_prefixes)
    for event in events(journal / "files.jsonl"):
        reader.take(event)
    for event in events(journal / "launch.jsonl"):
        reader.from_launcher(event)
    files = with_agent(reader.uses(), journal, root)
    return with_standing_links(files, root, reader.made, None if files.complete else began(journal))


def remember(journal: Path, cache: DigestCache) -> None:
    """Hand the digests of inputs that are still as the run found them to the cache, so that none is taken twice."""
    for event in events(journal / "files.jsonl"):
        if event is not None and event.event == "before" and event.status:
            try:
                stat = Path(event.path).stat()
            except (OSError, ValueError):
                continue
            if (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) == event.status:
                cache.put(stat, event.blake3)


class _Reader:
    """Goes through the events in order."""

    def __init__(self, root: Path, prefixes: Sequence[Path]) -> None:
        self._root = str(root.resolve())
        self._regions = Regions(self._root, map(str, prefixes))
        self._tracks = Tracks()
        self._plain: dict[str, FileRole] = {}
        self._listings: set[str] = set()
        self._links: dict[str, str] = {}
        self._made: set[str] = set()
        """Names that came by links and renames; a folder with all that is in it."""
        self._fresh: dict[str, bool] = {}
        """Folders under the root that came or went, and whether they came first."""
        self._failed: set[FailedOpen] = set()
        self._connections: dict[tuple[str, str, int], set[int]] = {}
        self._gaps: set[Gap] = set()
        self._bytecode = ""
        self._torn = 0
        self._started = self._ended = False
        self._whole = True

    @property
    def made(self) -> frozenset[str]:
        """Absolute paths that came by links and renames."""
        return frozenset(self._made)

    def take(self, event: Event | None) -> None:
        """The next event; None for a line that can't be read."""
        if event is None:
            self._torn += 1
            return
        if event.path.startswith(DEVICES):
            self._plain[event.path] = FileRole.DEVICE
            return
        match event.event:
            case "open":
                self._open(event)
            case "execute":
                self._executed(event)
            case "descriptor":
                self._descriptor(event)
            case "rename" | "unlink" | "link" | "symlink" | "mkdir" | "rmdir":
                self._name(event)
            case "through":
                self._came_through(event.path, event.target)
            case "before":
                self._tracks.at(event.path).found(event.blake3, event.size, stored=event.stored)
            case "after":
                self._tracks.at(event.path).left(event)
            case "failed":
                if self._regions.of(event.path) == DATA:
                    self._failed.add(FailedOpen(path=self._spelled(event.path), error=event.error))
            case "connect":
                key = event.family, event.address, event.port
                self._connections.setdefault(key, set()).add(event.pid)
            case _:
                self._about_itself(event)

    def _name(self, event: Event) -> None:
        """A name comes, goes or moves."""
        match event.event:
            case "rename":
                self._tracks.rename(event.path, event.to, event.pid, event)
                self._made.add(event.to)
                if event.kind == "directory":
                    self._folder(event.path, comes=False)
                    self._folder(event.to, comes=not event.existed)
            case "unlink" if event.kind == "file":
                self._tracks.at(event.path).unlink(event.pid)
            case "link" | "symlink":
                self._tracks.at(event.path).create(event.pid)
                self._made.add(event.path)
            case "mkdir" | "rmdir":
                self._folder(event.path, comes=event.event == "mkdir")

    def _folder(self, path: str, *, comes: bool) -> None:
        if path.startswith(f"{self._root}/") and self._regions.of(f"{path}/") == DATA and len(self._fresh) < _FOLDERS:
            self._fresh.setdefault(path, comes)

    def _about_itself(self, event: Event) -> None:
        """What the supervisor says of its own work."""
        match event.event:
            case "environment":
                self._regions.add(event.prefix)
            case "bytecode":
                self._bytecode = f"{event.prefix}/"
            case "gap":
                self._gaps.add(Gap(_CHANNEL, event.reason, event.consequence))
                self._whole = self._whole and not event.unseen
            case "start":
                self._started = True
            case "end":
                self._ended = True
                self._whole = self._whole and not event.alive and not event.lost

    def from_launcher(self, event: Event | None) -> None:
        """The supervisor can't say that it died."""
        if event is not None and event.event == "supervisor-died":
            self._whole = False
            reason = "the supervisor was killed while the command ran"
            self._gaps.add(Gap(_CHANNEL, reason, "Files used after that are known as far as the agent saw them"))

    def _open(self, event: Event) -> None:
        if event.kind == "directory":
            if self._regions.of(event.path) == DATA:
                self._listings.add(event.path)
        elif event.kind == "device":
            self._plain[event.path] = FileRole.DEVICE
        else:
            region = self._regions.of(event.path)
            if region == DATA:
                self._tracks.at(event.path).open(event)
            else:
                self._plain[event.path] = FileRole.ENVIRONMENT

    def _came_through(self, path: str, target: str) -> None:
        """A symbolic link that a name led through; those that the run made are its own work."""
        if self._regions.of(f"{path}/") == DATA and not is_or_lies_in(path, self._made):
            self._links.setdefault(path, target)

    def _executed(self, event: Event) -> None:
        if self._regions.of(event.path) == DATA:
            self._tracks.at(event.path).executed(event.pid)
        else:
            self._plain[event.path] = FileRole.ENVIRONMENT

    def _descriptor(self, event: Event) -> None:
        track = self._tracks.at(event.path)
        track.descriptor(event.how, event.size, log=event.number in (1, 2))

    def _spelled(self, path: str) -> str:
        """Relative to the root where it lies under it, as text that UTF-8 can hold."""
        if path == self._root:
            path = "."
        elif path.startswith(self._root + "/"):
            path = path[len(self._root) + 1 :]
        return os.fsencode(path).decode("utf-8", "backslashreplace")

    def uses(self) -> FileUses:
        """Everything, once all events are in."""
        if self._torn:
            reason = f"{self._torn} lines of the supervisor's journal cannot be read"
            self._gaps.add(Gap(_CHANNEL, reason, "Some files that the command used are not known"))
        complete = self._started and self._ended and self._whole and not self._torn
        if self._started and not self._ended:
            reason = "the supervisor's journal has no end"
            self._gaps.add(Gap(_CHANNEL, reason, "Later uses of files and the content of outputs are not known"))
        uses = [*self._data_uses(), *self._plain_uses()]
        connections = self._connected()
        return FileUses(
            uses=tuple(sorted(uses, key=lambda use: use.path)),
            listings=tuple(Listing(path=self._spelled(path), entries=-1) for path in sorted(self._listings)),
            connections=connections,
            failed_opens=tuple(sorted(self._failed, key=lambda failed: (failed.path, failed.error))),
            links=tuple(
                sorted(SymbolicLink(path=self._spelled(path), target=text) for path, text in self._links.items())
            ),
            new_folders=tuple(sorted(self._spelled(path) for path, new in self._fresh.items() if new)),
            complete=complete,
            gaps=tuple(sorted({*self._gaps, *_downloads(connections)})),
        )

    def _plain_uses(self) -> Iterator[FileUse]:
        names = {_PROCESS.sub("/proc/self", path): role for path, role in self._plain.items()}
        for path, role in names.items():
            yield FileUse(path=self._spelled(path), role=role)

    def _data_uses(self) -> Iterator[FileUse]:
        temporary = tuple(
            f"{folder.rstrip('/')}/"
            for folder in ("/tmp", "/var/tmp", tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir()))  # noqa: S108 -- names, nothing is made there
        )
        for path, track in self._tracks.items():
            cache = _CACHE.search(path) is not None or bool(self._bytecode and path.startswith(self._bytecode))
            passing = path.startswith(temporary) and not path.startswith(self._root + "/")
            role = _role(path, track, temporary=passing, cache=cache)
            if role is None or (role is FileRole.CODE and self._has_source(path)):
                continue
            yield FileUse(
                path=self._spelled(path),
                role=role,
                before=track.before or None,
                after=track.after or (track.before or None if not track.wrote else None),
                sha256=track.sha256 or None,
                size_before=track.size_before,
                size=track.size if track.wrote else track.size_before,
                stored=(track.before,) if track.stored else (),
                renamed_from=self._spelled(track.renamed_from) if role is FileRole.RENAMED else "",
                processes=tuple(sorted(track.pids)),
            )

    def _has_source(self, path: str) -> bool:
        """Whether it is bytecode whose source is known as well."""
        folder, _, name = path.rpartition("/__pycache__/")
        return name.endswith(".pyc") and f"{folder}/{name.partition('.')[0]}.py" in self._tracks

    def _connected(self) -> tuple[Connection, ...]:
        return tuple(
            sorted(
                Connection(
                    family=family,
                    address=os.fsencode(address).decode("utf-8", "backslashreplace"),
                    port=port,
                    processes=tuple(sorted(pids)),
                )
                for (family, address, port), pids in self._connections.items()
            )
        )


def _role(path: str, track: Track, *, temporary: bool, cache: bool) -> FileRole | None:
    """What the file was to the run; None for one that was only looked for."""
    if not track.wrote:
        if not track.read and not track.ran:
            return None
        code = track.ran or PurePosixPath(path).suffix in _CODE or ".so." in path
        return FileRole.CODE if code else FileRole.INPUT
    if track.gone:
        return FileRole.TEMPORARY if track.fresh else FileRole.DELETED
    if cache or (temporary and track.fresh and not track.log):
        return FileRole.TEMPORARY
    if track.log or _LOG.search(path):
        return FileRole.LOG
    if track.read:
        return FileRole.READ_THEN_WRITTEN
    if track.renamed_from:
        return FileRole.RENAMED
    return FileRole.APPENDED if track.appended and not track.fresh else FileRole.OUTPUT


def _downloads(connections: Iterable[Connection]) -> Iterator[Gap]:
    for connection in connections:
        if connection.family != "unix" and connection.port not in (0, _NAMES):
            address = ipaddress.ip_address(connection.address)
            mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
            if not (mapped or address).is_loopback:
                reason = f"the run connected to {connection.address} port {connection.port}"
                yield Gap(_CHANNEL, reason, "What it received from there is an input that no record holds")
