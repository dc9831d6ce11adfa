"""Arrays that lie in files: what is known of one before its elements are read, and the comparison of two."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from reprocheck.compare.compiled_blocks import Kernels
from reprocheck.compare.content import BLOCK, Content, Region, Stretch, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.measuring import Measurement
from reprocheck.compare.number_formats import NumberFormat, NumberKind, numpy_format
from reprocheck.model.comparison import Because, Difference, Distance, Limits, Outcome

if TYPE_CHECKING:
    import numpy as np

_AT_ONCE = 256 << 20
"""Bytes of an array that is put in another order in memory."""
_WORTH_THREADS = 4 << 20
_THREADS = 4
KERNELS = Kernels()
"""Compiled code for arrays that lie in files: one for the process, since that is what it is loaded into."""


class StoredArray(msgspec.Struct, frozen=True):
    """An array whose elements lie in a file."""

    number: NumberFormat
    shape: tuple[int, ...]
    data: Stretch
    """Exactly the elements when `strides` is None, else all that the strides reach into."""
    strides: tuple[int, ...] | None = None
    """Elements (not bytes) to the next index of each dimension; None for row by row without gaps."""
    offset: int = 0
    """Elements before the first one; 0 when `strides` is None."""
    record: Any = None
    """NumPy type with fields, when elements are records; padding between the fields is no content."""
    about: Any = None
    """What else was said of it, as values to be compared: its class, its flags."""

    @property
    def kind(self) -> str:
        """Type and shape, such as `float32[3, 4]`."""
        return f"{self.number.name}[{', '.join(map(str, self.shape))}]"


def contiguous(array: StoredArray) -> StoredArray:
    """The same array row by row without gaps; small enough ones are put in order in memory."""
    if array.strides is None:
        return array
    size = array.number.size
    count = math.prod(array.shape)
    if array.strides == row_strides(array.shape) or count <= 1:
        if isinstance(array.data, Region):
            part = array.data.content.region(array.data.offset + array.offset * size, count * size)
            return StoredArray(array.number, array.shape, part, record=array.record)
        if array.offset == 0 and array.data.size == count * size:
            return StoredArray(array.number, array.shape, array.data, record=array.record)
    return _reordered(array, count * size)


def _reordered(array: StoredArray, total: int) -> StoredArray:
    import numpy as np

    size = array.number.size
    strides = array.strides or ()
    last = array.offset + sum((extent - 1) * stride for extent, stride in zip(array.shape, strides, strict=True))
    if min(strides, default=0) < 0 or array.offset < 0 or (total and (last + 1) * size > array.data.size):
        raise UnreadableError("an array reaches beyond its data")
    if max(total, array.data.size) > _AT_ONCE:
        raise UnreadableError(f"an array of {total} bytes does not lie row by row and is too large to be put in order")
    elements = np.frombuffer(array.data.read(), f"V{size}")
    view = np.lib.stride_tricks.as_strided(
        elements[array.offset :], array.shape, [stride * size for stride in strides], writeable=False
    )
    data = Content.of_bytes("", np.ascontiguousarray(view).tobytes())
    return StoredArray(array.number, array.shape, data.region(0, data.size), record=array.record)


def row_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of an array that lies row by row."""
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


def column_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of an array that lies column by column."""
    return tuple(reversed(row_strides(tuple(reversed(shape)))))


def compare_arrays(left: StoredArray, right: StoredArray, context: Context, name: str, key: str) -> Difference | None:
    """How two arrays differ; None when they don't."""
    if left.number != right.number or left.shape != right.shape:
        what = "shape" if left.number == right.number else "type of elements"
        return Difference(
            name=name,
            outcome=Outcome.DIVERGENT,
            kind="tensor",
            message=f"another {what}",
            left=left.kind,
            right=right.kind,
        )
    if left.record is not None:
        return _compare_records(left, right, context, name, key)
    tolerance = context.tolerance(key)
    distance = measure(left, right, tolerance.limits if tolerance else None)
    return judge(distance, context, name, key, kind="tensor", what=left.kind)


def judge(distance: Distance, context: Context, name: str, key: str, *, kind: str, what: str = "") -> Difference | None:
    """The difference that a distance amounts to; None when it is none."""
    if not distance.differing:
        return None
    tolerance = context.tolerance(key)
    inside = tolerance is not None and distance.beyond == 0
    return Difference(
        name=name,
        outcome=Outcome.EQUIVALENT if inside else Outcome.DIVERGENT,
        because=(Because.TOLERANCE,) if inside else (),
        kind=kind,
        message=what,
        distance=distance,
        tolerance=tolerance.text if tolerance else "",
    )


