"""Contents of the store, and digests of files with a memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from reprocheck.replay.sources import digest_of
from reprocheck.store.stat_cache import StatCache
from reprocheck.store.store import Store


def stored_in(store: Store) -> Callable[[str], Path | None]:
    """Where the store has an object, by digest; None where it hasn't."""
    return lambda digest: store.objects.path(digest) if digest and digest in store.objects else None


class Digests:
    """Hashes files, and remembers in the store by their status what is known of them."""

    def __init__(self, store: Store) -> None:
        self._cache = StatCache(store.stat_cache_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cache.close()

    def __call__(self, path: Path) -> str | None:
        """BLAKE3 (hex) of a regular file; None for what is none or can't be read."""
        try:
            status = path.stat()
            known = self._cache.get(status)
            if known is not None:
                return known
            found = digest_of(path)
        except OSError:
            return None
        if found is not None:
            self._cache.put(status, found)
        return found
