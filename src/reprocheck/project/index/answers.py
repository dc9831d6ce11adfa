"""Answers about single files and programs of a project, kept from scan to scan while what they were made from stays.

While a question is answered, everything that is read of the project is noted under a name: the path for the facts of a
file, another name for what is put together from many files. A kept answer holds in a later scan when all that it read
has the digest that it had then (verifying traces: Mokhov, Mitchell and Peyton Jones, "Build systems à la carte", 2018).
An answer that reads too much is made again too often, and is never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec

DISK = "\0disk\0"
"""Name of what lies on disk beside the facts; it has no digest, so that no answer which reads it is kept."""
NOTHING: frozenset[str] = frozenset()
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DIGEST = 16
_TOGETHER = 64
"""Subjects whose answers are kept together."""

Answer = TypeVar("Answer")
Key = TypeVar("Key")
Traced = tuple[Answer, frozenset[str]]
"""A value with the names of all that was read for it."""


class Kept(msgspec.Struct, array_like=True):
    """Answers of one scan for the next."""

    names: list[tuple[str, bytes]] = []
    """What was read, with its digest."""
    reads: list[list[int]] = []
    """Sets of things that were read together, each as positions among the names."""
    answers: dict[str, list[tuple[str, int, msgspec.Raw]]] = {}
    """By question: subject, position among the reads, encoded answer. Of several about one subject the last counts."""
    gone: list[int] = []
    """Positions of reads that hold no more."""

    def add(self, later: Kept) -> None:
        """Add what a later scan found beyond this; its positions go on behind those that are here."""
        self.names += later.names
        self.reads += later.reads
        self.gone += later.gone
        for question, rows in later.answers.items():
            self.answers.setdefault(question, []).extend(rows)


class _Made(NamedTuple):
    """An answer that was made in this scan."""

    value: Any
    reads: frozenset[str]


class _Earlier(NamedTuple):
    """An answer of an earlier scan that holds."""

    value: Any
    reads: int
    """Position among what is read together."""
    encoded: msgspec.Raw


class Answers:
    """The answers of one scan."""

    def __init__(self, digests: Mapping[str, bytes] | None = None, kept: Kept | None = None) -> None:
        """`digests` are those of all facts by path, where answers are to be kept; `kept` is of an earlier scan."""
        self.noted: set[str] | None = None
        """What was read since the question was asked that is being answered; None when there is none."""
        self.keeping = digests is not None
        self._now: dict[str, bytes] = dict(digests or {})
        self._told: dict[tuple[str, str], _Made | _Earlier] = {}
        self._interned: dict[frozenset[str], frozenset[str]] = {}
        self._kept = kept or Kept()
        self._gone = set(self._kept.gone)
        self._rows: dict[str, dict[str, tuple[int, msgspec.Raw]]] = {}
        self._same = {at for at, (name, value) in enumerate(self._kept.names) if self._now.get(name) == value}
        """Positions of names that have the digest that they had, as far as that is known."""
        self._named: dict[int, frozenset[str]] = {}
        self._values: dict[str, Callable[[str], object]] = {}
        self._unchanged: dict[str, Callable[[str], bool]] = {}
        self.fresh = 0
        """Answers that were made in this scan."""

    @property
    def count(self) -> int:
        """Answers of earlier scans that are kept, those that hold no more among them."""
        return sum(len(rows) for rows in self._kept.answers.values())

    # Noting what is read

    def note(self, name: str) -> None:
        """Note that something was read whose digest is known."""
        if self.noted is not None:
            self.noted.add(name)

    def note_value(self, of: str, key: str) -> None:
        """Note that a value was read which is put together from several files: see `values`."""
        if self.noted is not None:
            self.noted.add(f"\0{of}\0{key}")

    def values(self, of: str, value: Callable[[str], object], unchanged: Callable[[str], bool] | None = None) -> None:
        """Say how values of one kind, which must be encodable, are found by their key.

        `unchanged` says of a key whether its value is surely that of the earlier scan, where this costs less.
        """
        self._values[of] = value
        if unchanged is not None:
            self._unchanged[of] = unchanged

    def _digest(self, name: str) -> bytes | None:
        """Digest of what has a name, now; None where that can't be told."""
        known = self._now.get(name)
        if known is None and name[0] == "\0":
            _, of, key = name.split("\0", 2)
            value = self._values.get(of)
            if value is not None:
                known = self._now[name] = digest(self.apart(lambda: value(key)))
        return known

    def traced(self, ask: Callable[[], Answer]) -> Traced[Answer]:
        """What a function gives, with all that it read; the question around it does not read that by itself."""
        if not self.keeping:
            return ask(), NOTHING
        outer, self.noted = self.noted, set()
        try:
            value = ask()
            reads = frozenset(self.noted)
        finally:
            self.noted = outer
        return value, self._interned.setdefault(reads, reads)

    def apart(self, ask: Callable[[], Answer]) -> Answer:
        """What a function gives that is read under a name of its own, so that what it reads itself is not noted."""
        outer, self.noted = self.noted, None
        try:
            return ask()
        finally:
            self.noted = outer

    def remembered(self, memo: dict[Key, Traced[Answer]], key: Key, ask: Callable[[], Answer]) -> Answer:
        """What a function gives, remembered for the time of a scan together with what it read."""
        known = memo.get(key)
        if known is None:
            known = memo[key] = self.traced(ask)
        if self.noted is not None:
            self.noted |= known[1]
        return known[0]

    # Keeping answers

    def answer(self, question: str, subject: str, kind: Any, ask: Callable[[], Answer]) -> Answer:  # noqa: ANN401
        """The answer to a question about one subject; `kind` is its type, which must be encodable."""
        key = (question, subject)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = self._earlier(question, subject, kind) or self._made(ask)
        if self.noted is not None:
            self.noted |= told.reads if isinstance(told, _Made) else self._names_of(told.reads)
        return told.value  # type: ignore[no-any-return]

    def each(
        self,
        question: str,
        subjects: Iterable[str],
        kind: Any,  # noqa: ANN401
        ask: Callable[[str], tuple[Answer, ...]],
    ) -> Iterator[Answer]:
        """All that a question has for answer about each of many subjects, in their order.

        `kind` is the type of what it says of one subject: `tuple[X, ...]`.

        Answers about neighbours are kept together too: most say nothing, and few are asked for by themselves.
        """
        ordered = list(subjects)
        for start in range(0, len(ordered), _TOGETHER):
            group = ordered[start : start + _TOGETHER]
            together = partial(self._all_of, question, group, kind, ask)
            yield from self.answer(f"{question} of each", digest(group).hex(), kind, together)

    def _all_of(
        self,
        question: str,
        subjects: Iterable[str],
        kind: Any,  # noqa: ANN401
        ask: Callable[[str], tuple[Answer, ...]],
    ) -> tuple[Answer, ...]:
        if not self.keeping:
            return tuple(each for subject in subjects for each in ask(subject))
        return tuple(
            each for subject in subjects for each in self.answer(question, subject, kind, partial(ask, subject))
        )

    def _made(self, ask: Callable[[], Any]) -> _Made:
        self.fresh += 1
        return _Made(*self.traced(ask))

    def _earlier(self, question: str, subject: str, kind: Any) -> _Earlier | None:  # noqa: ANN401
        row = self._row(question, subject)
        if row is None or not self._still(row[0]):
            return None
        try:
            return _Earlier(_decoder(kind).decode(row[1]), *row)
        except msgspec.ValidationError:
            return None

    def _row(self, question: str, subject: str) -> tuple[int, msgspec.Raw] | None:
        rows = self._rows.get(question)
        if rows is None:
            found = self._kept.answers.get(question, ())
            rows = self._rows[question] = {about: (at, raw) for about, at, raw in found if at not in self._gone}
        return rows.get(subject)

    def holds(self, question: str, subject: str) -> bool:
        """Whether an answer of the earlier scan holds."""
        row = self._row(question, subject)
        return row is not None and self._still(row[0])

    def all_same(self, question: str, kind: Any, ask: Callable[[str], object]) -> bool:  # noqa: ANN401
        """Whether a question has the answers of the earlier scan about all its subjects; some may be asked again."""
        rows = self._all_rows(question)
        return bool(rows) and all(
            self._still(at)
            or self.before(question, subject, kind) == self.answer(question, subject, kind, partial(ask, subject))
            for subject, (at, _) in rows.items()
        )

    def before(self, question: str, subject: str, kind: Any) -> Any:  # noqa: ANN401
        """The answer of the earlier scan, whether it holds or not; None where there is none."""
        row = self._row(question, subject)
        try:
            return None if row is None else _decoder(kind).decode(row[1])
        except msgspec.ValidationError:
            return None

    def _still(self, position: int) -> bool:
        """Whether all that was read has the digest that it had."""
        try:
            reads = self._kept.reads[position]
            if self._same.issuperset(reads):
                return True
            named = [(at, *self._kept.names[at]) for at in reads if at not in self._same]
        except IndexError:
            return False  # what is kept is damaged
        for at, name, value in named:
            if not self._is_unchanged(name) and self._digest(name) != value:
                return False
            self._same.add(at)
        return True

    def _is_unchanged(self, name: str) -> bool:
        """Whether a value of the project is surely that of the earlier scan."""
        if name[0] != "\0":
            return False
        _, of, key = name.split("\0", 2)
        unchanged = self._unchanged.get(of)
        return unchanged is not None and unchanged(key)

    def _names_of(self, position: int) -> frozenset[str]:
        named = self._named.get(position)
        if named is None:
            names = self._kept.names
            named = self._named[position] = frozenset(names[at][0] for at in self._kept.reads[position])
        return named

    def keep(self) -> Kept:
        """All answers of this scan, and those earlier ones that nothing asked for and that hold still."""
        self._find_gone()
        self._find_digests()
        writer = _Writer(self._kept, self._digest)
        for (question, subject), told in self._told.items():
            if isinstance(told, _Earlier):
                writer.add(question, subject, writer.earlier(told.reads), told.encoded)
            else:
                writer.add_made(question, subject, told)
        for question in self._kept.answers:
            for subject, (position, raw) in self._all_rows(question).items():
                if (question, subject) not in self._told:
                    writer.add(question, subject, writer.earlier(position), raw)
        return writer.kept

    def addition(self) -> Kept:
        """What this scan found beyond what was kept, to be added to it."""
        gone = self._find_gone()
        self._find_digests()
        writer = _Writer(Kept(), self._digest, self._kept)
        for (question, subject), told in self._told.items():
            if isinstance(told, _Made):
                writer.add_made(question, subject, told)
        return msgspec.structs.replace(writer.kept, gone=gone)

    def _find_gone(self) -> list[int]:
        """Positions of reads that held and hold no more. What nobody asked about has to be looked at too.

        Later scans may compare some values with those of this scan alone; so what has changed once must not be taken
        for unchanged then.
        """
        still, gone = self._still, self._gone
        found = [at for at in range(len(self._kept.reads)) if at not in gone and not still(at)]
        gone.update(found)
        self._rows = {}
        return found

    def _find_digests(self) -> None:
        """Find the digests of all that was read; to find one, further questions may be asked."""
        done = 0
        while done < len(self._told):
            asked = list(self._told.values())[done:]
            done += len(asked)
            for name in {name for told in asked if isinstance(told, _Made) for name in told.reads}:
                self._digest(name)

    def _all_rows(self, question: str) -> dict[str, tuple[int, msgspec.Raw]]:
        self._row(question, "")
        return self._rows[question]


