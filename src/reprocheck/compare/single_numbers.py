"""Single numbers and columns of them: how far apart, as a document writes them or as floats."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from reprocheck.compare.arrays import judge
from reprocheck.compare.context import Context
from reprocheck.compare.tolerances import allows
from reprocheck.model.comparison import Difference, Distance, Limits


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a document writes it, so that no digit is lost."""

    text: str


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
