"""The compiled way to measure a row of 32-bit floats (`one_pass.c`), where it was built.

Everything works without it, and says the same: torch takes a pass over memory for each number.
"""

from __future__ import annotations

import ctypes
import math
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Measure = Callable[[int, int], list[Any]]
    """Address and number of elements; digest, Euclidean norm, smallest and largest element."""

LIBRARY = "_one_pass.so"
"""Beside this file; built with the wheel where there is a C compiler."""


class _Measures(ctypes.Structure):
    _fields_ = (
        ("digest", ctypes.c_uint64),
        ("squares", ctypes.c_double),
        ("low", ctypes.c_float),
        ("high", ctypes.c_float),
    )


def load() -> Measure | None:
    """What measures; None where it wasn't built, or is of another machine."""
    try:
        library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), LIBRARY))
    except OSError:
        return None
    function = library.one_pass
    function.restype = None
    function.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(_Measures)]

    def measure(address: int, count: int) -> list[Any]:
        found = _Measures()  # one for each call: others may run meanwhile
        function(address, count, found)
        squares: float = found.squares
        if math.isnan(squares):  # no number is smaller or larger than what is none
            return [found.digest, squares, squares, squares]
        return [found.digest, squares**0.5, found.low, found.high]

    return measure
