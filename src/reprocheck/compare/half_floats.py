"""Measures 16-bit floats as the integers that their bits are: reckoning with them as floats takes far longer.

Where no sign changes a few passes over the integers bound all distances, and the elements that may be farther apart
than what is known are reckoned with exactly. Elsewhere they are widened to single floats in a way that keeps steps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reprocheck.compare.distances import BlockDistance, Extremes, relatives
from reprocheck.compare.float_blocks import FloatBlocks
from reprocheck.compare.number_formats import floats, named_format
from reprocheck.compare.tolerances import allows
from reprocheck.model.comparison import Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    from reprocheck.compare.number_formats import NumberFormat

    Array = npt.NDArray[Any]

_MAGNITUDE = 0x7FFF
_ROUNDING = 1e-9
"""More than rounding takes from a relative distance."""
_DIGITS = 1e-15
"""More than the last digit of a double."""
_MANY, _SOME = 8192, 2048
"""Elements."""


class HalfBlocks:
    """Looks at blocks of one pair of arrays, with memory that is used again."""

    def __init__(self, number: NumberFormat, limits: Limits | None) -> None:
        """`limits` are tried on whole blocks."""
        self._number = number
        self._steps = 1 << number.mantissa
        """From a power of two to the next; what is below is not normal."""
        self._infinity = ((1 << number.exponent) - 1) << number.mantissa
        self._bias = (1 << (number.exponent - 1)) - 1
        self._mantissa = number.mantissa
        self._limits = limits or Limits()
        self._spare: list[Array] = []
        self._across = False
        """Whether signs differed in a block before, as they will in the next one."""
        self._wide = _Wide(number, self._limits)

    def look(self, a: Array, b: Array, known: Extremes) -> BlockDistance | None:
        """Bits of both sides as signed integers; None when that can't be told, as `FloatBlocks` has it."""
        found = None if self._across else self._within_signs(a, b, known)
        if found is None:
            self._across = True
            found = self._wide.look(a, b, known)
        return found

    def _within_signs(self, a: Array, b: Array, known: Extremes) -> BlockDistance | None:
        """Look at a block in as few passes as can be; None when signs may differ, or numbers not be finite."""
        import numpy as np

        steps, doubled = self._buffers(len(a))
        np.subtract(a, b, out=steps)
        differing = int(np.count_nonzero(steps))
        ulp = max(int(np.maximum.reduce(steps)), -int(np.minimum.reduce(steps)))
        np.add(a, a, out=doubled)  # takes the signs away
        unsigned = doubled.view(np.uint16)
        top, low = int(np.maximum.reduce(unsigned)) >> 1, int(np.minimum.reduce(unsigned)) >> 1
        # Between other signs the difference wraps: to `2**15 - |x - y|` of their magnitudes. That is more than `ulp` if
        # both are below `2**15 - ulp`; and if only that of `a` is, but no less than `ulp`, however large the other is.
        most = min(self._infinity, _MAGNITUDE + 1 - ulp)
        if ulp > low or top + ulp >= most:
            top = max(top, int(np.maximum.reduce(b)), int(np.maximum.reduce(b.view(np.uint16))) & _MAGNITUDE)
            if top >= most:
                return None
        else:
            top += ulp
        if differing:
            magnitudes = max(low - ulp, 0), top
            where = self._places(ulp, magnitudes, known)
            if len(where) > _MANY:  # as in the first block, of which a few elements rule out most
                known = self._farther(a, b, where[:: len(where) // _SOME], known, ulp)
                where = self._places(ulp, magnitudes, known)
            known = self._farther(a, b, where, known, ulp)
        return BlockDistance(
            differing,
            known,
            allows(self._limits, ulp=ulp, absolute=known.absolute, relative=known.relative * (1 + _ROUNDING)),
        )

    def _places(self, ulp: int, magnitudes: tuple[int, int], known: Extremes) -> Array:
        """Places that may raise the absolute or the relative distance; all `magnitudes` lie between the two given.

        Of numbers that are normal, so many steps apart, those have the greatest relative distance of which the lesser
        is a power of two.
        """
        import numpy as np

        steps, doubled = self._spare
        low, top = magnitudes
        worth: list[Array] = []
        doublings, rest = divmod(ulp, self._steps)
        greater = (self._steps + rest) << doublings  # with `self._steps` for the lesser
        if (greater - self._steps) / greater > known.relative:
            half, power = math.frexp(1 / (1 - known.relative * (1 - _DIGITS)))
            reached = int((power - 1 + 2 * half - 1) * self._steps * (1 - _ROUNDING))
            worth.append(np.flatnonzero(np.abs(steps) > reached))
        if known.relative < 1 and low < self._steps:
            worth.append(np.flatnonzero(doubled.view(np.uint16) < 2 * (self._steps + ulp)))
        # `ulp` steps at the greatest number, each as large as its power of two makes it.
        needed = known.absolute / ulp
        if self._step_at(top) > needed:
            powers = range(top >> self._mantissa)
            least = next((power for power in powers if self._step_at(power << self._mantissa) > needed), len(powers))
            worth.append(np.flatnonzero(doubled.view(np.uint16) >= 2 * max((least << self._mantissa) - ulp, 0)))
        return np.concatenate(worth) if worth else np.empty(0, np.int64)

    def _farther(self, a: Array, b: Array, where: Array, known: Extremes, ulp: int) -> Extremes:
        """What is known after reckoning with the elements at some places."""
        import numpy as np

        absolute, relative = known.absolute, known.relative
        if len(where):
            left, right = (floats(side[where], self._number).astype(np.float64) for side in (a, b))
            absolute = max(absolute, float(np.abs(left - right).max()))
            relative = max(relative, float(relatives(left, right).max()))
        return Extremes(max(known.ulp, ulp), absolute, relative)

    def _step_at(self, bits: int) -> float:
        """From a number to the next."""
        return 2.0 ** (max(bits >> self._mantissa, 1) - self._bias - self._mantissa)

    def _buffers(self, count: int) -> list[Array]:
        import numpy as np

        if not self._spare or len(self._spare[0]) != count:
            self._spare = [np.empty(count, np.int16) for _ in range(2)]
        return self._spare


class _Wide:
    """Measures them as single floats: the same bits at another place, so that steps stay steps.

    For `float16` that takes a power of two from every number, which no relative distance shows.
    """

    def __init__(self, number: NumberFormat, limits: Limits) -> None:
        single = named_format("float32")
        assert single is not None
        self._less = number.exponent - single.exponent
        self._shift = single.mantissa - number.mantissa
        self._scale = 2.0 ** ((1 << (single.exponent - 1)) - (1 << (number.exponent - 1)))
        self._infinity = ((1 << number.exponent) - 1) << number.mantissa
        wide = Limits(
            ulp=None if limits.ulp is None else limits.ulp << self._shift,
            absolute=None if limits.absolute is None else limits.absolute / self._scale,
            relative=limits.relative,
        )
        self._blocks = FloatBlocks(single, wide)
        self._spare: list[Array] = []

    def look(self, a: Array, b: Array, known: Extremes) -> BlockDistance | None:
        """Like `FloatBlocks.look`."""
        import numpy as np

        if not self._spare or len(self._spare[0]) != len(a):
            self._spare = [np.empty(len(a), np.int32) for _ in range(2)]
        left, right = self._spare
        if not (self._widen(a, left) and self._widen(b, right)):
            return None
        known = Extremes(known.ulp << self._shift, known.absolute / self._scale, known.relative)
        found = self._blocks.look(left, right, known)
        if found is None:
            return None
        known = found.known
        known = Extremes(known.ulp >> self._shift, known.absolute * self._scale, known.relative)
        return BlockDistance(found.differing, known, found.inside)

    def _widen(self, bits: Array, wide: Array) -> bool:
        """False when something is no finite number."""
        import numpy as np

        if self._less:  # what isn't finite would be
            top = max(int(np.maximum.reduce(bits)), int(np.maximum.reduce(bits.view(np.uint16))) & _MAGNITUDE)
            if top >= self._infinity:
                return False
        np.copyto(wide, bits)
        np.left_shift(wide, 16, out=wide)
        if self._less:
            np.right_shift(wide, 16 - self._shift, out=wide)
            np.bitwise_and(wide, ~((1 << 31) - (1 << (15 + self._shift))), out=wide)
        return True
