"""Measures how far apart two arrays are, block by block.

A block lies in the core's cache and each pass over it costs about a twentieth of a nanosecond per byte, so that what
counts is the number of passes. Floats therefore go one of three ways: same signs (ten passes), other signs (fifteen,
most elements ruled out by bounds), and the exact one for NaN, infinity, tolerances and everything else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reprocheck.compare.half_floats import Extremes, HalfMeasure
from reprocheck.compare.number_formats import NumberFormat, NumberKind, floats, integers
from reprocheck.model.comparison import Distance, Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_SAME_SIGN_BELOW = 2.0
"""Absolute difference below which floats whose bits differ by little have the same sign, see `_same_signs`."""
_ROUNDING = 1e-4
"""What rounding may take from the logarithm of a product."""
_NARROW = 1.5
"""Relative distance from which the interval that could hold a greater one is narrow enough for single precision."""
_HALF = 2
"""Bytes of a half-precision number."""
_HALVES = 1 << 16
"""Bytes of them that are taken at once."""
_SMALL = 64
"""Bytes that are not worth two views."""


class Measurement:
    """Collects the distance of two arrays of the same format while their blocks go by."""

    def __init__(self, number: NumberFormat, limits: Limits | None = None) -> None:
        """`limits` are checked element by element."""
        self._number = number
        self._limits = limits
        self._elements = 0
        self._differing = 0
        self._first = -1
        self._ulp = 0
        self._absolute = 0.0
        self._relative = 0.0
        self._nan_one_side = 0
        self._nan_payloads = 0
        self._signed_zeros = 0
        self._beyond = 0
        self._spare: dict[str, Array] = {}
        self._half: HalfMeasure | None = None

    def add(self, left: memoryview, right: memoryview) -> None:
        """Take two blocks of the same length; both hold whole elements."""
        if self._number.size != _HALF or self._number.kind is not NumberKind.FLOAT:
            self._add(left, right)
            return
        if self._limits is None and self._halves(left, right):
            return
        for start in range(0, len(left), _HALVES):  # they are reckoned with at twice their size
            self._add(left[start : start + _HALVES], right[start : start + _HALVES])

    def _halves(self, left: memoryview, right: memoryview) -> bool:
        """Measure them as integers; False, with nothing taken, when that can't be done."""
        if not _same(left, right):
            self._half = self._half or HalfMeasure(self._number)
            a, b = integers(left, self._number), integers(right, self._number)
            block = self._half.look(a, b, Extremes(self._ulp, self._absolute, self._relative))
            if block is None:
                return False
            self._found(block.first, block.differing)
            self._ulp = max(self._ulp, block.ulp)
            if len(block.worth):
                self._farther(a[block.worth], b[block.worth])
        self._elements += len(left) // _HALF
        return True

    def _farther(self, a: Array, b: Array) -> None:
        """Take finite numbers that may be farther apart than all before."""
        import numpy as np

        left, right = floats(a, self._number).astype(np.float64), floats(b, self._number).astype(np.float64)
        with np.errstate(all="ignore"):  # zero on both sides
            self._absolute = max(self._absolute, float(np.abs(left - right).max()))
            self._relative = max(self._relative, float(_relatives(left, right).max()))
        self._ulp = max(self._ulp, int(_steps(a, b).max()))

    def _add(self, left: memoryview, right: memoryview) -> None:
        import numpy as np

        count = len(left) // self._number.size
        if not _same(left, right):
            with np.errstate(all="ignore"):
                match self._number.kind:
                    case NumberKind.FLOAT:
                        self._floats(integers(left, self._number), integers(right, self._number), 1)
                    case NumberKind.COMPLEX:
                        self._floats(integers(left, self._number), integers(right, self._number), 2)
                    case NumberKind.OPAQUE:
                        self._opaque(left, right, count)
                    case _:
                        self._whole(left, right)
        self._elements += count

    def append(self, after: Measurement) -> None:
        """Take what was measured of the elements that follow."""
        if self._first < 0 <= after._first:
            self._first = self._elements + after._first
        self._elements += after._elements
        self._differing += after._differing
        self._ulp = max(self._ulp, after._ulp)
        self._absolute = max(self._absolute, after._absolute)
        self._relative = max(self._relative, after._relative)
        self._nan_one_side += after._nan_one_side
        self._nan_payloads += after._nan_payloads
        self._signed_zeros += after._signed_zeros
        self._beyond += after._beyond

    def distance(self, shape: tuple[int, ...] = ()) -> Distance:
        """What was measured; the first index is told in `shape` (row by row)."""
        kind = self._number.kind
        is_float = kind in {NumberKind.FLOAT, NumberKind.COMPLEX}
        is_number = kind is not NumberKind.OPAQUE
        return Distance(
            elements=self._elements,
            differing=self._differing,
            max_ulp=self._ulp if is_float else None,
            max_absolute=self._absolute if is_number else None,
            max_relative=self._relative if is_number else None,
            first=_index(self._first, shape) if self._first >= 0 else (),
            nan_one_side=self._nan_one_side,
            nan_payloads=self._nan_payloads,
            signed_zeros=self._signed_zeros,
            beyond=self._beyond if self._limits is not None else None,
        )

    def _found(self, first: int, count: int) -> None:
        if self._first < 0:
            self._first = self._elements + first
        self._differing += count

    def _opaque(self, left: memoryview, right: memoryview, count: int) -> None:
        import numpy as np

        size = self._number.size
        differs = (np.frombuffer(left, np.uint8) != np.frombuffer(right, np.uint8)).reshape(count, size).any(axis=1)
        found = int(np.count_nonzero(differs))
        self._found(int(differs.argmax()), found)
        self._beyond += found

    def _whole(self, left: memoryview, right: memoryview) -> None:
        """Integers and truth values; differences of 64 bits are exact until they are told as floats."""
        import numpy as np

        number = self._number
        letter = "i" if number.kind is NumberKind.SIGNED else "u"
        dtype = f"{'>' if number.big else '<'}{letter}{number.size}"
        a, b = np.frombuffer(left, dtype), np.frombuffer(right, dtype)
        where = np.flatnonzero(a != b)
        self._found(int(where[0]), len(where))
        a, b = a[where].astype(f"={letter}8"), b[where].astype(f"={letter}8")
        gap = np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(np.uint64)
        absolute = gap.astype(np.float64)
        relative = absolute / np.maximum(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))
        self._absolute = max(self._absolute, float(absolute.max()))
        self._relative = max(self._relative, float(relative.max()))
        if (limits := self._limits) is not None:
            good = np.zeros(len(where), bool)
            if limits.absolute is not None:
                good |= absolute <= limits.absolute
            if limits.relative is not None:
                good |= relative <= limits.relative
            self._beyond += int(np.count_nonzero(~good))

    def _floats(self, a: Array, b: Array, parts: int) -> None:
        """`parts` consecutive floats make one element."""
        if parts > 1 or self._limits is not None or not self._quickly(a, b):
            self._exactly(a, b, parts)

    # Two quick ways

    def _quickly(self, a: Array, b: Array) -> bool:
        """Measure the usual; False, with nothing taken, when an element is NaN or the difference of two is infinite."""
        import numpy as np

        left, right = floats(a, self._number), floats(b, self._number)
        gap = np.subtract(left, right, out=self._buffer("gap", left))
        absolute = float(max(gap.max(), -gap.min()))
        if not math.isfinite(absolute):
            return False
        if not (absolute < _SAME_SIGN_BELOW and self._same_signs(a, b)):
            if not self._other_signs(a, b, left, right):
                return False
            self._relatives_of_other_signs(absolute, left, right)
        else:
            quotient = np.divide(gap, left, out=gap)
            high, low = float(quotient.max()), float(quotient.min())
            if math.isnan(high):  # zero on both sides
                high, low = float(np.fmax.reduce(quotient)), float(np.fmin.reduce(quotient))
            # `1 - b/a` is the relative distance where a is the greater one, else `-q / (1 - q)` is.
            below = 0.0 if low >= 0 else 1.0 if low == -math.inf else -low / (1.0 - low)
            self._relative = max(self._relative, high, below)
        self._absolute = max(self._absolute, absolute)
        return True

    def _same_signs(self, a: Array, b: Array) -> bool:
        """Measure steps where no sign changes; False when that can't be told.

        When signs differ, the difference of the bits as integers wraps: its magnitude is below a quarter of the range
        only where one of the floats is 2 or more, and then they are at least 2 apart.
        """
        import numpy as np

        steps = np.subtract(a, b, out=self._buffer("steps", a))
        ulp = max(int(steps.max()), -int(steps.min()))
        if ulp >= 1 << (8 * a.itemsize - 2):
            return False
        self._found(int((steps != 0).argmax()) if self._first < 0 else 0, int(np.count_nonzero(steps)))
        self._ulp = max(self._ulp, ulp)
        return True

    def _other_signs(self, a: Array, b: Array, left: Array, right: Array) -> bool:
        """Measure steps where signs change; False when a zero may have changed its sign."""
        import numpy as np

        differs = self._buffer("differs", a, bool)
        equal = int(np.count_nonzero(np.equal(left, right, out=differs)))
        count = int(np.count_nonzero(np.not_equal(a, b, out=differs)))
        if equal + count != len(a):
            return False
        self._found(int(differs.argmax()) if self._first < 0 else 0, count)
        # Steps between numbers of one sign are no more than the bits of the greatest; those across zero are the sum of
        # both magnitudes' bits. Normal numbers have `bits <= 2**mantissa * (log2 + bias)`, which rules out those with a
        # small product; a number below normal adds less than `2**mantissa`.
        same_sign_most = self._most_of_one_sign(left, right)
        bias = (1 << (self._number.exponent - 1)) - 1
        needed = self._ulp / 2.0**self._number.mantissa - 2 * bias - _ROUNDING
        reach = 1022 if a.itemsize == 8 else 126  # noqa: PLR2004 — powers of two that a product can have
        if self._ulp >= same_sign_most + (1 << self._number.mantissa) and needed > -reach:
            product = np.multiply(left, right, out=self._buffer("product", left))
            least = -(2.0 ** min(needed, reach))
            if float(product.min()) > least:
                return True
            where = np.flatnonzero(product <= least)
            a, b = a[where], b[where]
        if len(a):
            self._ulp = max(self._ulp, int(_steps(a, b).max()))
        return True

    def _most_of_one_sign(self, left: Array, right: Array) -> int:
        """No two numbers of one sign are more steps apart; where what is known is beyond any, nothing is looked at."""
        infinity = ((1 << self._number.exponent) - 1) << self._number.mantissa
        if self._ulp >= infinity + (1 << self._number.mantissa):
            return infinity
        top = max(float(left.max()), float(right.max()), -float(left.min()), -float(right.min()))
        return _magnitude(top, self._number)

    def _relatives_of_other_signs(self, absolute: float, left: Array, right: Array) -> None:
        import numpy as np

        before = self._relative
        if before > _NARROW:
            # Above r (1.5 < r <= 2) lie those with |a + b| < (2 - r) * max(|a|, |b|), where the greater one is below
            # |a - b| / 1.5.
            reach = (2.0 - before) * absolute / _NARROW * (1 + _ROUNDING)
            off = np.add(left, right, out=self._buffer("product", left))
            np.abs(off, out=off)
            if float(off.min()) >= reach:
                return
            where = np.flatnonzero(off < reach)
            left, right = left[where], right[where]
        if len(left):
            self._relative = max(before, float(_relatives(left, right).max()))

    def _buffer(self, name: str, like: Array, dtype: type | None = None) -> Array:
        import numpy as np

        found = self._spare.get(name)
        if found is None or len(found) != len(like):
            found = self._spare[name] = np.empty(len(like), dtype or like.dtype)
        return found

    # The exact way

    def _exactly(self, a: Array, b: Array, parts: int) -> None:
        """Measure whatever the bits are."""
        import numpy as np

        where = np.flatnonzero(a != b)
        self._found(int(where[0]) // parts, len(np.unique(where // parts)) if parts > 1 else len(where))
        a, b = a[where], b[where]
        left, right = floats(a, self._number).astype(np.float64), floats(b, self._number).astype(np.float64)
        nan_left, nan_right = np.isnan(left), np.isnan(right)
        both = nan_left & nan_right
        self._nan_one_side += int(np.count_nonzero(nan_left ^ nan_right))
        self._nan_payloads += int(np.count_nonzero(both))
        self._signed_zeros += int(np.count_nonzero((left == 0) & (right == 0)))
        absolute, relative, ulp = np.abs(left - right), _relatives(left, right), _steps(a, b)
        number = ~(nan_left | nan_right)
        if number.any():
            self._absolute = max(self._absolute, float(absolute[number].max()))
            self._relative = max(self._relative, float(relative[number].max()))
            self._ulp = max(self._ulp, int(ulp[number].max()))
        if (limits := self._limits) is not None:
            good = both.copy()
            if limits.ulp is not None:
                good |= number & (ulp <= np.uint64(limits.ulp))
            if limits.absolute is not None:
                good |= number & (absolute <= limits.absolute)
            if limits.relative is not None:
                good |= number & (relative <= limits.relative)
            self._beyond += len(np.unique(where[~good] // parts))


def _same(left: memoryview, right: memoryview) -> bool:
    import numpy as np

    if len(left) < _SMALL:
        return bytes(left) == bytes(right)
    if left[:_SMALL] != right[:_SMALL]:  # where something differs, most does
        return False
    words = len(left) // 8 * 8
    same = np.array_equal(np.frombuffer(left[:words], np.uint64), np.frombuffer(right[:words], np.uint64))
    return bool(same) and bytes(left[words:]) == bytes(right[words:])


def _relatives(left: Array, right: Array) -> Array:
    """Relative distances in double precision; 0 between two zeros, infinite where a difference is."""
    import numpy as np

    left, right = left.astype(np.float64), right.astype(np.float64)
    gap = np.abs(left - right)
    relative: Array = gap / np.maximum(np.abs(left), np.abs(right))
    relative[gap == 0] = 0.0
    relative[np.isinf(gap)] = np.inf
    return relative


def _steps(a: Array, b: Array) -> Array:
    """Number of steps between floats given by their bits, as unsigned 64-bit integers; 0 between `0.0` and `-0.0`."""
    import numpy as np

    lowest = np.iinfo(a.dtype).min
    a, b = a.astype(np.int64), b.astype(np.int64)
    a, b = np.where(a < 0, lowest - a, a), np.where(b < 0, lowest - b, b)
    steps: Array = np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(np.uint64)
    return steps


def _magnitude(value: float, number: NumberFormat) -> int:
    """Bits of a number that isn't negative, as an integer, rounded up where the format can't hold it."""
    import numpy as np

    if number.size == 8:  # noqa: PLR2004 — bytes of a double
        return int(np.float64(value).view(np.int64))
    single = np.float32(value)
    if number.name in {"float32", "bfloat16"}:
        return int(single.view(np.int32)) >> (23 - number.mantissa)
    return int(np.float16(single).view(np.int16))


def _index(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        position, here = divmod(position, max(size, 1))
        index.append(here)
    return tuple(reversed(index))
