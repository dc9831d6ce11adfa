"""Which files of a project have a word: that call something of a name, set an attribute of it, spell it in a string."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial

import msgspec

from reprocheck.project.index.answers import Answers

_NEIGHBOURS = 32
"""Files whose words are kept together: no more than a number has bits."""
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(dict[str, int])
_KINDS = dict[str, bytes]
"""What a group of files has: by kind the encoded words, each with its files as bits."""

Masks = list[tuple[int, int]]
"""Files, as bits by group, in order of the groups."""


class Vocabulary:
    """Which files have a word of some kind, such as all that call something of a name, for many kinds and words.

    What neighbouring files have is kept together, so that words that many files have cost little, and those of groups
    that are as they were need not be looked at. Who asks about a word has read which files have it, and nothing else
    of them.
    """

    def __init__(
        self,
        answers: Answers,
        name: str,
        paths: Iterable[str],
        words: Callable[[str], Iterable[tuple[str, Iterable[str]]]],
    ) -> None:
        """`words` are those of one file, kind by kind; `name` tells vocabularies apart."""
        self._answers = answers
        self._name = name
        self._words = words
        every = list(paths)
        self._groups = [every[start : start + _NEIGHBOURS] for start in range(0, len(every), _NEIGHBOURS)]
        self._kinds: dict[str, list[tuple[int, dict[str, int]]]] = {}
        self._words_of: dict[str, frozenset[str]] = {}
        answers.values(name, lambda key: self.masks(*key.split("\0")), self._is_unchanged)
        answers.values(f"{name}?", self._is_there, self._is_unchanged)
        answers.values(f"{name} nowhere", self._nowhere, self._are_unchanged)
        answers.values(f"{name} all", lambda kind: sorted(self._every(kind)), self._has_unchanged)
        answers.values(f"{name} elsewhere", self._elsewhere, self._are_unchanged)

    def has(self, kind: str, word: str) -> bool:
        """Whether any file has the word; who asks has read no more than that."""
        key = f"{kind}\0{word}"
        self._answers.note_value(f"{self._name}?", key)
        return self._is_there(key)

    def without(self, kinds: tuple[str, ...], words: Iterable[str]) -> list[str]:
        """Those of some words that no file has, as words of any of these kinds."""
        key = "\0".join((" ".join(kinds), "", *words))
        self._answers.note_value(f"{self._name} nowhere", key)
        return self._nowhere(key)

    def _nowhere(self, key: str) -> list[str]:
        kinds, _, *words = key.split("\0")
        every = [self._every(kind) for kind in kinds.split(" ")]
        return [word for word in words if not any(word in some for some in every)]

    def _is_there(self, key: str) -> bool:
        kind, _, word = key.partition("\0")
        return word in self._every(kind)

    def every(self, kind: str) -> frozenset[str]:
        """All words of a kind, of which there should be few."""
        self._answers.note_value(f"{self._name} all", kind)
        return self._every(kind)

    def _every(self, kind: str) -> frozenset[str]:
        if kind not in self._words_of:
            self._words_of[kind] = frozenset().union(*(said for _, said in self._groups_of(kind)))
        return self._words_of[kind]

    def files(self, kind: str, word: str) -> list[str]:
        """Paths of the files that have the word, in order."""
        found: list[str] = []
        for at, mask in self.read(kind, word):
            group, left = self._groups[at], mask
            while left:
                lowest = left & -left
                found.append(group[lowest.bit_length() - 1])
                left ^= lowest
        return found

    def read(self, kind: str, word: str) -> Masks:
        """The files that have the word, as bits by group."""
        self._answers.note_value(self._name, f"{kind}\0{word}")
        return self.masks(kind, word)

    def masks(self, kind: str, word: str) -> Masks:
        """The same, and nothing notes that it is asked."""
        return [(at, said[word]) for at, said in self._groups_of(kind) if word in said]

    def _groups_of(self, kind: str) -> list[tuple[int, dict[str, int]]]:
        groups = self._kinds.get(kind)
        if groups is None:
            groups = self._kinds[kind] = self._answers.apart(partial(self._of_kind, kind))
        return groups

    def elsewhere(self, kinds: tuple[str, ...], words: Iterable[str], path: str) -> list[str]:
        """Those of some words that other files than one have, as words of any of these kinds."""
        key = "\0".join((" ".join(kinds), path, *words))
        self._answers.note_value(f"{self._name} elsewhere", key)
        return self._elsewhere(key)

    def _elsewhere(self, key: str) -> list[str]:
        kinds, path, *words = key.split("\0")
        own, bit = self.place(path)
        return [
            word
            for word in words
            if any(at != own or mask != bit for kind in kinds.split(" ") for at, mask in self.masks(kind, word))
        ]

    def any_in(self, masks: Masks, among: int) -> bool:
        """Whether some files are among others, which are given as one number (see `number`)."""
        return any(mask & (among >> (at * _NEIGHBOURS)) for at, mask in masks)

    def number(self, paths: Iterable[str]) -> int:
        """Files as one number: a bit for each file there is."""
        found = bytearray(len(self._groups) * _NEIGHBOURS // 8)
        for at, bit in map(self.place, paths):
            position = at * _NEIGHBOURS + bit.bit_length() - 1
            found[position >> 3] |= 1 << (position & 7)
        return int.from_bytes(found, "little")

    def place(self, path: str) -> tuple[int, int]:
        """Group of a file, and its bit there."""
        return self._places[path]

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        return {path: (at, 1 << bit) for at, group in enumerate(self._groups) for bit, path in enumerate(group)}

    def _of_kind(self, kind: str) -> list[tuple[int, dict[str, int]]]:
        found = [(at, said[kind]) for at, said in enumerate(self._said) if kind in said]
        return [(at, _DECODER.decode(encoded)) for at, encoded in found]

    @cached_property
    def _said(self) -> list[_KINDS]:
        return [self._of_group(group) for group in self._groups]

    def _of_group(self, group: list[str]) -> _KINDS:
        return self._answers.answer(self._name, group[0], _KINDS, partial(self._found_in, group))

    def _found_in(self, group: list[str]) -> _KINDS:
        found: dict[str, dict[str, int]] = {}
        for position, path in enumerate(group):
            bit = 1 << position
            for kind, words in self._words(path):
                said = found.setdefault(kind, {})
                for word in words:
                    said[word] = said.get(word, 0) | bit
        return {kind: _ENCODER.encode(words) for kind, words in found.items() if words}

    # What is another than in the earlier scan

    def _is_unchanged(self, key: str) -> bool:
        kind, _, word = key.partition("\0")
        changed = self._changed
        return changed is not None and word not in changed.get(kind, ())

    def _are_unchanged(self, key: str) -> bool:
        kinds, _, *words = key.split("\0")
        changed = self._changed
        return changed is not None and all(changed.get(kind, set()).isdisjoint(words) for kind in kinds.split(" "))

    def _has_unchanged(self, kind: str) -> bool:
        return self._changed is not None and not self._changed.get(kind)

    @cached_property
    def _changed(self) -> dict[str, set[str]] | None:
        """By kind the words that not the same files have; None where that can't be told."""
        return self._answers.apart(self._compared)

    def _compared(self) -> dict[str, set[str]] | None:
        changed: dict[str, set[str]] = {}
        for group in self._groups:
            if self._answers.holds(self._name, group[0]):
                continue
            before: _KINDS | None = self._answers.before(self._name, group[0], _KINDS)
            if before is None:
                return None
            now = self._of_group(group)
            for kind in before.keys() | now.keys():
                if before.get(kind) != now.get(kind):
                    one, other = (_DECODER.decode(said.get(kind, b"\x80")) for said in (before, now))
                    changed.setdefault(kind, set()).update(word for word, _ in one.items() ^ other.items())
        return changed
