"""Measures blocks of single and double floats in as few passes as their greatest distances allow.

A block lies in the core's cache, where each pass over it costs about a fiftieth of a nanosecond per byte: what counts
is the number of passes. Four give the difference, its greatest and least, and how many are not zero; three the relative
distance. Bounds that follow from these mostly show that no element is farther apart than what is known already; only
where they leave it open is more reckoned, in double precision, so that every result is exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reprocheck.compare.distances import BlockDistance, Extremes, magnitude, relatives, steps_between
from reprocheck.compare.tolerances import allows
from reprocheck.model.comparison import Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    from reprocheck.compare.number_formats import NumberFormat

    Array = npt.NDArray[Any]

_ROUNDING = 1e-4
"""More than rounding takes from a bound, as a share of it or from its logarithm."""
_DIGITS = 2.0**-40, 2.0**-50
"""What rounding takes from a relative distance, as a share of it, of single and of double floats."""
_NEARLY = 2.0**-20, 2.0**-48
"""Several times what rounding takes from quotients of single and of double floats."""
_NARROW = 1.5
"""Relative distance from which on the interval of greater ones is narrow."""
_NEAR = 0.25
"""Relative distance below which no two powers of two lie between two floats."""
_WRAPS = 2.0
"""Floats of other signs whose bits, taken as integers, seem to be near each other are at least this far apart."""


class FloatBlocks:
    """Looks at blocks of one pair of arrays, with memory that is used again."""

    def __init__(self, number: NumberFormat, limits: Limits | None) -> None:
        """`limits` are tried on whole blocks."""
        self._number = number
        self._power = 1 << number.mantissa
        """Steps from a power of two to the next."""
        self._bias = (1 << (number.exponent - 1)) - 1
        self._is_double = number.size == 8  # noqa: PLR2004 — bytes
        self._digits, self._nearly = _DIGITS[self._is_double], _NEARLY[self._is_double]
        self._limits = limits or Limits()
        self._spare: list[Array] = []

    def look(self, a: Array, b: Array, known: Extremes) -> BlockDistance | None:
        """Bits of both sides as signed integers.

        None when a difference is no finite number, a zero changes its sign, or no numbers differ.
        """
        import numpy as np

        left, right, gap = a.view(f"f{a.itemsize}"), b.view(f"f{b.itemsize}"), self._buffer(a)
        np.subtract(left, right, out=gap)
        farthest = max(float(np.maximum.reduce(gap)), -float(np.minimum.reduce(gap)))
        if not math.isfinite(farthest):
            return None
        differing = int(np.count_nonzero(gap.view(a.dtype)))
        if not differing:
            return None
        block = _Block(a, b, left, right, gap, farthest)
        found = self._across_zero(block, known) if known.relative > _NARROW else self._by_quotient(block, known)
        if found is None:
            return None
        most = found.relative * (1 + _ROUNDING)
        inside = allows(self._limits, ulp=found.ulp, absolute=farthest * (1 + _ROUNDING), relative=most)
        return BlockDistance(differing, found, inside)

    # No relative distance far above 1 is known: the difference is divided.

    def _by_quotient(self, block: _Block, known: Extremes) -> Extremes | None:
        """What is known after a block; None when a zero changes its sign."""
        import numpy as np

        quotient = np.divide(block.gap, block.left, out=block.gap)
        high, low = float(np.maximum.reduce(quotient)), float(np.minimum.reduce(quotient))
        if math.isnan(high):  # zeros on both sides
            if block.flips_zeros():
                return None
            high, low = float(np.fmax.reduce(quotient)), float(np.fmin.reduce(quotient))
        if high > 1:  # some signs differ, and no other pair is that far apart
            where = np.flatnonzero(quotient >= 1)  # rounded: those whose signs differ by little are exactly 1
            relative = float(relatives(block.left[where], block.right[where]).max())
            ulp = max(known.ulp, int(steps_between(block.a[where], block.b[where]).max()))
            if self._most_of_one_sign(block.farthest) > ulp:
                ulp = max(ulp, int(steps_between(block.a, block.b).max()))
            absolute = self._absolute(block, known.absolute, overwritten=True)
            return Extremes(ulp, absolute, max(known.relative, relative))
        # `1 - b/a` is the relative distance where a is the greater one, else `-q / (1 - q)` is.
        below = 0.0 if low >= 0 else 1.0 if low == -math.inf else -low / (1.0 - low)
        relative = max(high, below)
        exact = self._relative(block, quotient, relative, known.relative)
        ulp = self._steps(block, relative, known.ulp, strict=high < 1)
        if relative < _NEAR:  # the difference of such floats is one as well
            return Extremes(ulp, max(known.absolute, block.farthest), exact)
        return Extremes(ulp, self._absolute(block, known.absolute, overwritten=True), exact)

    def _relative(self, block: _Block, quotient: Array, found: float, known: float) -> float:
        """Greatest relative distance known after a block whose greatest is `found`, but for rounding."""
        import numpy as np

        if found * (1 + self._nearly) <= known:
            return known
        least = found * (1 - self._nearly)
        where = np.flatnonzero((quotient >= least) | (quotient <= -least / (1 - least)))
        return max(known, float(relatives(block.left[where], block.right[where]).max()))

    def _absolute(self, block: _Block, known: float, *, overwritten: bool = False) -> float:
        """Greatest difference known after a block; without its `gap` if that was `overwritten`, as it is here."""
        import numpy as np

        if self._is_double or block.farthest < np.float32(known):
            return max(known, block.farthest)
        if overwritten:
            np.subtract(block.left, block.right, out=block.gap)
        where = np.flatnonzero(np.abs(block.gap, out=block.gap) == block.farthest)
        return max(known, float(np.abs(block.left[where].astype(np.float64) - block.right[where]).max()))

    def _steps(self, block: _Block, relative: float, known: int, *, strict: bool) -> int:
        """Greatest number of steps known after a block without other signs; `strict`: zeros have none either."""
        import numpy as np

        # A mantissa is below 2, so that s steps are more than `s / 2**(mantissa + 1)` of the greater number.
        if relative < _NEAR and relative * (1 + self._digits) * 2 * self._power < known + 1:
            return known
        if strict or block.farthest < _WRAPS:
            steps = np.subtract(block.a, block.b, out=block.gap.view(block.a.dtype))
            ulp = max(int(np.maximum.reduce(steps)), -int(np.minimum.reduce(steps)))
            if strict or ulp < 1 << (8 * block.a.itemsize - 2):
                return max(known, ulp)
        return max(known, int(steps_between(block.a, block.b).max()))

    # Numbers and nearly their negatives are known.

    def _across_zero(self, block: _Block, known: Extremes) -> Extremes | None:
        """Likewise, where hardly an element can have a greater relative distance than what is known."""
        import numpy as np

        # Above r (1.5 < r <= 2) lie those with |a + b| < (2 - r) * max(|a|, |b|), where the greater one is below
        # |a - b| / 1.5.
        absolute = self._absolute(block, known.absolute)
        reach = (2.0 - known.relative) * block.farthest / _NARROW * (1 + _ROUNDING)
        bits = np.add(block.left, block.right, out=block.gap).view(block.a.dtype)
        np.bitwise_and(bits, np.iinfo(bits.dtype).max, out=bits)
        least = float(np.minimum.reduce(bits).view(block.gap.dtype))
        if least == 0 and block.flips_zeros():
            return None
        relative = known.relative
        if least < reach:
            where = np.flatnonzero(block.gap < reach)
            relative = max(relative, float(relatives(block.left[where], block.right[where]).max()))
        ulp = self._steps_across(block, known.ulp)
        return Extremes(ulp, absolute, relative)

    def _steps_across(self, block: _Block, known: int) -> int:
        """Greatest number of steps known after a block in which signs differ.

        Across zero they are the sum of both magnitudes' bits, and normal numbers have `bits <= 2**mantissa * (log2 +
        bias)`: where the product of two is small, so is their sum. One below normal adds less than `2**mantissa`.
        """
        import numpy as np

        if self._most_of_one_sign(block.farthest) + self._power > known:
            return max(known, int(steps_between(block.a, block.b).max()))
        # The product of two numbers whose difference is g is at least `-(g/2)**2`.
        if self._power * (2 * math.log2(block.farthest) - 2 + 2 * self._bias + _ROUNDING) <= known:
            return known
        needed = known / self._power - 2 * self._bias - _ROUNDING
        reach = self._bias - 1  # powers of two that a product can have
        product = block.gap
        if needed > -reach:
            np.multiply(block.left, block.right, out=product)
        else:
            needed += reach
            np.multiply(block.left, 2.0**reach, out=product)
            np.multiply(product, block.right, out=product)
        least = -(2.0 ** min(needed, reach)) if needed > -reach else 0.0
        if float(np.minimum.reduce(product)) > least:
            return known
        where = np.flatnonzero(product <= least)
        return max(known, int(steps_between(block.a[where], block.b[where]).max()))

    def _most_of_one_sign(self, farthest: float) -> int:
        """No two numbers of one sign are more steps apart.

        Either no power of two lies between them or the greater one is less than twice their difference.
        """
        return max(2 * self._power, magnitude(2 * farthest * (1 + _ROUNDING), self._number))

    def _buffer(self, like: Array) -> Array:
        import numpy as np

        if not self._spare or len(self._spare[0]) != len(like):
            self._spare = [np.empty(len(like), f"f{like.itemsize}")]
        return self._spare[0]


class _Block:
    """Two blocks, as bits and as numbers, and memory of their size."""

    __slots__ = ("a", "b", "farthest", "gap", "left", "right")

    def __init__(self, a: Array, b: Array, left: Array, right: Array, gap: Array, farthest: float) -> None:
        """`gap` holds their difference till it is written over; `farthest` is the greatest."""
        self.a, self.b = a, b
        self.left, self.right = left, right
        self.gap = gap
        self.farthest = farthest

    def flips_zeros(self) -> bool:
        """Whether there are numbers that are equal and have other bits."""
        import numpy as np

        return bool(np.count_nonzero(self.a != self.b) != np.count_nonzero(self.left != self.right))
