"""Why a replay gives no verdict."""

from __future__ import annotations

import errno
import os
from pathlib import Path

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of errors by which a system says that it takes no more."""
_TAIL = 1 << 16
"""Bytes at the end of what a command said in which a full disk is looked for."""


class ReplayError(Exception):
    """A replay that could not be carried through; its verdict is inconclusive."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        """`reason` says what happened, `remedy` what to do; sentences without a full stop."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def of_system(what: str, error: OSError) -> ReplayError:
    """What the system refused; `what` could not be done, a clause without a full stop."""
    about = f" ({error.filename})" if error.filename else ""
    if error.errno in NO_SPACE:
        remedy = "free some space, or give another folder with --store"
    elif error.errno == errno.ENOENT:
        remedy = "try again when nothing moves or removes files"
    else:
        remedy = "see whether this user may read the project and write to the store"
    return ReplayError(f"{what}: {error.strerror or error}{about}", remedy)


FULL = ("the disk was full while the command ran", "free some space, or give another folder with --store")
"""Reason and remedy."""


def without_result(folder: Path) -> ReplayError:
    """Why a replay said nothing of what it saw, as far as its folder shows it."""
    if ran_out_of_space(folder, folder / "stderr"):
        return ReplayError(*FULL)
    tail = (folder / "stderr").read_bytes()[-400:].decode("utf-8", "replace").strip()
    return ReplayError(f"the replay ended before it said what it saw: {tail}", "run it again with -v")


def ran_out_of_space(folder: Path, stderr: Path) -> bool:
    """Whether the disk of a working copy is full, or a command said that it was."""
    try:
        status = os.statvfs(folder)
        if status.f_bavail == 0 or status.f_favail == 0 < status.f_files:
            return True
        with stderr.open("rb") as file:
            file.seek(max(stderr.stat().st_size - _TAIL, 0))
            said = file.read(_TAIL)
    except OSError:
        return False
    return any(os.strerror(number).encode() in said for number in NO_SPACE)
