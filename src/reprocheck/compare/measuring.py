"""Measures how far apart two arrays are, block by block.

What is usual has a quick way for each kind of number; NaN, infinity, zeros that change their sign, complex numbers and
blocks in which something is beyond a tolerance are reckoned with element by element.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reprocheck.compare.compiled_blocks import CompiledBlocks, Kernels
from reprocheck.compare.distances import Extremes, relatives, steps_between
from reprocheck.compare.float_blocks import FloatBlocks
from reprocheck.compare.half_floats import HalfBlocks
from reprocheck.compare.number_formats import NumberFormat, NumberKind, floats, integers, named_format
from reprocheck.compare.whole_blocks import WholeBlocks, whole_relatives
from reprocheck.model.comparison import Distance, Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_HALF = 2
"""Bytes of a half-precision number."""
_BLOCK = 1 << 19
"""Bytes of a side that are taken at once: with what is computed from them they stay in a core's cache."""
_MOST_STEPS = (1 << 64) - 1
_SMALL = 64
"""Bytes that are not worth two views."""


class Measurement:
    """Collects the distance of two arrays of the same format while their blocks go by."""

    def __init__(self, number: NumberFormat, limits: Limits | None = None, kernels: Kernels | None = None) -> None:
        """`limits` are checked element by element; without `kernels` no compiled code is used."""
        self._number = number
        self._limits = limits
        self._elements = 0
        self._differing = 0
        self._first = -1
        self._known = Extremes(0, 0.0, 0.0)
        self._nan_one_side = 0
        self._nan_payloads = 0
        self._signed_zeros = 0
        self._beyond = 0
        self._blocks = _blocks(number, limits)
        self._kernels = kernels
        self._compiled: CompiledBlocks | None = None

    def add(self, left: memoryview, right: memoryview) -> None:
        """Take two blocks of the same length; both hold whole elements."""
        for start in range(0, len(left), _BLOCK):
            self._add(left[start : start + _BLOCK], right[start : start + _BLOCK])

    def _farther(self, ulp: int = 0, absolute: float = 0.0, relative: float = 0.0) -> None:
        known = self._known
        self._known = Extremes(max(known.ulp, ulp), max(known.absolute, absolute), max(known.relative, relative))

    def _add(self, left: memoryview, right: memoryview) -> None:
        count = len(left) // self._number.size
        if not _same(left, right):
            if self._compiled is None and self._kernels is not None:
                self._compiled = self._kernels.blocks(self._number, self._limits)
            if self._compiled is not None:
                self._at_once(self._compiled, integers(left, self._number), integers(right, self._number))
            else:
                started = time.thread_time()
                self._step_by_step(left, right, count)
                if self._kernels is not None:
                    self._kernels.spent(time.thread_time() - started)
        self._elements += count

    def _at_once(self, compiled: CompiledBlocks, a: Array, b: Array) -> None:
        found = compiled.look(a, b, self._known)
        parts = 2 if self._number.kind is NumberKind.COMPLEX else 1
        self._found(int((a != b).argmax()) // parts if self._first < 0 else 0, found.differing)
        self._nan_one_side += found.nan_one_side
        self._nan_payloads += found.nan_payloads
        self._signed_zeros += found.signed_zeros
        self._beyond += found.beyond
        self._known = found.known

    def _step_by_step(self, left: memoryview, right: memoryview, count: int) -> None:
        import numpy as np

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

    def append(self, after: Measurement) -> None:
        """Take what was measured of the elements that follow."""
        if self._first < 0 <= after._first:
            self._first = self._elements + after._first
        self._elements += after._elements
        self._differing += after._differing
        self._farther(after._known.ulp, after._known.absolute, after._known.relative)
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
            max_ulp=self._known.ulp if is_float else None,
            max_absolute=self._known.absolute if is_number else None,
            max_relative=self._known.relative if is_number else None,
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
        """Integers and truth values."""
        import numpy as np

        letter = "i" if self._number.kind is NumberKind.SIGNED else "u"
        a, b = (integers(side, self._number).view(f"{letter}{self._number.size}") for side in (left, right))
        if self._quickly(a, b):
            return
        where = np.flatnonzero(a != b)
        self._found(int(where[0]), len(where))
        absolute, relative = whole_relatives(a[where], b[where])
        self._farther(0, float(absolute.max()), float(relative.max()))
        if (limits := self._limits) is not None:
            good = np.zeros(len(where), bool)
            if limits.absolute is not None:
                good |= absolute <= limits.absolute
            if limits.relative is not None:
                good |= relative <= limits.relative
            self._beyond += int(np.count_nonzero(~good))

    def _floats(self, a: Array, b: Array, parts: int) -> None:
        """`parts` consecutive floats make one element."""
        if not self._quickly(a, b, parts):
            self._exactly(a, b, parts)

    def _quickly(self, a: Array, b: Array, parts: int = 1) -> bool:
        """Measure the usual; False, with nothing taken, when that can't be done."""
        block = None if self._blocks is None else self._blocks.look(a, b, self._known)
        if block is None or (self._limits is not None and not block.inside):
            return False
        differing = block.differing
        if parts > 1:
            differs = a != b
            differing = int((differs[::2] | differs[1::2]).sum())
        self._found(int((a != b).argmax()) // parts if self._first < 0 else 0, differing)
        self._known = block.known
        return True

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
        absolute, relative, ulp = np.abs(left - right), relatives(left, right), steps_between(a, b)
        number = ~(nan_left | nan_right)
        if number.any():
            self._farther(int(ulp[number].max()), float(absolute[number].max()), float(relative[number].max()))
        if (limits := self._limits) is not None:
            good = both.copy()
            if limits.ulp is not None:
                good |= number & (ulp <= np.uint64(min(limits.ulp, _MOST_STEPS)))
            if limits.absolute is not None:
                good |= number & (absolute <= limits.absolute)
            if limits.relative is not None:
                good |= number & (relative <= limits.relative)
            self._beyond += len(np.unique(where[~good] // parts))


def _blocks(number: NumberFormat, limits: Limits | None) -> FloatBlocks | HalfBlocks | WholeBlocks | None:
    """The quick way of a format; None where there is none."""
    match number.kind:
        case NumberKind.FLOAT:
            return HalfBlocks(number, limits) if number.size == _HALF else FloatBlocks(number, limits)
        case NumberKind.COMPLEX:
            part = named_format(f"float{number.size * 4}")
            return None if part is None else _blocks(part, limits)
        case NumberKind.SIGNED | NumberKind.UNSIGNED | NumberKind.BOOL:
            return WholeBlocks(limits)
        case _:
            return None


def _same(left: memoryview, right: memoryview) -> bool:
    import numpy as np

    if len(left) < _SMALL:
        return bytes(left) == bytes(right)
    if left[:_SMALL] != right[:_SMALL]:  # where something differs, most does
        return False
    words = len(left) // 8 * 8
    same = np.array_equal(np.frombuffer(left[:words], np.uint64), np.frombuffer(right[:words], np.uint64))
    return bool(same) and bytes(left[words:]) == bytes(right[words:])


def _index(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        position, here = divmod(position, max(size, 1))
        index.append(here)
    return tuple(reversed(index))
