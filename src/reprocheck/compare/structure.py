"""Trees of values (documents, pickled objects, headers): what differs between two of them, and where."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from reprocheck.compare.arrays import StoredArray, compare_arrays, judge
from reprocheck.compare.content import UnreadableError
from reprocheck.compare.context import Context, content, metadata, shown
from reprocheck.compare.tolerances import allows
from reprocheck.compare.volatile import same_but_for_place, volatile_key
from reprocheck.model.comparison import Because, Difference, Distance, Limits, Outcome

DEEPEST = 120
"""Values in values."""
MOST = 5_000_000
"""Pairs of values that are looked at."""
_LARGEST_DOUBLE = 308


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a document writes it, so that no digit is lost."""

    text: str


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


def as_number(value: object) -> float | int | Decimal | None:
    """A number that arithmetic can be done with; None for everything else."""
    match value:
        case bool():
            return None
        case int() | float():
            return value
        case Number():
            return number_of(value.text)
        case _:
            return None


def number_of(text: str) -> float | Decimal | None:
    """A number as written; a decimal keeps every digit, so that `0.10` and `0.1` are the same and nothing else is."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        try:
            return float(text)
        except ValueError:
            return None
    return value if value.is_finite() else float(text)


def compare_numbers(
    left: float | Decimal, right: float | Decimal, context: Context, name: str, key: str
) -> Difference | None:
    """How two numbers differ, as doubles where they aren't whole; None when they are the same."""
    tolerance = context.tolerance(key)
    distance = number_distance(left, right, tolerance.limits if tolerance else None)
    difference = judge(distance, context, name, key, kind="number")
    if difference is None:
        return None
    return Difference(
        name=name,
        outcome=difference.outcome,
        because=difference.because,
        kind="number",
        left=str(left)[:60],
        right=str(right)[:60],
        distance=distance,
        tolerance=difference.tolerance,
    )


def number_distance(left: float | Decimal, right: float | Decimal, limits: Limits | None) -> Distance:
    """Distance of two single numbers; whole ones have no steps between neighbours."""
    whole = isinstance(left, int) and isinstance(right, int)
    if _same_number(left, right):
        return Distance(elements=1, differing=0, beyond=None if limits is None else 0)
    a, b = _double(left), _double(right)
    one_nan, both_nan = math.isnan(a) != math.isnan(b), math.isnan(a) and math.isnan(b)
    if one_nan or both_nan:
        return Distance(
            elements=1,
            differing=1,
            max_ulp=None if whole else 0,
            max_absolute=0.0,
            max_relative=0.0,
            nan_one_side=int(one_nan),
            nan_payloads=int(both_nan),
            beyond=None if limits is None else int(one_nan),
        )
    if isinstance(left, float) or isinstance(right, float):
        absolute = abs(a - b)
    else:
        absolute = _double(abs(Decimal(left) - Decimal(right)))
    largest = max(abs(a), abs(b))
    relative = math.inf if math.isinf(absolute) else absolute / largest if largest else 0.0
    ulp = None if whole else steps(a, b)
    inside = limits is not None and allows(limits, ulp=ulp, absolute=absolute, relative=relative)
    return Distance(
        elements=1,
        differing=1,
        max_ulp=ulp,
        max_absolute=absolute,
        max_relative=relative,
        signed_zeros=int(a == b == 0),
        beyond=None if limits is None else int(not inside),
    )


def _same_number(left: float | Decimal, right: float | Decimal) -> bool:
    match left, right:
        case float(), float():
            return struct.pack("<d", left) == struct.pack("<d", right)
        case Decimal(), Decimal():
            return left == right and (bool(left) or left.is_signed() == right.is_signed())
        case _:
            return type(left) is type(right) and left == right


def _double(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def steps(left: float, right: float) -> int:
    """Doubles from one double to another; 0 between `0.0` and `-0.0`."""
    return abs(_place(left) - _place(right))


def _place(value: float) -> int:
    bits = int.from_bytes(struct.pack(">d", value), "big", signed=True)
    return bits if bits >= 0 else -(1 << 63) - bits


def _as_column(left: Sequence[object], right: Sequence[object]) -> tuple[list[object], list[object]] | None:
    """Both sequences when they are numbers of the same count: they are measured as one column."""
    if len(left) != len(right) or len(left) < 2:  # noqa: PLR2004 — a single number is told as itself
        return None
    first = type(left[0])
    if first not in {int, float, Number} or not all(type(item) is first for item in (*left, *right)):
        return None
    return list(left), list(right)


def compare_columns(
    left: Sequence[object], right: Sequence[object], context: Context, name: str, key: str
) -> Difference | None:
    """How two columns of numbers of the same length differ."""
    tolerance = context.tolerance(key)
    column = Column(tolerance.limits if tolerance else None)
    for a, b in zip(left, right, strict=True):
        if (a is not b and a != b) or isinstance(a, float):
            column.add(as_number(a), as_number(b))
        else:
            column.skip()
    return judge(column.distance(), context, name, key, kind="numbers", what=f"{len(left)} numbers")


@dataclass(slots=True)
class Column:
    """Collects the distance of two columns of numbers, pair by pair."""

    limits: Limits | None = None
    elements: int = 0
    differing: int = 0
    first: int = -1
    _ulp: int | None = None
    _absolute: float = 0.0
    _relative: float = 0.0
    _nan_one_side: int = 0
    _nan_payloads: int = 0
    _signed_zeros: int = 0
    _beyond: int = 0

    def skip(self) -> None:
        """Take a pair that is the same."""
        self.elements += 1

    def add(self, left: float | Decimal | None, right: float | Decimal | None) -> None:
        """Take a pair."""
        assert left is not None
        assert right is not None
        found = number_distance(left, right, self.limits)
        if found.differing:
            if self.first < 0:
                self.first = self.elements
            self.differing += 1
            self._ulp = found.max_ulp if self._ulp is None else max(self._ulp, found.max_ulp or 0)
            self._absolute = max(self._absolute, found.max_absolute or 0.0)
            self._relative = max(self._relative, found.max_relative or 0.0)
            self._nan_one_side += found.nan_one_side
            self._nan_payloads += found.nan_payloads
            self._signed_zeros += found.signed_zeros
            self._beyond += found.beyond or 0
        self.elements += 1

    def distance(self) -> Distance:
        """What was measured."""
        return Distance(
            elements=self.elements,
            differing=self.differing,
            max_ulp=self._ulp,
            max_absolute=self._absolute,
            max_relative=self._relative,
            first=(self.first,) if self.first >= 0 else (),
            nan_one_side=self._nan_one_side,
            nan_payloads=self._nan_payloads,
            signed_zeros=self._signed_zeros,
            beyond=None if self.limits is None else self._beyond,
        )


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


def same_within(outcome: Outcome) -> bool:
    """Whether an outcome passes."""
    return outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}


def by_tolerance(difference: Difference) -> bool:
    """Whether a tolerance decided."""
    return Because.TOLERANCE in difference.because
