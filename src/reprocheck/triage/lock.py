"""One writer at a time for the files in a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 20.0
"""Seconds to wait for another process; a change takes milliseconds."""
_RETRY = 0.01
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF})


@contextmanager
def locked(folder: Path, name: str, error: type[Exception]) -> Iterator[None]:
    """Hold the lock on a folder: it leaves no file behind and dies with the process; `error` says why it can't be had.

    `name` is the file that is to be changed.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as reason:
        raise error(f"{folder} cannot be opened: {reason.strerror}") from reason
    try:
        end = time.monotonic() + _PATIENCE
        while not _lock(descriptor, name, error):
            if time.monotonic() >= end:
                raise error(f"another process has been changing {name} for {_PATIENCE:.0f} s; nothing was changed")
            time.sleep(_RETRY)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, name: str, error: type[Exception]) -> bool:
    """Whether the lock was had; where the file system knows none, writers must look again before they replace."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as reason:
        if reason.errno in _NO_LOCKS:
            return True
        if reason.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise error(f"{name} cannot be locked: {reason.strerror}") from reason
    return True
