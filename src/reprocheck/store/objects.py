"""Objects: files named by the BLAKE3 of their content, written once and never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self

from blake3 import blake3

from reprocheck.store.errors import StoreError
from reprocheck.store.files import flush_folder, write_all

DIGEST = re.compile("[0-9a-f]{64}")
_CHUNK = 1 << 20
_READ_ONLY = 0o444
_BATCH = 1000


class ObjectStore:
    """`objects/aa/REST`; temporary files lie in `objects/tmp` until they are whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the object lies, or would lie."""
        return self.folder / digest[:2] / digest[2:]

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def __iter__(self) -> Iterator[str]:
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for file in sorted(folder.iterdir()):
                digest = folder.name + file.name
                if DIGEST.fullmatch(digest):
                    yield digest

    def put(self, data: bytes) -> str:
        """Keep `data`; returns its digest. Raises OSError when the disk is full or can't be written."""
        digest = blake3(data).hexdigest()
        if digest not in self:
            with _Temporary(self.folder) as temporary:
                write_all(temporary.descriptor, data)
                self._install(temporary, digest)
        return digest

    def put_file(self, path: Path) -> str:
        """Keep the content of a file, read once; returns its digest. Raises OSError."""
        with path.open("rb") as source:
            return self.put_stream(source)

    def put_stream(self, source: IO[bytes]) -> str:
        """Keep what can be read; returns its digest. Raises OSError."""
        with _Temporary(self.folder) as temporary:
            digest = temporary.fill(source)
            if digest not in self:
                self._install(temporary, digest)
        return digest

    def put_files(self, paths: Sequence[Path]) -> list[str | OSError]:
        """Keep many files; the digest of each, or why it could not be kept.

        The disk is told once per batch to write everything down, and only then files get their names: to tell it of
        each costs ten milliseconds a file.
        """
        results: list[str | OSError] = []
        for first in range(0, len(paths), _BATCH):
            results += self._put_batch(paths[first : first + _BATCH])
        return results

    def _put_batch(self, paths: Sequence[Path]) -> list[str | OSError]:
        results: list[str | OSError] = []
        with ExitStack() as stack:
            whole: dict[str, _Temporary] = {}
            for path in paths:
                try:
                    temporary = stack.enter_context(_Temporary(self.folder))
                    with path.open("rb") as source:
                        digest = temporary.fill(source)
                    temporary.close()
                except OSError as error:
                    results.append(error)
                    continue
                results.append(digest)
                if digest not in self:
                    whole[digest] = temporary
            os.sync()
            for digest, temporary in whole.items():
                self.path(digest).parent.mkdir(exist_ok=True)
                temporary.path.replace(self.path(digest))
            for folder in {self.path(digest).parent for digest in whole}:
                flush_folder(folder)
        return results

    def discard(self, digest: str) -> None:
        """Remove an object; one that isn't there is no error. Raises OSError."""
        self.path(digest).unlink(missing_ok=True)

    def read(self, digest: str) -> bytes:
        """Content of an object; raises StoreError when it is missing or can't be read."""
        try:
            return self.path(digest).read_bytes()
        except OSError as error:
            raise StoreError(f"object {digest[:12]} cannot be read: {error.strerror}") from error

    def problem(self, digest: str) -> str:
        """Why an object can't be trusted; empty when its content is what its name says."""
        try:
            hasher = blake3()
            with self.path(digest).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
        except FileNotFoundError:
            return "missing"
        except OSError as error:
            return f"unreadable ({error.strerror})"
        return "" if hasher.hexdigest() == digest else "damaged"

    def _install(self, temporary: _Temporary, digest: str) -> None:
        os.fsync(temporary.descriptor)
        target = self.path(digest)
        target.parent.mkdir(exist_ok=True)
        temporary.path.replace(target)
        flush_folder(target.parent)


class _Temporary:
    """A file in `objects/tmp` that goes away unless it was moved into place."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tmp" / os.urandom(8).hex()
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _READ_ONLY)

    def __enter__(self) -> Self:
        return self

    def fill(self, source: IO[bytes]) -> str:
        """Take in what can be read; returns its digest. Raises OSError."""
        hasher = blake3()
        while chunk := source.read(_CHUNK):
            hasher.update(chunk)
            write_all(self.descriptor, chunk)
        return hasher.hexdigest()

    def close(self) -> None:
        """Let go of the descriptor, so that many can be under way; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __exit__(self, *_: object) -> None:
        self.close()
        with suppress(OSError):
            self.path.unlink()
