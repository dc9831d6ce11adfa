"""The symbolic links that a path leads through, as they stand in the file system."""

# pathlib would double the supervisor's start.
# ruff: noqa: PTH115

from __future__ import annotations

import os
from collections.abc import Iterator

MOST = 10_000
"""Links of one run that are written down."""
_STEPS = 40
"""Links that the kernel follows on one path before it gives up (path_resolution(7))."""


def links_on(path: str) -> Iterator[tuple[str, str]]:
    """Place and text of each link that following an absolute path leads through, in order.

    Links in the folders of a place are resolved. What isn't there leads nowhere; of a circle each link comes several
    times.
    """
    ahead = path.split("/")[::-1]
    at = ""
    steps = 0
    while ahead and steps < _STEPS:
        part = ahead.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            at = at.rpartition("/")[0]
            continue
        place = f"{at}/{part}"
        try:
            text = os.readlink(place)
        except (OSError, ValueError):
            at = place
            continue
        steps += 1
        yield place, text
        if text.startswith("/"):
            at = ""
        ahead.extend(reversed(text.split("/")))


def is_older(place: str | os.PathLike[str], moment: int) -> bool:
    """Whether a link was made before a moment of the wall clock, in nanoseconds; a link is never changed, only made."""
    try:
        return os.lstat(place).st_mtime_ns < moment
    except OSError:
        return False
