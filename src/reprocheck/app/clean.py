"""`reprocheck clean`: remove what the tool keeps in a project and can make again."""

from __future__ import annotations

import shutil
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.app.scan_project import CACHE_FOLDER
from reprocheck.config import Config

_MARK = "# Made by reprocheck"


def clean(config: Config) -> list[Path]:
    """Remove the cache folder; returns what was removed. A folder that isn't ours is left alone."""
    folder = config.cache_dir or config.root / CACHE_FOLDER
    if not folder.is_dir():
        return []
    ignore = folder / ".gitignore"
    if folder.is_symlink() or not ignore.is_file() or not ignore.read_text("utf-8", "replace").startswith(_MARK):
        raise UsageError(f"{folder} does not look like a cache of reprocheck; remove it by hand if it is one")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be removed: {error.strerror}") from error
    return [folder]