class _Writer:
    """Puts together what is kept."""

    def __init__(self, earlier: Kept, digest_of: Callable[[str], bytes | None], behind: Kept | None = None) -> None:
        """Positions go on behind those of `behind`, where it is given."""
        self.kept = Kept([], [], {}, [])
        self._earlier = earlier
        self._digest_of = digest_of
        names = [] if behind is None else behind.names
        self._first = 0 if behind is None else len(behind.reads)
        self._names: dict[tuple[str, bytes], int] = {name: at for at, name in enumerate(names)}
        self._count = len(names)
        self._moved: dict[int, int] = {}
        self._reads: dict[frozenset[str], int | None] = {}

    def add(self, question: str, subject: str, reads: int, answer: msgspec.Raw) -> None:
        self.kept.answers.setdefault(question, []).append((subject, reads, answer))

    def add_made(self, question: str, subject: str, made: _Made) -> None:
        """Add an answer of this scan, if something can hold it."""
        reads = self._fresh(made.reads)
        if reads is not None:
            self.add(question, subject, reads, msgspec.Raw(_ENCODER.encode(made.value)))

    def earlier(self, position: int) -> int:
        """Where the reads of an earlier scan come to stand."""
        if position not in self._moved:
            names = self._earlier.names
            self._moved[position] = self._added([self._name(names[at]) for at in self._earlier.reads[position]])
        return self._moved[position]

    def _fresh(self, reads: frozenset[str]) -> int | None:
        """Where reads of this scan come to stand; None where some have no digest, so that nothing can hold them."""
        if reads not in self._reads:
            named = [(name, self._digest_of(name)) for name in sorted(reads)]
            known = [(name, value) for name, value in named if value is not None]
            self._reads[reads] = self._added([self._name(each) for each in known]) if len(known) == len(named) else None
        return self._reads[reads]

    def _added(self, reads: list[int]) -> int:
        self.kept.reads.append(reads)
        return self._first + len(self.kept.reads) - 1

    def _name(self, name: tuple[str, bytes]) -> int:
        at = self._names.get(name)
        if at is None:
            at = self._names[name] = self._count
            self._count += 1
            self.kept.names.append(name)
        return at


