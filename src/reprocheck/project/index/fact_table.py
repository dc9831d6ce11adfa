"""The facts of a project's files, taken and decoded when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, cast

import msgspec

from reprocheck.project.facts.model import DocumentFacts, Facts, FileFacts
from reprocheck.project.index.answers import Answers

_DECODER = msgspec.msgpack.Decoder(Facts)

Of = TypeVar("Of", FileFacts, DocumentFacts)


class DamagedFactsError(Exception):
    """Facts that were kept can't be read."""


class FactTable(Mapping[str, Of], Generic[Of]):
    """Facts of one kind by path, in its order. Who reads those of a file has read the file."""

    def __init__(self, answers: Answers, facts: Mapping[str, bytes | Of]) -> None:
        """`facts` may be encoded."""
        self._answers = answers
        self._given: Mapping[str, bytes | Of] = facts
        self._facts: dict[str, Of | None] = dict.fromkeys(sorted(facts))

    def __getitem__(self, path: str) -> Of:
        facts = self._facts[path]
        if self._answers.noted is not None:
            self._answers.noted.add(path)
        if facts is None:
            facts = self._facts[path] = self._read(path)
        return facts

    def _read(self, path: str) -> Of:
        given = self._given[path]
        if isinstance(given, bytes):
            try:
                return cast("Of", _DECODER.decode(given))
            except msgspec.DecodeError as error:
                raise DamagedFactsError(path) from error
        return given

    def __contains__(self, path: object) -> bool:
        return path in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
