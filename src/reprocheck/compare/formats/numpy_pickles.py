"""NumPy arrays as pickles describe them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reprocheck.compare.arrays import StoredArray, column_strides
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.formats.pickle_machine import Blob, Machine
from reprocheck.compare.number_formats import numpy_format, opaque_format
from reprocheck.compare.structure import Symbol

if TYPE_CHECKING:
    import numpy as np

_RECONSTRUCT = frozenset({"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})
_FROM_BUFFER = frozenset({"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"})
_SCALAR = frozenset({"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"})
_JOBLIB = "joblib.numpy_pickle.NumpyArrayWrapper"


def dtype_of(symbol: object) -> np.dtype[Any]:
    """The NumPy type that a pickle describes; raises `UnreadableError` for objects and what isn't known."""
    import numpy as np

    if not isinstance(symbol, Symbol) or symbol.name != "numpy.dtype" or not symbol.arguments:
        raise UnreadableError("describes an array of no known type")
    code, state = symbol.arguments[0], symbol.state
    if not isinstance(code, str) or len(code) > 20 or code[:1] not in "biufcVSUmM?":  # noqa: PLR2004 — such as `datetime64[ns]`
        raise UnreadableError(f"describes an array of type {code!r}")
    if isinstance(state, tuple) and len(state) > 4 and state[3]:  # noqa: PLR2004 — order of fields of dtype's state
        names, fields, size = state[3], state[4], state[5]
        try:
            spec = {
                "names": list(names),
                "formats": [dtype_of(fields[name][0]) for name in names],
                "offsets": [fields[name][1] for name in names],
                "itemsize": size,
            }
            return np.dtype(spec)  # type: ignore[call-overload, no-any-return]
        except (TypeError, KeyError, ValueError, IndexError) as error:
            raise UnreadableError(f"describes records that make no sense ({error})") from None
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "="
    try:
        found = np.dtype(code)
    except TypeError as error:
        raise UnreadableError(f"describes an array of type {code!r} ({error})") from None
    return found.newbyteorder(">") if order == ">" else found


def array_of(
    dtype: np.dtype[Any], shape: object, data: object, *, by_columns: bool, about: object = None
) -> StoredArray:
    """An array whose elements are at hand; raises `UnreadableError` when they can't be its elements."""
    if (
        dtype.hasobject
        or not isinstance(shape, tuple)
        or not all(isinstance(size, int) and size >= 0 for size in shape)
    ):
        raise UnreadableError("describes an array that makes no sense")
    match data:
        case bytes():
            stretch = Content.of_bytes("", data).region(0, len(data))
        case Blob():
            stretch = data.region
        case _:
            raise UnreadableError("describes an array without elements")
    if stretch.size != math.prod(shape) * dtype.itemsize or not dtype.itemsize:
        raise UnreadableError("describes an array whose elements have another size")
    if dtype.names:
        number, record = opaque_format("record", dtype.itemsize), dtype
    else:
        number, record = numpy_format(dtype), None
    strides = column_strides(shape) if by_columns and len(shape) > 1 else None
    return StoredArray(number, shape, stretch, strides, 0, record, about)


def recognize(machine: Machine, symbol: Symbol) -> object:
    """An array or scalar of NumPy in place of the calls that would make it; everything else as it is."""
    if symbol.name in _RECONSTRUCT and isinstance(symbol.state, tuple) and len(symbol.state) == 5:  # noqa: PLR2004
        version, shape, dtype, by_columns, data = symbol.state
        if isinstance(data, list):  # objects
            return symbol
        about = (symbol.arguments, version, dtype, by_columns)
        return array_of(dtype_of(dtype), shape, data, by_columns=bool(by_columns), about=about)
    if symbol.name == _JOBLIB:
        return _wrapped(machine, symbol)
    return symbol


def _wrapped(machine: Machine, symbol: Symbol) -> object:
    """An array that joblib wrote as raw bytes behind its description."""
    state = symbol.state
    if not isinstance(state, dict):
        raise UnreadableError("describes a joblib array that makes no sense")
    dtype, shape = state.get("dtype"), state.get("shape")
    if isinstance(dtype, Symbol) and dtype.arguments[:1] and str(dtype.arguments[0]).startswith("O"):
        inner = Machine(machine.source, position=machine.position, built=recognize)
        value = inner.load()
        machine.position = inner.position
        return Symbol("numpy.ndarray", (shape, value))
    found = dtype_of(dtype)
    if state.get("numpy_array_alignment_bytes") is not None:
        machine.position += 1 + machine.source.read(machine.position, 1)[0]
    size = math.prod(shape) * found.itemsize if isinstance(shape, tuple) else 0
    region = machine.source.region(machine.position, size)
    machine.position += size
    about = {key: value for key, value in state.items() if key != "numpy_array_alignment_bytes"}
    return array_of(found, shape, Blob(region), by_columns=state.get("order") == "F", about=about)


def settled(value: object, make: Callable[[Symbol], object] | None = None) -> object:
    """A tree in which arrays that are described by a call alone stand for themselves."""
    return _Settler(make).settle(value, 0)


class _Settler:
    def __init__(self, make: Callable[[Symbol], object] | None) -> None:
        self._make = make
        self._done: dict[int, object] = {}
        self._kept: list[object] = []

    def settle(self, value: object, depth: int) -> object:
        if depth > 150:  # noqa: PLR2004 — deeper than any comparison goes
            raise UnreadableError("is nested too deeply")
        if id(value) in self._done:
            return self._done[id(value)]
        match value:
            case dict():
                self._keep(value, value)
                for key in value:
                    value[key] = self.settle(value[key], depth + 1)
                return value
            case list():
                self._keep(value, value)
                value[:] = [self.settle(item, depth + 1) for item in value]
                return value
            case tuple():
                return tuple(self.settle(item, depth + 1) for item in value)
            case Symbol():
                return self._symbol(value, depth)
            case Blob():
                return StoredArray(opaque_format("byte", 1), (value.region.size,), value.region)
            case _:
                return value

    def _keep(self, old: object, new: object) -> object:
        self._done[id(old)] = new
        self._kept.append(old)
        return new

    def _symbol(self, symbol: Symbol, depth: int) -> object:
        made = self._make(symbol) if self._make else symbol
        if made is not symbol:
            return self._keep(symbol, made)
        match symbol.arguments:
            case (data, dtype, shape, order) if symbol.name in _FROM_BUFFER:
                return self._keep(
                    symbol, array_of(dtype_of(dtype), shape, data, by_columns=order == "F", about=(dtype, order))
                )
            case (dtype, data) if symbol.name in _SCALAR and isinstance(data, bytes):
                return self._keep(symbol, array_of(dtype_of(dtype), (), data, by_columns=False, about=dtype))
        self._keep(symbol, symbol)
        symbol.arguments = tuple(self.settle(item, depth + 1) for item in symbol.arguments)
        symbol.state = self.settle(symbol.state, depth + 1)
        symbol.items = [self.settle(item, depth + 1) for item in symbol.items]
        symbol.pairs = {key: self.settle(item, depth + 1) for key, item in symbol.pairs.items()}
        return symbol
