"""What a call will find: the status of a file as the calling process sees it, and whether it may do what it asks."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH116, PTH120

from __future__ import annotations

import errno
import os
import stat

from reprocheck.capture.supervisor.paths import Paths
from reprocheck.capture.supervisor.tasks import Process


def look_at(paths: Paths, process: Process, path: str) -> tuple[str, os.stat_result | int]:
    """The path with links followed, and the status of the file or the number of the error."""
    try:
        if process.foreign:
            return path, os.stat(f"/proc/{process.number}/root{path}")
        path = paths.true(path)
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path = paths.end_of(path)
            status = os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            paths.end_of(path)  # the circle decides what the call finds
        return path, error.errno or errno.EIO
    return path, status


def status_of(process: Process, path: str, *, follow: bool = False) -> os.stat_result | None:
    """The status of a file; None where there is none."""
    try:
        where = f"/proc/{process.number}/root{path}" if process.foreign else path
        return os.stat(where) if follow else os.lstat(where)
    except OSError:
        return None


def is_allowed(status: os.stat_result, access: int, path: str) -> bool:
    """Whether the kernel will allow it: root may anything, others are asked for where the mode doesn't say so."""
    if not access or os.geteuid() == 0 or (access == os.R_OK and status.st_mode & stat.S_IROTH):
        return True
    return os.access(path, access, effective_ids=True)


def can_make(process: Process, path: str) -> bool:
    """Whether a file of this name can be made."""
    folder = os.path.dirname(path)
    if process.foreign:
        folder = f"/proc/{process.number}/root{folder}"
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
