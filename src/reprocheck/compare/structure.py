"""Trees of values (documents, pickled objects, headers): what differs between two of them, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reprocheck.compare.arrays import StoredArray, compare_arrays
from reprocheck.compare.content import UnreadableError
from reprocheck.compare.context import Context, content, metadata, shown
from reprocheck.compare.single_numbers import Number, as_number, compare_columns, compare_numbers
from reprocheck.compare.volatile import same_but_for_place, volatile_key
from reprocheck.model.comparison import Difference

DEEPEST = 120
"""Values in values."""
MOST = 5_000_000
"""Pairs of values that are looked at."""


@dataclass(slots=True, eq=False)
class Symbol:
    """An object that was described and never made: what would have been called, with what, and its state after it."""

    name: str
    """Qualified name of the class or function."""
    arguments: tuple[object, ...] = ()
    state: object = None
    items: list[object] = field(default_factory=list)
    """What would have been appended to it."""
    pairs: dict[object, object] = field(default_factory=dict)
    """What would have been set in it."""


@dataclass(slots=True, eq=False)
class Unordered:
    """A set."""

    items: list[object]


@dataclass(slots=True)
class Walk:
    """Goes through two trees side by side."""

    context: Context
    plain_strings: bool = False
    """Whether texts are content as they stand, without ids and folders to look away from."""
    _left: int = MOST
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def compare(self, left: object, right: object, name: str, key: str, depth: int = 0) -> Iterator[Difference]:
        """What differs below two values; `key` is their place in the artifact, its parts joined by dots."""
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise UnreadableError("is nested too deeply" if depth > DEEPEST else f"has more than {MOST} values")
        match left, right:
            case dict(), dict():
                yield from self._mappings(left, right, name, key, depth)
            case ((list() | tuple()), (list() | tuple())) if type(left) is type(right):
                yield from self._sequences(left, right, name, key, depth)
            case Symbol(), Symbol():
                yield from self._symbols(left, right, name, key, depth)
            case Unordered(), Unordered():
                yield from self._sets(left, right, name)
            case StoredArray(), StoredArray():
                difference = compare_arrays(left, right, self.context, name, key)
                if difference is not None:
                    yield difference
                yield from self.compare(left.about, right.about, f"{name} (description)", key, depth + 1)
            case _:
                difference = self.scalar(left, right, name, key)
                if difference is not None:
                    yield difference

    def scalar(self, left: object, right: object, name: str, key: str) -> Difference | None:
        """How two values without parts differ; None when they don't."""
        numbers = as_number(left), as_number(right)
        if numbers[0] is not None and numbers[1] is not None and type(left) is type(right):
            return compare_numbers(numbers[0], numbers[1], self.context, name, key)
        if type(left) is type(right) and left == right:
            return None
        if isinstance(left, str) and isinstance(right, str) and not self.plain_strings:
            a, b = self.context.placeless(left), self.context.placeless(right)
            kinds = "folders" if a == b else same_but_for_place(a, b)
            if kinds:
                return metadata(name, kinds, left, right)
        what = "another type of value" if type(left) is not type(right) else "another value"
        return content(name, what, described(left), described(right), "value")

    def _first_time(self, left: object, right: object) -> bool:
        """False for a pair that was compared before: shared parts are told once, and circles end."""
        pair = (id(left), id(right))
        if pair in self._seen:
            return False
        self._seen.add(pair)
        return True

    def _mappings(
        self, left: Mapping[object, object], right: Mapping[object, object], name: str, key: str, depth: int
    ) -> Iterator[Difference]:
        if not self._first_time(left, right):
            return
        for item in left:
            label = _label(item)
            if item not in right:
                yield self._alone(item, label, left[item], "left")
                continue
            a, b = left[item], right[item]
            parts = list(self.compare(a, b, label, f"{key}.{label}" if key else label, depth + 1))
            if parts and isinstance(item, str) and volatile_key(item, _plain(a), _plain(b)):
                yield metadata(label, "changes from run to run", described(a), described(b))
            elif len(parts) == 1 and parts[0].name == label:
                yield parts[0]
            elif parts:
                yield self.context.gathered(label, "", parts)
        for item in right:
            if item not in left:
                yield self._alone(item, _label(item), right[item], "right")
        if list(left) != list(right) and left.keys() == right.keys():
            yield metadata(name, "the order of keys")

    def _alone(self, item: object, label: str, value: object, side: str) -> Difference:
        if isinstance(item, str) and volatile_key(item, _plain(value), _plain(value)):
            return metadata(label, f"only on the {side}, and changes from run to run")
        if side == "left":
            return content(label, "only on the left", described(value))
        return content(label, "only on the right", "", described(value))

    def _sequences(
        self, left: Sequence[object], right: Sequence[object], name: str, key: str, depth: int
    ) -> Iterator[Difference]:
        if not self._first_time(left, right):
            return
        numbers = _as_column(left, right)
        if numbers is not None:
            difference = compare_columns(*numbers, self.context, name, key)
            if difference is not None:
                yield difference
            return
        if len(left) != len(right):
            yield content(name, "another number of items", len(left), len(right))
        for index, (a, b) in enumerate(zip(left, right, strict=False)):
            label = f"[{index}]"
            parts = list(self.compare(a, b, label, f"{key}{label}", depth + 1))
            if len(parts) == 1 and parts[0].name == label:
                yield parts[0]
            elif parts:
                yield self.context.gathered(label, "", parts)

    def _symbols(self, left: Symbol, right: Symbol, name: str, key: str, depth: int) -> Iterator[Difference]:
        if not self._first_time(left, right):
            return
        if left.name != right.name:
            yield content(name, "another type", left.name, right.name)
            return
        for label, a, b in (
            ("arguments", left.arguments, right.arguments),
            ("state", left.state, right.state),
            ("items", left.items, right.items),
            ("entries", left.pairs, right.pairs),
        ):
            # The state is what a reader knows by name: `model.coef_`, not `model.state.coef_`.
            inner = key if label in {"state", "entries"} else f"{key}.{label}"
            yield from self.compare(
                a, b, name if label in {"state", "entries"} else f"{name}.{label}", inner, depth + 1
            )

    def _sets(self, left: Unordered, right: Unordered, name: str) -> Iterator[Difference]:
        a, b = Counter(map(described, left.items)), Counter(map(described, right.items))
        for side, only in (("left", a - b), ("right", b - a)):
            for item in only:
                yield content(name, f"only in the set on the {side}", item if side == "left" else "", item)