def measure(left: StoredArray, right: StoredArray, limits: Limits | None) -> Distance:
    """Distance of two arrays of the same type and shape; large ones are measured by several threads."""
    strides = left.strides
    if strides is not None and strides == right.strides and _is_permuted(left) and _is_permuted(right):
        # What lies at the same place belongs together, in whatever order.
        found = _measured(left.number, left.data, right.data, limits).distance((math.prod(left.shape),))
        return msgspec.structs.replace(found, first=_at(found.first[0], strides)) if found.first else found
    left, right = contiguous(left), contiguous(right)
    expected = math.prod(left.shape) * left.number.size
    if left.data.size != expected or right.data.size != expected:
        raise UnreadableError(f"an array of {expected} bytes has {left.data.size} and {right.data.size}")
    return _measured(left.number, left.data, right.data, limits).distance(left.shape)


def _is_permuted(array: StoredArray) -> bool:
    """Whether the elements lie without gaps, with the dimensions in another order."""
    step = 1
    for stride, extent in sorted(zip(array.strides or (), array.shape, strict=True)):
        if stride != step or extent < 2:  # noqa: PLR2004 — the stride of a single element says nothing
            return False
        step *= extent
    return array.offset == 0 and array.data.size == step * array.number.size


def _at(position: int, strides: tuple[int, ...]) -> tuple[int, ...]:
    """Index of the element at a place in the file."""
    index = [0] * len(strides)
    for dimension in sorted(range(len(strides)), key=lambda place: -strides[place]):
        index[dimension], position = divmod(position, strides[dimension])
    return tuple(index)


def _measured(number: NumberFormat, left: Stretch, right: Stretch, limits: Limits | None) -> Measurement:
    workers = min(_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    if isinstance(left, Region) and isinstance(right, Region) and left.size >= _WORTH_THREADS and workers > 1:
        share = -(-left.size // workers // BLOCK) * BLOCK
        parts = [(start, min(share, left.size - start)) for start in range(0, left.size, share)]
        with ThreadPoolExecutor(len(parts)) as pool:
            found = list(pool.map(lambda part: _stretch(number, left.part(*part), right.part(*part), limits), parts))
        for following in found[1:]:
            found[0].append(following)
        return found[0]
    return _stretch(number, left, right, limits)


def _stretch(number: NumberFormat, left: Stretch, right: Stretch, limits: Limits | None) -> Measurement:
    # What the libraries of other formats hand over is measured in a process of its own, in which less is loaded.
    is_plain_file = isinstance(left, Region) and isinstance(right, Region)
    measurement = Measurement(number, limits, KERNELS if is_plain_file else None)
    size = max(BLOCK // number.size, 1) * number.size
    for a, b in zip(left.blocks(size), right.blocks(size), strict=True):
        measurement.add(a, b)
    return measurement


def _compare_records(left: StoredArray, right: StoredArray, context: Context, name: str, key: str) -> Difference | None:
    """Arrays of records, field by field."""
    import numpy as np

    if left.record != right.record:
        return Difference(
            name=name,
            outcome=Outcome.DIVERGENT,
            kind="tensor",
            message="other fields",
            left=str(left.record)[:200],
            right=str(right.record)[:200],
        )
    left, right = contiguous(left), contiguous(right)
    if left.data.size > _AT_ONCE:
        raise UnreadableError(f"an array of records has {left.data.size} bytes, more than are read at once")
    a, b = np.frombuffer(left.data.read(), left.record), np.frombuffer(right.data.read(), right.record)
    found = [
        difference
        for field in left.record.names or ()
        if (difference := _compare_field(a[field], b[field], context, field, f"{key}.{field}")) is not None
    ]
    return context.gathered(name, "tensor", found) if found else None


def _compare_field(
    a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], context: Context, name: str, key: str
) -> Difference | None:
    import numpy as np

    if a.dtype.names or a.dtype.hasobject:
        raise UnreadableError(f"field `{name}` holds fields or objects of its own")
    return compare_arrays(_in_memory(np.ascontiguousarray(a)), _in_memory(np.ascontiguousarray(b)), context, name, key)


def _in_memory(array: np.ndarray[Any, Any]) -> StoredArray:
    data = Content.of_bytes("", array.tobytes())
    return StoredArray(numpy_format(array.dtype), array.shape, data.region(0, data.size))


def stored(array: np.ndarray[Any, Any]) -> StoredArray:
    """An array that is in memory already."""
    return _in_memory(array)


def is_plain(number: NumberFormat) -> bool:
    """Whether elements are numbers."""
    return number.kind is not NumberKind.OPAQUE
