"""How numbers lie in bytes, by the names that file formats use."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class NumberKind(Enum):
    """What arithmetic makes sense."""

    FLOAT = "float"
    COMPLEX = "complex"
    SIGNED = "signed"
    UNSIGNED = "unsigned"
    BOOL = "bool"
    OPAQUE = "opaque"
    """None: elements are the same or not."""


class NumberFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One element of an array."""

    name: str
    """Shown to people, such as `float32` or `bfloat16`."""
    kind: NumberKind
    size: int
    """Bytes."""
    big: bool = False
    """Whether the most significant byte comes first."""
    mantissa: int = 0
    """Stored mantissa bits of a float, or of each part of a complex number."""
    exponent: int = 0
    """Exponent bits, likewise."""


def _float(name: str, exponent: int, mantissa: int) -> NumberFormat:
    size = (1 + exponent + mantissa) // 8
    return NumberFormat(name=name, kind=NumberKind.FLOAT, size=size, mantissa=mantissa, exponent=exponent)


def _integers() -> list[NumberFormat]:
    signed = [NumberFormat(name=f"int{8 * size}", kind=NumberKind.SIGNED, size=size) for size in (1, 2, 4, 8)]
    unsigned = [NumberFormat(name=f"uint{8 * size}", kind=NumberKind.UNSIGNED, size=size) for size in (1, 2, 4, 8)]
    return signed + unsigned


_FORMATS = {
    number.name: number
    for number in (
        _float("float16", 5, 10),
        _float("bfloat16", 8, 7),
        _float("float32", 8, 23),
        _float("float64", 11, 52),
        *_integers(),
        NumberFormat(name="bool", kind=NumberKind.BOOL, size=1),
        NumberFormat(name="complex32", kind=NumberKind.COMPLEX, size=4, exponent=5, mantissa=10),
        NumberFormat(name="complex64", kind=NumberKind.COMPLEX, size=8, exponent=8, mantissa=23),
        NumberFormat(name="complex128", kind=NumberKind.COMPLEX, size=16, exponent=11, mantissa=52),
        NumberFormat(name="float8_e4m3fn", kind=NumberKind.OPAQUE, size=1),
        NumberFormat(name="float8_e5m2", kind=NumberKind.OPAQUE, size=1),
    )
}
_LETTERS = {"f": "float", "c": "complex", "i": "int", "u": "uint", "b": "bool"}


@lru_cache(maxsize=256)
def named_format(name: str, *, big: bool = False) -> NumberFormat | None:
    """The format of a common name such as `float32`; None when it isn't known."""
    number = _FORMATS.get(name)
    return number if number is None or not big or number.size == 1 else msgspec.structs.replace(number, big=True)


def opaque_format(name: str, size: int) -> NumberFormat:
    """A format whose elements are only told apart."""
    return NumberFormat(name=name, kind=NumberKind.OPAQUE, size=size)


def numpy_format(dtype: np.dtype[Any]) -> NumberFormat:
    """The format of a plain NumPy type: fields and objects are for others to look at."""
    letter = _LETTERS.get(dtype.kind, "")
    name = "bool" if letter == "bool" else f"{letter}{8 * dtype.itemsize}"
    known = named_format(name, big=dtype.str.startswith(">")) if letter else None
    return known or opaque_format(str(dtype), dtype.itemsize)


def integers(block: memoryview, number: NumberFormat) -> Array:
    """The bits of numbers as signed integers of the same size, in this machine's byte order."""
    import numpy as np

    size = number.size // 2 if number.kind is NumberKind.COMPLEX else number.size
    found: Array = np.frombuffer(block, f"{'>' if number.big else '<'}i{size}")
    return found.astype(f"=i{size}") if number.big else found


def floats(bits: Array, number: NumberFormat) -> Array:
    """The floats whose bits are given: of the format itself where NumPy has it, else of a wider one."""
    import numpy as np

    if number.name == "bfloat16":
        wide = bits.view(np.uint16).astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    found: Array = bits.view(f"f{bits.itemsize}")
    return found.astype(np.float32) if bits.itemsize == 2 else found  # noqa: PLR2004 — half floats are slow to reckon with