def _as_column(left: Sequence[object], right: Sequence[object]) -> tuple[list[object], list[object]] | None:
    """Both sequences when they are numbers of the same count: they are measured as one column."""
    if len(left) != len(right) or len(left) < 2:  # noqa: PLR2004 — a single number is told as itself
        return None
    first = type(left[0])
    if first not in {int, float, Number} or not all(type(item) is first for item in (*left, *right)):
        return None
    return list(left), list(right)


def _label(item: object) -> str:
    return item if isinstance(item, str) else shown(described(item), 60)


def _plain(value: object) -> object:
    return as_number(value) if isinstance(value, Number) else value


def described(value: object) -> str:
    """A value in a few words."""
    match value:
        case str():
            return shown(value)
        case Number():
            return shown(value.text, 60)
        case dict():
            return f"a mapping of {len(value)}"
        case list() | tuple() if len(value) > 6:  # noqa: PLR2004 — longer ones say too much
            return f"a sequence of {len(value)}"
        case list() | tuple():
            return shown("[" + ", ".join(described(item) for item in value) + "]") if len(value) else "[]"
        case Symbol():
            return value.name + "(…)"
        case Unordered():
            return shown("{" + ", ".join(sorted(map(described, value.items))) + "}", 1000)
        case StoredArray():
            return value.kind
        case _:
            return shown(value)
