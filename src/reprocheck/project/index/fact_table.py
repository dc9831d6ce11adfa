"""The facts of a project's files, decoded when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, cast

import msgspec

from reprocheck.project.facts.model import DocumentFacts, Facts, FileFacts
from reprocheck.project.index.answers import Answers

_DECODER = msgspec.msgpack.Decoder(Facts)
_IS_PYTHON = b"\xa6python"
_HEAD = 12
"""Bytes in which encoded facts say what they are of: a tag behind the head of the array."""

Of = TypeVar("Of", FileFacts, DocumentFacts)


class FactTable(Mapping[str, Of], Generic[Of]):
    """Facts of one kind by path, in its order. Who reads those of a file has read the file."""

    def __init__(self, answers: Answers, facts: Mapping[str, bytes | Of]) -> None:
        """`facts` may be encoded."""
        self._answers = answers
        self._facts: dict[str, bytes | Of] = dict(sorted(facts.items()))

    def __getitem__(self, path: str) -> Of:
        facts = self._facts[path]
        if self._answers.noted is not None:
            self._answers.noted.add(path)
        if isinstance(facts, bytes):
            facts = self._facts[path] = cast("Of", _DECODER.decode(facts))
        return facts

    def __contains__(self, path: object) -> bool:
        return path in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


def is_python(facts: bytes | FileFacts | DocumentFacts) -> bool:
    """Whether facts are those of a module or notebook."""
    return _IS_PYTHON in facts[:_HEAD] if isinstance(facts, bytes) else isinstance(facts, FileFacts)
