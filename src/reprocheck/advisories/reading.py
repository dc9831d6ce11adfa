"""Files of advisories: of a folder, of a zip archive, of an address that gives one. Nothing is unpacked to disk."""

from __future__ import annotations

import io
import os
import re
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.record import RECORD_LIMIT

ARCHIVE_LIMIT: Final = 1 << 30
"""Bytes of an archive, packed."""
UNPACKED_LIMIT: Final = 4 << 30
"""Bytes of all records of an archive, unpacked."""
FILES_LIMIT: Final = 500_000
SECONDS: Final = 60
"""Patience with a server that says nothing."""
_ENDINGS: Final = (".yaml", ".yml", ".json")
_COMMIT: Final = re.compile(rb"[0-9a-f]{40}")
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CHUNK: Final = 1 << 20
_ENCRYPTED: Final = 0x1
_SKIPPED_FOLDERS: Final = frozenset({".git", ".github", "node_modules", "triage"})


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file that may be an advisory."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of advisories, and what their source says of itself."""

    name: str
    commit: str
    """Commit that an archive names in its comment, as GitHub's do; empty for none."""
    files: Iterator[RecordFile]


@contextmanager
def opened(source: str) -> Iterator[Batch]:
    """The files of a folder, a zip archive, or an `https` address of one; raises AdvisoryError."""
    if re.match(r"[a-z][a-z0-9+.-]+://", source, re.IGNORECASE):
        with _archive(io.BytesIO(_downloaded(source)), source) as batch:
            yield batch
        return
    path = Path(source).expanduser()
    if path.is_dir():
        yield Batch(path.resolve().name, "", _of_folder(path))
    elif path.is_file():
        with path.open("rb") as file, _archive(file, path.name) as batch:
            yield batch
    else:
        raise AdvisoryError(f"{source} is neither a folder, nor a zip archive, nor an address of one")


def _of_folder(folder: Path) -> Iterator[RecordFile]:
    """Records below a folder, sorted; links are not followed."""
    taken = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            path = Path(parent, name)
            if not name.lower().endswith(_ENDINGS) or path.is_symlink() or not path.is_file():
                continue
            taken += 1
            if taken > FILES_LIMIT:
                raise AdvisoryError(f"{folder} has more than {FILES_LIMIT:,} records")
            try:
                with path.open("rb") as file:
                    # One byte more shows that a file is too large.
                    data = file.read(RECORD_LIMIT + 1)
            except OSError as error:
                raise AdvisoryError(f"{path} cannot be read: {error.strerror or error}") from error
            yield RecordFile(path.relative_to(folder).as_posix(), data)


@contextmanager
def _archive(file: IO[bytes], name: str) -> Iterator[Batch]:
    try:
        with zipfile.ZipFile(file) as archive:
            commit = archive.comment.decode() if _COMMIT.fullmatch(archive.comment) else ""
            yield Batch(name, commit, _members(archive, name))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise AdvisoryError(f"{name} is no zip archive that can be read: {error}") from error


def _members(archive: zipfile.ZipFile, name: str) -> Iterator[RecordFile]:
    """Records of an archive, sorted by name; names are labels only, so that none leads anywhere."""
    infos = [info for info in archive.infolist() if _is_record(info)]
    if len(infos) > FILES_LIMIT:
        raise AdvisoryError(f"{name} has more than {FILES_LIMIT:,} records")
    total = 0
    for info in sorted(infos, key=lambda info: info.filename):
        with archive.open(info) as member:
            # The size that the archive states is not believed.
            data = member.read(RECORD_LIMIT + 1)
        total += len(data)
        if total > UNPACKED_LIMIT:
            raise AdvisoryError(f"{name} unpacks to more than {UNPACKED_LIMIT >> 30} GiB")
        yield RecordFile(info.filename, data)


def _is_record(info: zipfile.ZipInfo) -> bool:
    folders = info.filename.replace("\\", "/").split("/")[:-1]
    return (
        not info.is_dir()
        and info.filename.lower().endswith(_ENDINGS)
        and not info.flag_bits & _ENCRYPTED
        and _SKIPPED_FOLDERS.isdisjoint(folders)
    )


def _downloaded(url: str) -> bytes:
    _refuse_insecure(url)
    request = urllib.request.Request(url, headers={"User-Agent": "reprocheck"})  # noqa: S310 — checked above
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310 — likewise
            _refuse_insecure(response.geturl())
            return _bounded(response, url)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise AdvisoryError(f"{url} cannot be read: {reason}") from error


def _bounded(stream: IO[bytes], url: str) -> bytes:
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        size += len(part)
        if size > ARCHIVE_LIMIT:
            raise AdvisoryError(f"{url} is larger than {ARCHIVE_LIMIT >> 30} GiB")
        parts.append(part)
    return b"".join(parts)


def _refuse_insecure(url: str) -> None:
    """Advisories decide what is called safe: what anybody on the way could change is not taken."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AdvisoryError(f"{url} is no address: {error}") from error
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
        return
    raise AdvisoryError(f"{url} is not read: only https addresses are")
