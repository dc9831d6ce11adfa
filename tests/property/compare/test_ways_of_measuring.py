"""Element by element, by bounds or compiled: distances are the same to the last digit, whatever the numbers are."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from reprocheck.compare.compiled_blocks import Kernels
from reprocheck.compare.measuring import Measurement
from reprocheck.compare.number_formats import named_format
from reprocheck.model.comparison import Distance, Limits

Array = npt.NDArray[Any]
Sides = tuple[Array, Array]

FLOATS = ("float16", "bfloat16", "float32", "float64")
PARTS = {name: name for name in FLOATS} | {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
"""The float that each is made of."""
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
ODD = (0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1, -1, 5e-324, 2e-308, 1e-45, 1e-38, 6e-8, 65504, 3e38, -3e38)
KERNELS = Kernels(patience=0) if find_spec("numba") else None


def bits(name: str, values: Array) -> Array:
    """Numbers of a format, as unsigned integers."""
    with np.errstate(all="ignore"):
        if name == "bfloat16":
            return (values.astype("<f4").view("<u4") >> 16).astype("<u2")
        made = values.astype(name)
    return made.view(f"u{made.itemsize}")


def floats(chance: np.random.Generator, name: str, count: int) -> Sides:
    """Numbers of one size and what is near them, a multiple of them, a few steps away or nothing like them."""
    size = bits(name, np.zeros(1)).itemsize
    scale = 10.0 ** chance.uniform(-6, 4) * 10.0 ** chance.choice([0, 0, chance.uniform(-38, 30)])
    left = chance.standard_normal(count) * scale
    if chance.random() < 0.3:
        left = np.round(left / scale * chance.integers(1, 300))
    match chance.integers(5):
        case 0:
            return tuple(np.frombuffer(chance.bytes(size * count), f"u{size}").copy() for _ in range(2))  # type: ignore[return-value]
        case 1:
            right = left * (1 + chance.choice([1e-7, 1e-4, 1e-2]) * chance.standard_normal(count))
        case 2:
            right = left + scale * 10.0 ** chance.uniform(-6, 0) * chance.standard_normal(count)
        case 3:
            right = left * chance.choice([4, 3, 2, 1, 1 / 3, 0.5, 0, -1])
        case _:
            right = chance.standard_normal(count) * scale
    a, b = bits(name, left), bits(name, right)
    moved = chance.random(count) < chance.choice([0, 0.001, 0.1, 1])
    b[moved] += np.array(chance.integers(0, 3), b.dtype)
    return a, b


def with_odd_ones(chance: np.random.Generator, name: str, sides: Sides) -> Sides:
    """Put what isn't finite, zeros of both signs and numbers at the ends of ranges among others."""
    for side in sides:
        where = chance.random(len(side)) < chance.choice([0, 0.0005, 0.01, 0.3])
        side[where] = chance.choice(bits(name, np.array(ODD)), len(side))[where]
    return sides


def wholes(chance: np.random.Generator, name: str, count: int) -> Sides:
    dtype = np.dtype("u1" if name == "bool" else name)
    info = np.iinfo(dtype)
    least, most = int(info.min), int(info.max)
    ranges = [(least, most), (max(least, -5), 6), (1, 100), (most - 20, most), (most // 2, most // 2 + 30), (0, most)]
    low, high = ranges[chance.integers(len(ranges))]
    a, b = (chance.integers(low, high, count, dtype=dtype, endpoint=True) for _ in range(2))
    if chance.random() < 0.3:
        b = (a + chance.integers(0, 2, count).astype(dtype)).astype(dtype)
    return a, np.where(chance.random(count) < chance.choice([0, 0.5, 0.99]), a, b)


def some_limits(chance: np.random.Generator) -> Limits | None:
    absolute, relative = float(10.0 ** chance.uniform(-12, 3)), float(10.0 ** chance.uniform(-9, 0))
    sorts = (
        None,
        Limits(ulp=int(chance.choice([0, 1, 3, 2000, 10**9]))),
        Limits(absolute=absolute),
        Limits(relative=relative),
        Limits(ulp=1, absolute=absolute, relative=relative),
        Limits(ulp=10**30, absolute=absolute),
    )
    return sorts[chance.integers(len(sorts))]


def distances(name: str, sides: Sides, limits: Limits | None, block: int, *, big: bool) -> tuple[Distance, ...]:
    """Of numbers measured element by element, by bounds in NumPy, and compiled."""
    number = named_format(name, big=big)
    assert number is not None
    exact = Measurement(number, limits)
    exact._blocks = None
    ways = exact, Measurement(number, limits), Measurement(number, limits, KERNELS)
    left, right = (memoryview(side.tobytes()) for side in sides)
    step = block * number.size
    for way in ways:
        for start in range(0, len(left), step):
            way.add(left[start : start + step], right[start : start + step])
    return tuple(way.distance() for way in ways)


@pytest.mark.parametrize("name", [*PARTS, *WHOLE])
def test_every_way_finds_the_same_distances(name: str) -> None:
    for seed in range(60):
        chance = np.random.default_rng(seed)
        count = int(chance.choice([1, 3, 50, 700, 2500, 9000]))
        if name in PARTS:
            part = PARTS[name]
            sides = floats(chance, part, count if name == part else 2 * count)
            if chance.random() < 0.5:
                sides = with_odd_ones(chance, part, sides)
        else:
            sides = wholes(chance, name, count)
        limits, big = some_limits(chance), bool(chance.random() < 0.2)
        block = max(int(chance.choice([1, 7, 300, 5000])), count // 50)
        exact, bounded, compiled = distances(name, sides, limits, block, big=big)
        assert bounded == exact, seed
        assert compiled == exact, seed


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("factor", [2, 3, 0.5, 1 / 3, 0, -1])
def test_shares_that_many_numbers_have_are_told_exactly(name: str, factor: float) -> None:
    """Here every number is as far from the other as any, and one is a little farther."""
    chance = np.random.default_rng(7)
    values = chance.standard_normal(6000)
    left, right = bits(name, values), bits(name, values * factor)
    for place in (0, 3000, 5999):
        for step in (-1, 1):
            moved = right.copy()
            moved[place] = np.array(int(moved[place]) + step & (1 << 8 * moved.itemsize) - 1, moved.dtype)
            exact, bounded, compiled = distances(name, (left, moved), None, 1500, big=False)
            assert bounded == exact
            assert compiled == exact
