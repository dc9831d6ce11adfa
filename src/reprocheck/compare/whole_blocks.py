"""Measures blocks of integers and truth values, of which bounds rule most elements out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reprocheck.compare.distances import BlockDistance, Extremes
from reprocheck.compare.tolerances import allows
from reprocheck.model.comparison import Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_ROUNDING = 1e-9
"""More than rounding takes from a bound in double precision, as a share of it."""
_FARTHEST = 2.0
"""No relative distance is greater: it is that of a number and its negative."""
_LARGE = 0.5
_MANY, _SOME = 8192, 2048
"""Elements."""


def whole_relatives(a: Array, b: Array) -> tuple[Array, Array]:
    """Absolute and relative distances of integers that differ; those of 64 bits are exact till they become floats."""
    import numpy as np

    wide = "i8" if a.dtype.kind == "i" else "u8"
    a, b = a.astype(wide), b.astype(wide)
    gap = np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(np.uint64)
    absolute = gap.astype(np.float64)
    return absolute, absolute / np.maximum(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))


class WholeBlocks:
    """Looks at blocks of one pair of arrays, with memory that is used again."""

    def __init__(self, limits: Limits | None) -> None:
        """`limits` are tried on whole blocks."""
        self._limits = limits or Limits()
        self._spare: list[Array] = []

    def look(self, a: Array, b: Array, known: Extremes) -> BlockDistance:
        """Both sides in this machine's byte order."""
        import numpy as np

        lower, gap = self._buffers(a)
        high, low = np.maximum(a, b, out=gap), np.minimum(a, b, out=lower)
        least, most = int(np.minimum.reduce(high)), int(np.maximum.reduce(high))
        lowest = int(np.minimum.reduce(low))
        gaps = np.subtract(high, low, out=gap).view(f"u{a.itemsize}")
        farthest = int(np.maximum.reduce(gaps))
        differing = int(np.count_nonzero(gaps))
        block = _Block(a, b, low, gaps, (lowest, least, most), farthest)
        relative = known.relative
        where = block.places(relative)
        if len(where) > _MANY:  # as in the first block, of which a few elements rule out most
            relative = block.relative(where[:: len(where) // _SOME], relative)
            where = block.places(relative)
        relative = block.relative(where, relative)
        known = Extremes(0, max(known.absolute, float(farthest)), relative)
        return BlockDistance(
            differing, known, allows(self._limits, ulp=None, absolute=float(farthest), relative=relative)
        )

    def _buffers(self, like: Array) -> list[Array]:
        import numpy as np

        if not self._spare or len(self._spare[0]) != len(like):
            self._spare = [np.empty(len(like), like.dtype) for _ in range(2)]
        return self._spare


class _Block:
    """Two blocks and what was found of them."""

    def __init__(
        self, a: Array, b: Array, low: Array, gaps: Array, bounds: tuple[int, int, int], farthest: int
    ) -> None:
        """`low`: the lesser of two elements; `bounds`: the least of these, and least and greatest of the others."""
        self._a, self._b = a, b
        self._low, self._gaps = low, gaps
        self._lowest, self._least, self._most = bounds
        self._farthest = farthest

    def relative(self, where: Array, known: float) -> float:
        """The greatest relative distance after reckoning with the elements at some places."""
        if not len(where):
            return known
        return max(known, float(whole_relatives(self._a[where], self._b[where])[1].max()))

    def places(self, known: float) -> Array:
        """Places of elements that may have a greater relative distance than what is known."""
        import numpy as np

        if known >= _FARTHEST or not self._farthest or (self._lowest >= 0 and known >= 1):
            return np.empty(0, np.int64)
        if self._lowest < 0:
            return self._across(known)
        # It is `gap / high`, or `1 - low / high`.
        if self._farthest <= known * self._least * (1 - _ROUNDING):
            return np.empty(0, np.int64)
        if known < _LARGE:
            return np.flatnonzero(self._gaps > int(known * self._least * (1 - _ROUNDING)))
        return np.flatnonzero((self._low <= int((1 - known) * self._most * (1 + _ROUNDING))) & (self._gaps != 0))

    def _across(self, known: float) -> Array:
        """Likewise where numbers may be negative: from 1 on only two of other signs are that far apart.

        Those above `r` have `|a + b| < (2 - r) * max(|a|, |b|)`, and neither is farther from 0 than from the other.
        """
        import numpy as np

        if known < 1:
            return np.flatnonzero(self._gaps)
        off = np.add(self._a, self._b, out=self._low)
        np.abs(off, out=off)
        return np.flatnonzero((off <= int((2 - known) * self._farthest * (1 + _ROUNDING))) & (self._gaps != 0))
