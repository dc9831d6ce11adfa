"""Bundles: one file that holds a run with all that it stands on, the same bytes whoever writes it.

A tar archive (POSIX pax) whose entries are sorted, belong to nobody and have no time. `bundle.json` comes first and
lists every other entry with size and BLAKE3; docs/internals/bundle.md describes it.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from blake3 import blake3

from reprocheck.store.errors import StoreError
from reprocheck.store.runs import DIGEST, RECORD, RunFolder, read_record
from reprocheck.store.store import Store
from reprocheck.store.ulid import PATTERN

FORMAT = 1
"""Raised when an older reprocheck would misread a bundle."""
_LIST = "bundle.json"
_LARGEST_LIST = 256 << 20
_CHUNK = 1 << 20
_OBJECT = re.compile(r"objects/([0-9a-f]{64})")
_IN_RUN = re.compile(r"run/((?:[A-Za-z0-9_][\w.-]*/){0,3}[A-Za-z0-9_][\w.-]*)")
CONTENTS = "contents"
"""File in the folder of an imported run that names the objects which came with it: they are not garbage."""


class Entry(msgspec.Struct, frozen=True, order=True):
    """One file of a bundle."""

    name: str
    """`run/NAME` for a file of the run's folder, `objects/DIGEST` for an object."""
    size: int
    blake3: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """The list at the beginning."""

    format: int = FORMAT
    tool_version: str
    run: str
    record: str
    """BLAKE3 (hex) of the record."""
    entries: tuple[Entry, ...]
    """Sorted by name."""


class Source(msgspec.Struct, frozen=True):
    """Where the content of an entry lies."""

    path: str
    digest: str
    size: int


def sources_of_run(folder: RunFolder) -> dict[str, Source]:
    """Files of a run's folder that go into a bundle, by entry name: verdicts of replays stay where they were made."""
    found = {}
    for file in sorted(folder.path.rglob("*")):
        name = f"run/{file.relative_to(folder.path).as_posix()}"
        if file.is_file() and _IN_RUN.fullmatch(name) and not name.startswith(("run/replays/", "run/lock")):
            found[name] = _source(file)
    return found


def source_of_object(path: Path, digest: str) -> tuple[str, Source]:
    """Entry name and source of a file whose content has this digest."""
    return f"objects/{digest}", Source(str(path), digest, path.stat().st_size)


def write_bundle(target: Path, folder: RunFolder, sources: Mapping[str, Source], tool_version: str) -> Bundle:
    """Write `target` whole or not at all; compressed where its name ends in `.gz`.

    Raises StoreError when something is no longer what its digest says, OSError when the disk is full.
    """
    entries = tuple(sorted(Entry(name, source.size, source.digest) for name, source in sources.items()))
    bundle = Bundle(tool_version=tool_version, run=folder.id, record=folder.recorded_digest(), entries=entries)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("xb") as raw, _compressed(raw, target.name) as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                data = msgspec.json.encode(bundle, order="sorted")
                archive.addfile(_header(_LIST, len(data)), io.BytesIO(data))
                for entry in entries:
                    with Path(sources[entry.name].path).open("rb") as content:
                        checked = _Checked(content, entry)
                        archive.addfile(_header(entry.name, entry.size), checked)
                        checked.finish()
            file.flush()
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return bundle


