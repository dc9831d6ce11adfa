"""Removes what replays were laid out in, whatever they made of it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours with all that is in it; what can't be removed stays.

    A program may take the right to write from its folders, and an overlay's own folder has none: who isn't root could
    not empty them.
    """
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            place = Path(parent, name)
            if not place.is_symlink():
                with suppress(OSError):
                    place.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
