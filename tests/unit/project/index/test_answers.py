"""Answers that are kept from scan to scan: they hold while all that they read is the same, and no longer."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from reprocheck.project.index.answers import DISK, Answers, Kept, Lookup, Traced, digest


class Files:
    """A project of files that are lists of words, and a count of the questions that were answered anew."""

    def __init__(self, words: dict[str, list[str]], kept: Kept | None = None, *, keeping: bool = True) -> None:
        self.words = words
        self.answers = Answers({path: digest(text) for path, text in words.items()} if keeping else None, kept)
        self.made: list[str] = []
        self.adds = False
        self.parts: list[bytes] = []
        self._memo: dict[str, Traced[int]] = {}
        self.with_word = Lookup(self.answers, "word", words, self.read)
        # Each scan looks at all files, so that one can say of a length that it is surely that of the scan before.
        self.answers.values("length", self._length, lambda path: self.answers.holds("words", path))

    def read(self, path: str) -> list[str]:
        self.answers.note(path)
        return self.words[path]

    def count(self, path: str) -> int:
        """A value that is remembered for the time of a scan."""
        return self.answers.remembered(self._memo, path, lambda: len(self.read(path)))

    def length(self, path: str) -> int:
        self.answers.note_value("length", path)
        return self.answers.apart(lambda: len(self.read(path)))

    def _length(self, path: str) -> int:
        """The same by a question, as values are often found: its answer is made when its digest is wanted."""
        return self.answers.answer("length of", path, int, lambda: len(self.read(path)))

    def ask(self, name: str, answer: Callable[[], int]) -> int:
        def make() -> int:
            self.made.append(name)
            return answer()

        return self.answers.answer(name, "", int, make)

    def later(self, **changed: list[str]) -> Files:
        """The next scan, from answers that have been written down and read again: whole, or as additions."""
        if self.adds and self.parts:
            parts = [*self.parts, msgspec.msgpack.encode(self.answers.addition())]
        else:
            parts = [msgspec.msgpack.encode(self.answers.keep())]
        kept, *additions = [msgspec.msgpack.decode(part, type=Kept) for part in parts]
        for addition in additions:
            kept.add(addition)
        files = Files({**self.words, **changed}, kept)
        files.parts, files.adds = parts, self.adds
        return files


@pytest.fixture(params=[False, True], ids=["whole", "added"])
def files(request: pytest.FixtureRequest) -> Files:
    files = Files({"a": ["x", "y"], "b": ["z"]})
    files.adds = request.param
    return files


def test_an_answer_holds_while_what_it_read_is_the_same(files: Files) -> None:
    assert files.ask("a", lambda: files.count("a")) == 2
    same = files.later(b=["other"])
    assert same.ask("a", lambda: same.count("a")) == 2
    assert same.made == []
    other = same.later(a=["x"])
    assert other.ask("a", lambda: other.count("a")) == 1
    assert other.made == ["a"]


def test_who_asks_a_question_has_read_what_its_answer_read(files: Files) -> None:
    def outer(now: Files) -> int:
        return now.ask("outer", lambda: now.ask("inner", lambda: now.count("a")) + 1)

    assert outer(files) == 3
    # The inner one holds, so that what it read is taken from what is kept.
    second = files.later(b=[])
    assert outer(second) == 3
    third = second.later(a=[])
    assert outer(third) == 1
    assert third.made == ["outer", "inner"]


def test_a_memo_hands_on_what_was_read_when_it_was_filled(files: Files) -> None:
    files.count("a")
    assert files.ask("late", lambda: files.count("a")) == 2
    later = files.later(a=[])
    assert later.ask("late", lambda: later.count("a")) == 0


def test_a_value_hides_what_it_was_made_from(files: Files) -> None:
    assert files.ask("value", lambda: files.length("a")) == 2
    swapped = files.later(a=["y", "z"])
    assert swapped.ask("value", lambda: swapped.length("a")) == 2
    assert swapped.made == []
    longer = swapped.later(a=["y", "z", "x"])
    assert longer.ask("value", lambda: longer.length("a")) == 3


def test_a_lookup_is_read_by_its_key(files: Files) -> None:
    def holders(now: Files, word: str) -> int:
        return now.ask(word, lambda: len(now.with_word.files(word)))

    assert [holders(files, word) for word in "xz"] == [1, 1]
    later = files.later(b=["z", "x"])
    assert [holders(later, word) for word in "xz"] == [2, 1]
    assert later.made == ["x"]
    gone = later.later(b=["x"])
    assert [holders(gone, word) for word in "xz"] == [2, 0]
    assert gone.made == ["z"]


def test_an_answer_that_reads_the_disk_is_made_each_time(files: Files) -> None:
    def ask(now: Files) -> int:
        def look() -> int:
            now.answers.note(DISK)
            return 1

        return now.ask("disk", look)

    assert ask(files) == 1
    later = files.later()
    assert ask(later) == 1
    assert later.made == ["disk"]


def test_an_answer_that_nothing_asked_for_is_kept_while_it_holds(files: Files) -> None:
    files.ask("a", lambda: files.count("a"))
    files.ask("b", lambda: files.count("b"))
    later = files.later(b=[]).later()
    assert "b" not in later.answers.keep().answers
    assert later.ask("a", lambda: later.count("a")) == 2
    assert later.ask("b", lambda: later.count("b")) == 0
    assert later.made == ["b"]


def test_a_value_that_changed_while_nobody_asked_is_not_taken_for_unchanged(files: Files) -> None:
    def look(now: Files) -> None:
        for path in now.words:
            now.answers.answer("words", path, int, partial(now.count, path))

    look(files)
    assert files.ask("value", lambda: files.length("a")) == 2
    unasked = files.later(a=["x"])
    look(unasked)
    later = unasked.later(b=[])
    look(later)
    assert later.ask("value", lambda: later.length("a")) == 1


def test_an_answer_of_another_type_is_made_again(files: Files) -> None:
    files.answers.answer("text", "", str, lambda: "two")
    later = files.later()
    assert later.answers.answer("text", "", int, lambda: 2) == 2


def test_answers_that_point_nowhere_are_made_again() -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode(7))
    for kept in (Kept([], [], {"a": [("", 3, raw)]}), Kept([], [[9]], {"a": [("", 0, raw)]})):
        files = Files({"a": ["x"]}, kept)
        assert files.ask("a", partial(files.count, "a")) == 1


def test_without_digests_nothing_is_noted_or_kept() -> None:
    files = Files({"a": ["x"]}, keeping=False)
    assert files.ask("a", lambda: files.count("a") + files.length("a")) == 2
    assert files.answers.noted is None
    assert files.answers.keep().names == []


class Maze:
    """Questions that follow words from file to file: read directly, by memo, value, lookup or another question."""

    def __init__(self, files: Files, words: str) -> None:
        self.files = files
        self.paths = sorted(files.words)
        self.words = words

    def all(self) -> list[int]:
        for path in self.paths:
            self.files.answers.answer("words", path, int, partial(self.files.count, path))
        return [self.files.answers.answer("top", path, int, partial(self.follow, path, 3)) for path in self.paths]

    def follow(self, path: str, depth: int) -> int:
        return sum(self.step(path, word, depth) for word in self.files.read(path))

    def step(self, path: str, word: str, depth: int) -> int:
        kind = self.words.index(word)
        other = self.paths[(kind + len(path) + depth) % len(self.paths)]
        match kind:
            case 0:
                return self.files.count(other)
            case 1:
                return 7 * self.files.length(other)
            case 2:
                return 31 * len(self.files.with_word.files(self.words[depth % len(self.words)]))
            case 3 if depth:
                ask = partial(self.follow, other, depth - 1)
                return self.files.answers.answer("follow", f"{other} {depth - 1}", int, ask)
        return 0


@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_after_any_edits_kept_answers_are_those_of_a_fresh_scan(seed: int, *, adds: bool) -> None:
    chance = random.Random(seed)  # noqa: S311
    paths, words = [f"file{number}" for number in range(8)], "uvwxyz"
    files = Files({path: chance.choices(words, k=4) for path in paths})
    files.adds = adds
    Maze(files, words).all()
    for _ in range(12):
        files = files.later(**{chance.choice(paths): chance.choices(words, k=chance.randrange(5))})
        assert Maze(files, words).all() == Maze(Files(files.words, keeping=False), words).all()