def read_bundle(path: Path, store: Store) -> tuple[Bundle, bool]:
    """Put a bundle's run and objects into the store; returns its list, and False where the run is there already.

    Nothing is kept of a bundle that isn't what its list says. Raises StoreError and OSError.
    """
    staging = store.runs_folder / f".import-{secrets.token_hex(8)}"
    staging.mkdir()
    try:
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
            members = iter(archive)
            bundle = _list(archive, next(members, None), path)
            target = RunFolder(store.runs_folder / bundle.run)
            if target.path.exists():
                if target.recorded_digest() == bundle.record:
                    return bundle, False
                raise StoreError(f"the store has another run {bundle.run}: its record is not that of the bundle")
            wanted = {entry.name: entry for entry in bundle.entries}
            for member in members:
                entry = wanted.pop(member.name, None)
                if entry is None or not member.isreg() or member.size != entry.size:
                    raise StoreError(f"{path} is damaged: {member.name[:80]} is not what its list says")
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                _take(content, entry, store, staging)
            if wanted:
                raise StoreError(f"{path} is damaged: {min(wanted)} is missing")
        _check_record(staging, bundle, path)
        digests = [entry.blake3 for entry in bundle.entries if entry.name.startswith("objects/")]
        (staging / CONTENTS).write_text("".join(f"{digest}\n" for digest in digests), "ascii")
        staging.rename(target.path)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise StoreError(f"{path} is no bundle, or a damaged one: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return bundle, True


def _source(file: Path) -> Source:
    hasher = blake3()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            hasher.update(chunk)
    return Source(str(file), hasher.hexdigest(), file.stat().st_size)


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    return header


@contextmanager
def _compressed(raw: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if not name.endswith((".gz", ".tgz")):
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        yield file  # type: ignore[misc]


class _Checked:
    """Reads a file and holds what was read against the list."""

    def __init__(self, file: IO[bytes], entry: Entry) -> None:
        self._file, self._entry, self._hasher = file, entry, blake3()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hasher.update(data)
        return data

    def finish(self) -> None:
        if self._hasher.hexdigest() != self._entry.blake3 or self._file.read(1):
            raise StoreError(f"{self._entry.name} changed while it was written, or is damaged: run `reprocheck verify`")


def _list(archive: tarfile.TarFile, member: tarfile.TarInfo | None, path: Path) -> Bundle:
    if member is None or member.name != _LIST or not member.isreg() or member.size > _LARGEST_LIST:
        raise StoreError(f"{path} is no bundle: it does not begin with {_LIST}")
    content = archive.extractfile(member)
    assert content is not None  # it is a regular file
    data = content.read()
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        version = msgspec.json.decode(found.get("format", b"0"), type=int)
        if version > FORMAT:
            raise StoreError(f"{path} has bundle format {version} and this reprocheck reads up to {FORMAT}")
        bundle = msgspec.json.decode(data, type=Bundle)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged: its list can't be read ({error})") from error
    bad = [e.name for e in bundle.entries if not _IN_RUN.fullmatch(e.name) and not _OBJECT.fullmatch(e.name)]
    if bad or not PATTERN.fullmatch(bundle.run):
        raise StoreError(f"{path} is damaged: it lists {(bad or [bundle.run])[0][:80]!r}")
    return bundle


def _take(content: IO[bytes], entry: Entry, store: Store, staging: Path) -> None:
    found = _OBJECT.fullmatch(entry.name)
    if found is not None:
        if found[1] != entry.blake3 or store.objects.put_stream(content) != entry.blake3:
            raise StoreError(f"the bundle is damaged: {entry.name[:30]} has another content")
        return
    inside = _IN_RUN.fullmatch(entry.name)
    assert inside is not None  # the list was checked
    target = staging / inside[1]
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher = blake3()
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            hasher.update(chunk)
            file.write(chunk)
    if hasher.hexdigest() != entry.blake3:
        raise StoreError(f"the bundle is damaged: {entry.name} has another content")


def _check_record(staging: Path, bundle: Bundle, path: Path) -> None:
    try:
        data = (staging / RECORD).read_bytes()
        written = (staging / DIGEST).read_text("ascii").strip()
    except OSError as error:
        raise StoreError(f"{path} is damaged: it has no record") from error
    if blake3(data).hexdigest() != written or written != bundle.record:
        raise StoreError(f"{path} is damaged: its record is not what was written")
    if read_record(data, bundle.run).id != bundle.run:
        raise StoreError(f"{path} is damaged: its record is of another run")
