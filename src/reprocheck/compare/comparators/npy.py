"""Compares NumPy's own files without loading them; archives of them (`.npz`) are ZIP files.

Source: `numpy/lib/format.py`, format versions 1.0 to 3.0.
"""

from __future__ import annotations

import ast
import math
from typing import Any

import msgspec

from reprocheck.compare.arrays import StoredArray, column_strides, compare_arrays
from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.number_formats import numpy_format, opaque_format
from reprocheck.model.comparison import Difference

_MAGIC = b"\x93NUMPY"
_LONGEST = 1 << 16


def _is_npy(probe: Probe) -> bool:
    return probe.head.startswith(_MAGIC)


def read_npy(source: Content) -> StoredArray:
    """The array of a `.npy` file; raises `UnreadableError`, for arrays of objects too: they are pickles."""
    import numpy as np

    version = source.read(6, 2)
    if version not in {b"\1\0", b"\2\0", b"\3\0"}:
        raise UnreadableError(f"is of version {version[0]}.{version[1]}")
    width = 2 if version[0] == 1 else 4
    length = int.from_bytes(source.read(8, width), "little")
    if length > _LONGEST:
        raise UnreadableError(f"has a header of {length} bytes")
    start = 8 + width + length
    header = _header(source.read(8 + width, length))
    shape, by_columns = header["shape"], header["fortran_order"]
    try:
        dtype: np.dtype[Any] = np.dtype(_described(header["descr"]))
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"describes elements that make no sense ({error})") from None
    if dtype.hasobject:
        raise UnreadableError("holds objects, which only unpickling could read")
    if (
        type(by_columns) is not bool
        or not isinstance(shape, tuple)
        or not all(type(n) is int and n >= 0 for n in shape)
    ):
        raise UnreadableError("has a header that makes no sense")
    if dtype.shape:
        shape, dtype = (*shape, *dtype.shape), dtype.base
    if source.size - start != math.prod(shape) * dtype.itemsize:
        raise UnreadableError("does not end with its array")
    record = dtype if dtype.names else None
    number = opaque_format("record", dtype.itemsize) if dtype.names else numpy_format(dtype)
    strides = column_strides(shape) if by_columns and len(shape) > 1 else None
    return StoredArray(number, shape, source.region(start, source.size - start), strides, 0, record)


def _header(text: bytes) -> dict[str, Any]:
    if not text.endswith(b"\n"):
        raise UnreadableError("has a header without an end")
    try:
        header = ast.literal_eval(text.decode("utf-8").strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"has a header that can't be read ({type(error).__name__})") from None
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise UnreadableError("has a header that makes no sense")
    return header


def _described(description: object) -> Any:  # noqa: ANN401 — what NumPy takes for a type
    if isinstance(description, str):
        return description
    if isinstance(description, list):
        return [tuple(_described(part) if isinstance(part, list) else part for part in field) for field in description]
    raise UnreadableError("describes elements that make no sense")


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    found = compare_arrays(read_npy(left), read_npy(right), context, context.path, "")
    if found is None:
        return context.gathered(context.path, "npy", (), "the same array, another header")
    return msgspec.structs.replace(found, kind="npy")


NPY = Comparator("npy", _is_npy, _compare)
