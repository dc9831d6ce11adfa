"""Distances between floats, element by element: what every quicker way must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy.typing as npt

    from reprocheck.compare.number_formats import NumberFormat

    Array = npt.NDArray[Any]


class Extremes(msgspec.Struct, frozen=True):
    """Greatest distances that are known already."""

    ulp: int
    absolute: float
    relative: float


class BlockDistance(msgspec.Struct, frozen=True):
    """What is known after one more block."""

    differing: int
    """Elements of the block."""
    known: Extremes
    """Of everything that was measured."""
    inside: bool
    """Whether all elements of the block are known to keep to one of the limits."""


def relatives(left: Array, right: Array) -> Array:
    """Relative distances in double precision; 0 between two zeros, infinite where a difference is."""
    import numpy as np

    left, right = left.astype(np.float64), right.astype(np.float64)
    gap = np.abs(left - right)
    relative: Array = gap / np.maximum(np.abs(left), np.abs(right))
    relative[gap == 0] = 0.0
    relative[np.isinf(gap)] = np.inf
    return relative


def steps_between(a: Array, b: Array) -> Array:
    """Number of steps between floats given by their bits, as unsigned 64-bit integers; 0 between `0.0` and `-0.0`."""
    import numpy as np

    lowest = np.iinfo(a.dtype).min
    a, b = a.astype(np.int64), b.astype(np.int64)
    a, b = np.where(a < 0, lowest - a, a), np.where(b < 0, lowest - b, b)
    steps: Array = np.maximum(a, b).view(np.uint64) - np.minimum(a, b).view(np.uint64)
    return steps


def magnitude(value: float, number: NumberFormat) -> int:
    """Bits of a number that isn't negative, as an integer, rounded up where the format can't hold it."""
    import numpy as np

    if number.size == 8:  # noqa: PLR2004 — bytes of a double
        return int(np.float64(value).view(np.int64))
    with np.errstate(over="ignore"):
        return int(np.nextafter(np.float32(value), np.float32(np.inf)).view(np.int32))
