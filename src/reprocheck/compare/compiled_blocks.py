"""Measures blocks with compiled code, where numba is installed and enough is unequal to be worth loading it.

Loading takes about 0.7 seconds, and some seconds more for each kind of number when the code is compiled for the first
time. numba keeps it in `__pycache__` beside this file, or in the user's cache folder where that can't be written (and
in `NUMBA_CACHE_DIR` if that is set). Whatever goes wrong with it costs time only: without compiled code NumPy finds the
same distances.
"""

from __future__ import annotations

import os.path
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from reprocheck.compare.distances import Extremes
from reprocheck.compare.number_formats import NumberFormat, NumberKind
from reprocheck.model.comparison import Limits

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

PATIENCE = 0.7
"""Seconds of work without compiled code after which it is loaded: as long as loading takes."""
_SETTINGS = ".numba_config.yaml"
"""Read by numba in the current folder when something is imported or compiled; it names the folder of compiled code."""
_MOST_STEPS = (1 << 64) - 1


class BlockCounts(msgspec.Struct, frozen=True):
    """What was found in a block."""

    known: Extremes
    """Of everything that was measured."""
    differing: int
    """Elements: both parts of a complex number are one."""
    nan_one_side: int
    nan_payloads: int
    signed_zeros: int
    beyond: int
    """Elements that keep to none of the limits; 0 without limits."""


class CompiledBlocks:
    """Measures blocks of one pair of arrays, whatever their bits are."""

    def __init__(self, kernel: Callable[..., None], last: tuple[object, ...], limits: Limits | None) -> None:
        """`kernel` and what it takes `last` are `kernels.prepared`."""
        import numpy as np

        self._kernel = kernel
        self._last = last
        self._limited = limits is not None
        limits = limits or Limits()
        most = 0 if limits.ulp is None else min(limits.ulp + 1, _MOST_STEPS)
        self._counts = np.array([0, most, self._limited, 0, 0, 0, 0, 0], np.uint64)
        bounds = (np.nan if limit is None else limit for limit in (limits.absolute, limits.relative))
        self._reals = np.array([0.0, 0.0, *bounds])

    def look(self, a: Array, b: Array, known: Extremes) -> BlockCounts:
        """Bits of both sides as integers in this machine's byte order."""
        reals, counts = self._reals, self._counts
        reals[:2] = known.absolute, known.relative
        counts[0], counts[3:] = known.ulp, 0
        self._kernel(_settled(a), _settled(b), reals, counts, *self._last)
        ulp, _, _, *sums = counts.tolist()
        return BlockCounts(Extremes(ulp, *reals[:2].tolist()), *sums)


class Kernels:
    """Compiled code of one process, shared by its threads; it is loaded when it pays."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """`patience`: seconds of work without it."""
        self._patience = patience
        self._lock = threading.Lock()
        self._prepared: dict[str, tuple[Callable[..., None], tuple[object, ...]]] = {}
        self._failed = False

    def spent(self, seconds: float) -> None:
        """Tell of work that was done without compiled code."""
        self._patience -= seconds

    def blocks(self, number: NumberFormat, limits: Limits | None) -> CompiledBlocks | None:
        """What measures numbers of a format; None as long as that isn't worth it, and where it can't be had."""
        if self._patience > 0 or number.kind is NumberKind.OPAQUE:
            return None
        if number.name not in self._prepared and not self._prepare(number):
            return None
        return CompiledBlocks(*self._prepared[number.name], limits)

    def _prepare(self, number: NumberFormat) -> bool:
        if self._failed or not self._lock.acquire(blocking=False):
            return False  # while one thread loads, others go on without
        try:
            self._prepared[number.name] = _prepared(number)
        except Exception:  # noqa: BLE001 — whatever is wrong with numba or its cache, there is another way
            self._failed = True
        finally:
            self._lock.release()
        return not self._failed


def _prepared(number: NumberFormat) -> tuple[Callable[..., None], tuple[object, ...]]:
    """What measures numbers of a format, compiled now or read from disk, and what it takes last."""
    import numba
    import numpy as np

    kernels = _kernels()
    parts = 2 if number.kind is NumberKind.COMPLEX else 1
    size = number.size // parts
    last: tuple[object, ...] = (parts,)
    match number.kind, size:
        case NumberKind.FLOAT | NumberKind.COMPLEX, 2:
            kernel, last = kernels.halves, (parts, _form(number))
        case NumberKind.FLOAT | NumberKind.COMPLEX, 4:
            kernel = kernels.singles
        case NumberKind.FLOAT | NumberKind.COMPLEX, _:
            kernel = kernels.doubles
        case kind, _:
            sign = 1 << (8 * size - 1) if kind is NumberKind.SIGNED else 0
            kernel, last = kernels.wholes, (np.dtype(f"u{size}").type(sign),)
    array = numba.types.Array(numba.from_dtype(np.dtype(f"u{size}")), 1, "C", readonly=True)
    kernel.disable_compile(False)
    kernel.compile((array, array, numba.float64[::1], numba.uint64[::1], *map(numba.typeof, last)))
    kernel.disable_compile()  # a call must find what it needs: whatever is compiled reads the settings again
    return kernel, last


def _form(number: NumberFormat) -> tuple[object, ...]:
    """`kernels.Form`: the bits are put where a single float has them, whose exponents have another zero."""
    import numpy as np

    shift = 23 - number.mantissa
    zeros = 127 - ((1 << (number.exponent - 1)) - 1)
    mask = 1 << 31 | ((1 << (15 + shift)) - 1)
    infinity = ((1 << number.exponent) - 1) << number.mantissa
    return np.uint32(1 << shift), np.uint32(mask), np.float32(2.0**zeros), np.uint32(infinity)


def why_not_compiled() -> str:
    """Why there is no compiled code here, found out by importing it; empty when there is."""
    try:
        _kernels()
    except Exception as error:  # noqa: BLE001 — told, whatever it is
        return f"{type(error).__name__}: {error}"
    return ""


def _kernels() -> Any:  # noqa: ANN401 — the module
    if os.path.lexists(_SETTINGS):
        # A folder that is compared must not choose what code is run.
        raise RuntimeError(f"the current folder has a {_SETTINGS}")
    from reprocheck.compare import kernels

    return kernels


def _settled(bits: Array) -> Array:
    """Bits as the code was compiled for: unsigned, not to be written, and aligned."""
    settled = bits.view(f"u{bits.itemsize}")
    if not settled.flags.aligned:
        settled = settled.copy()
    settled.setflags(write=False)
    return settled
