"""Gives files the content that they had before fixes were carried out, or after it once more."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.store.files import write_atomically

Contents = Mapping[str, bytes | None]
"""By path relative to the root; None for a file that is not there."""


def put_back(root: Path, now: Contents, wanted: Contents) -> None:
    """Turn files that are as in `now` into `wanted`; raises UsageError and writes nothing where one is otherwise."""
    root = root.resolve()
    files = {path: (root / path).resolve() for path in sorted(wanted)}
    try:
        for path, file in files.items():
            if not file.is_relative_to(root):
                raise UsageError(f"{path} leads out of the project: nothing is written")
            if (file.read_bytes() if file.exists() else None) != now[path]:
                raise UsageError(f"{path} has changed since: nothing is written")
        for path, file in files.items():
            content = wanted[path]
            if content is None:
                file.unlink(missing_ok=True)
                continue
            mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o644
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, content, mode=mode)
            file.chmod(mode)  # what the umask took is given back
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror or error}") from error
