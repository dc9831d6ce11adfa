"""Where the command's standard input comes from, which is ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec


class StandardInput(msgspec.Struct, frozen=True):
    """A file, a pipe, or nothing that could be kept."""

    path: str = ""
    """Absolute path of the file that it was redirected from; empty for none."""
    piped: bool = False
    """Whether what comes is gone once it was read."""


def standard_input(descriptor: int = 0) -> StandardInput:
    """What stands behind a descriptor; terminals and devices are nothing."""
    try:
        status = os.fstat(descriptor)
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return StandardInput()
    if not stat.S_ISREG(status.st_mode):
        return StandardInput(piped=stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode))
    # Shells hand the text of `<<` over in a file that has no name any more.
    return StandardInput(path=path) if status.st_nlink else StandardInput(piped=True)
