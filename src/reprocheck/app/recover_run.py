"""Writes the record of a run whose launcher was killed, from its journal."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from reprocheck.capture.journals import scrub_journal
from reprocheck.capture.observing import Keeping
from reprocheck.capture.ports import NoCache
from reprocheck.capture.recovery import is_alive, recover
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import RunState
from reprocheck.store.errors import StoreError
from reprocheck.store.index import summarize
from reprocheck.store.locks import acquire
from reprocheck.store.runs import LOCK, RECORD, RunFolder
from reprocheck.store.store import Store

_PATIENCE = 5.0
"""Seconds to wait for another command that does the same."""


def recover_run(store: Store, folder: RunFolder) -> bool:
    """Give an abandoned run its record; False where it isn't abandoned or its command still goes on.

    Raises StoreError when the store can't be written.
    """
    if folder.state() is not RunState.ABANDONED or is_alive(folder.journal):
        return False
    start = folder.start()
    root = Path(start.command.root)
    secrets = Secrets(os.environ, folders={root, root / start.command.cwd})
    keeping = Keeping(sink=store.objects, read=lambda digest: store.objects.path(digest).read_bytes(), cache=NoCache())
    try:
        # Two commands may find the same run: one of them writes, the other then reads.
        lock = acquire(folder.path / LOCK, patience=_PATIENCE)
        if lock is None:
            return False
        with lock:
            if (folder.path / RECORD).is_file():
                return True
            gaps = scrub_journal(folder.journal, secrets)
            record = recover(start, folder.journal, secrets, keeping)
            record = msgspec.structs.replace(record, gaps=tuple(sorted({*record.gaps, *gaps})))
            digest = folder.finish(record)
    except OSError as error:
        raise StoreError(
            f"run {folder.id} was abandoned and its record can't be written from its journal: {error.strerror}"
        ) from error
    store.finished(summarize(record, digest))
    return True
