"""Locks between processes: advisory, given back by the kernel when a process dies in whatever way."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

_RETRY = 0.02
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class Lock:
    """A lock on one file, held until `release`; usable in a `with` statement."""

    def __init__(self, descriptor: int, *, effective: bool) -> None:
        self._descriptor: int | None = descriptor
        self.effective = effective
        """False where the file system knows no locks."""

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(path: Path, *, shared: bool = False, patience: float = 0.0) -> Lock | None:
    """Lock `path` (made when missing); None when another process holds it beyond `patience` seconds.

    Raises OSError when the file can't be opened. A shared lock needs only the right to read an existing file.
    """
    descriptor = _open(path, shared=shared)
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return Lock(descriptor, effective=False)
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                os.close(descriptor)
                raise
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
            time.sleep(_RETRY)
        else:
            return Lock(descriptor, effective=True)


def _open(path: Path, *, shared: bool) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        if not shared:
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
