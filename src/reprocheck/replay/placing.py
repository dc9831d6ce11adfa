"""Places in a working copy for what a record names: whatever it says, nothing comes to lie outside of the copy."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reprocheck.replay.errors import ReplayError


class Places:
    """Makes folders in one working copy, and never goes through a symbolic link in it.

    Each method takes a path relative to the copy and raises ReplayError for one that leads out of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = {""}
        """Folders that are known to be real ones: nothing ever takes the place of one."""

    def folder(self, path: str) -> Path:
        """The folder, made with all around it."""
        parts = _parts(path)
        for end in range(1, len(parts) + 1):
            name = "/".join(parts[:end])
            if name not in self._known:
                self._make(name)
                self._known.add(name)
        return self._folder.joinpath(*parts)

    def file(self, path: str) -> Path:
        """Where a file may be written: its folder is there, and by its own name no link."""
        place = self._place(path)
        if place.is_symlink():
            raise _refused(path, "a symbolic link of the same record")
        return place

    def free(self, path: str) -> Path | None:
        """Likewise, for what must not be there yet; None where something is."""
        place = self._place(path)
        return None if os.path.lexists(place) else place

    def _place(self, path: str) -> Path:
        parts = _parts(path)
        if not parts:
            raise _refused(path, "no file's name")
        return self.folder("/".join(parts[:-1])) / parts[-1]

    def _make(self, name: str) -> None:
        place = self._folder / name
        try:
            place.mkdir()
        except FileExistsError:
            if not stat.S_ISDIR(place.lstat().st_mode):
                raise _refused(name, "behind a symbolic link or a file of the same record") from None


def _parts(path: str) -> list[str]:
    if path in {"", "."}:
        return []
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\0" in path:
        raise _refused(path, "out of the project")
    return parts


def _refused(path: str, where: str) -> ReplayError:
    reason = f"the record names {path[:200]!r}, which leads {where}"
    return ReplayError(reason, "such a record was damaged or made to do harm: ask whoever it comes from")
