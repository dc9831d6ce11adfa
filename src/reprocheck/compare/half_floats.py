"""Measures 16-bit floats as the integers that their bits are: reckoning with them as floats takes five times as long.

Once a few elements are known, bounds rule nearly all others out; what is left is reckoned with exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy.typing as npt

    from reprocheck.compare.number_formats import NumberFormat

    Array = npt.NDArray[Any]

_MAGNITUDE = 0x7FFF
_FARTHEST = 2.0
"""No relative distance is greater: it is that of a number and its negative."""
_ROUNDING = 1e-9
"""What rounding may take from a relative distance."""


class Extremes(msgspec.Struct, frozen=True):
    """Greatest distances that are known already."""

    ulp: int
    absolute: float
    relative: float


class HalfBlock(msgspec.Struct, frozen=True):
    """What is to be known of one block."""

    differing: int
    first: int
    """-1 where nothing differs."""
    ulp: int
    """Greatest number of steps between elements of one sign; others are among those that are worth it."""
    worth: Any
    """Places of the elements that may be farther apart than what is known."""


class HalfMeasure:
    """Looks at blocks of one pair of arrays, with memory that is used again."""

    def __init__(self, number: NumberFormat) -> None:
        self._steps = 1 << number.mantissa
        """From a power of two to the next; what is below is not normal."""
        self._infinity = ((1 << number.exponent) - 1) << number.mantissa
        self._bias = (1 << (number.exponent - 1)) - 1
        self._mantissa = number.mantissa
        self._spare: list[Array] = []

    def look(self, a: Array, b: Array, known: Extremes) -> HalfBlock | None:
        """Bits of both sides as signed integers; None when one is no finite number or a zero may change its sign."""
        import numpy as np

        left, right, work, mask = self._buffers(len(a))
        np.bitwise_and(a, _MAGNITUDE, out=left)
        np.bitwise_and(b, _MAGNITUDE, out=right)
        top = max(int(left.max()), int(right.max()))
        if top >= self._infinity:
            return None
        np.bitwise_xor(a, b, out=work)
        differing = int(np.count_nonzero(work))
        if not differing:
            return HalfBlock(0, -1, 0, np.empty(0, np.int64))
        first = int((work != 0).argmax())
        if int(work.min()) < 0:
            worth = self._of_other_signs(left, right, work, mask, top, known)
            return None if worth is None else HalfBlock(differing, first, 0, worth)
        steps = np.subtract(left, right, out=work)
        ulp = max(int(steps.max()), -int(steps.min()))
        return HalfBlock(differing, first, ulp, self._of_same_signs(left, right, steps, top, ulp, known))

    def _of_same_signs(self, left: Array, right: Array, steps: Array, top: int, ulp: int, known: Extremes) -> Array:
        """Places that may raise the absolute or the relative distance.

        Steps that begin at a power of two are the largest for their size: `s` of them are `s / (2**mantissa + s)` of
        the greater number, where it is normal.
        """
        import numpy as np

        worth: list[Array] = []
        if ulp / (self._steps + ulp) > known.relative + _ROUNDING:
            reached = known.relative * self._steps / (1 - known.relative)
            worth.append(np.abs(steps) > reached * (1 - _ROUNDING))
        if known.relative < 1 and min(int(left.min()), int(right.min())) < self._steps:
            worth.append((steps != 0) & (np.minimum(left, right) < self._steps))
        # `ulp` steps at the greatest number, each as large as its power of two makes it.
        needed = known.absolute / ulp
        if self._step_at(top) > needed:
            powers = range(top >> self._mantissa)
            least = next((power for power in powers if self._step_at(power << self._mantissa) > needed), len(powers))
            worth.append((steps != 0) & (np.maximum(left, right) >= least << self._mantissa))
        return _places(worth)

    def _of_other_signs(
        self, left: Array, right: Array, differs: Array, mask: Array, top: int, known: Extremes
    ) -> Array | None:
        """Likewise where some signs differ; there steps and absolute distances add up over zero."""
        import numpy as np

        total = np.add(left, right, out=mask).view(np.uint16)
        if int(total.min()) == 0 and bool(((total == 0) & (differs != 0)).any()):
            return None
        worth: list[Array] = []
        if known.relative < 1:
            worth.append(differs != 0)
        elif known.relative < _FARTHEST:
            worth.append(differs < 0)
        if int(total.max()) > known.ulp:
            worth.append(total > known.ulp)
        if 2 * self._value(top) > known.absolute:
            # One of two numbers that are this far apart is at least half as large.
            worth.append(np.maximum(left, right) >= self._bits(known.absolute / 2))
        return _places(worth)

    def _step_at(self, bits: int) -> float:
        """From a number to the next."""
        return 2.0 ** (max(bits >> self._mantissa, 1) - self._bias - self._mantissa)

    def _value(self, bits: int) -> float:
        return float(self._step_at(bits) * ((bits & (self._steps - 1)) + (self._steps if bits >= self._steps else 0)))

    def _bits(self, value: float) -> int:
        """Of the greatest power of two that is no greater than `value`: a bound, no rounding."""
        powers = (power << self._mantissa for power in range(self._infinity >> self._mantissa, 0, -1))
        return next((bits for bits in powers if self._value(bits) <= value), 0)

    def _buffers(self, count: int) -> list[Array]:
        import numpy as np

        if not self._spare or len(self._spare[0]) != count:
            self._spare = [np.empty(count, np.int16) for _ in range(4)]
        return self._spare


def _places(masks: list[Array]) -> Array:
    import numpy as np

    if not masks:
        return np.empty(0, np.int64)
    found = masks[0]
    for mask in masks[1:]:
        found |= mask
    return np.flatnonzero(found)
