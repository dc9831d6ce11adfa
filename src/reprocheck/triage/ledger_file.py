"""The ledger on disk: read whole, changed under a lock, replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reprocheck.model.ledger import Ledger
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.ledger_text import LedgerText, parse
from reprocheck.triage.lock import locked

FILE = ".reprocheck-ledger.toml"
"""Name of the ledger at the root of a project."""
MAX_BYTES = 16 << 20
"""Some 40,000 decisions; refusing more bounds the work on a stranger's file."""
_TRIES = 5


def read(root: Path) -> Ledger:
    """The ledger of a project, empty when there is none; raises LedgerError."""
    data = read_bytes(root)
    return Ledger() if data is None else parse(data, FILE).ledger


def read_bytes(root: Path) -> bytes | None:
    """Content of the file; None when there is none. A link is refused: what it leads to is not the project's."""
    try:
        descriptor = os.open(root / FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise LedgerError(f"{FILE} is a link; the ledger must be a file of its own") from None
        raise LedgerError(f"{FILE} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise LedgerError(f"{FILE} is not a file")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LedgerError(f"{FILE} is larger than {MAX_BYTES >> 20} MiB")
    return data


def change(root: Path, edit: Callable[[LedgerText], LedgerText]) -> None:
    """Read the ledger, edit it, and put the result in its place, while no other process can do the same.

    `edit` may be called again when something that takes no lock, such as an editor, saved the file meanwhile. Nothing
    is written when it changes nothing. Raises LedgerError, and whatever `edit` raises; the file is then as before.
    """
    with locked(root, FILE, LedgerError):
        for _ in range(_TRIES):
            before = read_bytes(root)
            found = LedgerText() if before is None else parse(before, FILE)
            changed = edit(found)
            data = changed.render().encode("utf-8")
            if changed == found or data == before:
                return
            parse(data, FILE)  # what can't be read back is never put in the place of what can
            if _replace(root, before, data):
                return
    raise LedgerError(f"{FILE} is being changed by another program again and again; nothing was changed")


def replace(root: Path, make: Callable[[bytes], bytes]) -> None:
    """Put other content in the place of the file's, under the same lock; for files that can't be read as they are."""
    with locked(root, FILE, LedgerError):
        before = read_bytes(root)
        if before is not None and (data := make(before)) != before:
            parse(data, FILE)
            _replace(root, before, data)


def _replace(root: Path, before: bytes | None, data: bytes) -> bool:
    """Write beside and rename, unless the file is not any more what was read."""
    path, temporary = root / FILE, root / f"{FILE}.new"
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if before is not None else 0o666
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            if before is not None:
                os.fchmod(descriptor, mode)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
        if read_bytes(root) != before:
            temporary.unlink(missing_ok=True)
            return False
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise LedgerError(f"{FILE} cannot be written: {error.strerror}; nothing was changed") from error
    return True
