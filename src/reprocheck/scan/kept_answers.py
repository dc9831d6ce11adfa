"""The answers of rules about the project, as the cache keeps them: whole once, then what each scan adds to them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from blake3 import blake3

from reprocheck.project.index.answers import Answers, Kept
from reprocheck.scan.cache import Cache
from reprocheck.scan.file_result import FileResult

_ADDITIONS = 16
"""Scans after which all is written anew, so that what holds no more takes no room."""
_SHARE = 4
"""All is written anew when more than one answer of so many is another."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Kept)


class KeptAnswers:
    """The answers of one scan, taken from the cache and given back to it."""

    def __init__(self, cache: Cache | None, results: Iterable[FileResult], asked: str, paths: Iterable[str]) -> None:
        """`asked` is a digest of who asks; `paths` are all files of the project.

        Without a cache nothing is noted or kept.
        """
        self._cache = cache
        self._parts = 0
        if cache is None:
            self.answers = Answers()
            return
        digests = {result.path: result.facts_digest for result in results if result.facts_digest}
        self._key = _key(asked, paths, digests)
        parts = [_DECODER.decode(part) for part in cache.load_answers(self._key)]
        self._parts = len(parts)
        kept = parts[0] if parts else Kept([], [], {}, [])
        for part in parts[1:]:
            kept.add(part)
        self.answers = Answers(digests, kept)

    def store(self) -> None:
        """Keep what was found anew."""
        answers = self.answers
        if self._cache is None or not answers.fresh:
            return
        adds = 0 < self._parts <= _ADDITIONS and answers.fresh * _SHARE < answers.count
        value = answers.addition() if adds else answers.keep()
        self._cache.store_answers(self._key, _ENCODER.encode(value), self._parts if adds else 0)


def _key(asked: str, paths: Iterable[str], read: Iterable[str]) -> bytes:
    """What decides answers beside facts: who asks, which files there are, and which of them have facts."""
    key = blake3(asked.encode())
    for path in paths:
        key.update(b"\0" + path.encode("utf-8", "surrogateescape"))
    for path in read:
        key.update(b"\0\0" + path.encode("utf-8", "surrogateescape"))
    return key.digest()