class Lookup:
    """Which files say something under a key, such as all that define a method of some name.

    Who looks a key up has read which files those are, and not what else stands in them or in any other file.
    """

    def __init__(self, answers: Answers, name: str, paths: Iterable[str], keys: Callable[[str], Iterable[str]]) -> None:
        """`keys` are those of one file; `name` tells lookups apart."""
        self._answers = answers
        self._name = name
        self._paths = paths
        self._keys = keys
        self._table: dict[str, list[str]] | None = None
        answers.values(name, self._found)

    def files(self, key: str) -> Sequence[str]:
        """Paths of the files that have the key, in order."""
        self._answers.note_value(self._name, key)
        return self._found(key)

    def _found(self, key: str) -> Sequence[str]:
        if self._table is None:
            self._table = self._answers.apart(self._joined)
        return self._table.get(key, ())

    def _joined(self) -> dict[str, list[str]]:
        table: dict[str, list[str]] = {}
        for path in self._paths:
            for key in self._answers.answer(self._name, path, tuple[str, ...], partial(self._of, path)):
                table.setdefault(key, []).append(path)
        return table

    def _of(self, path: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._keys(path)))


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:  # noqa: ANN401
    return msgspec.msgpack.Decoder(kind)


def digest(value: object) -> bytes:
    """Digest of an encodable value."""
    return blake2b(_ENCODER.encode(value), digest_size=_DIGEST).digest()
