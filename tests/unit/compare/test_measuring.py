"""All ways of measuring agree with reckoning element by element."""

from __future__ import annotations

import math
import struct
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from reprocheck.compare.compiled_blocks import Kernels
from reprocheck.compare.measuring import Measurement
from reprocheck.compare.number_formats import named_format, opaque_format
from reprocheck.model.comparison import Distance, Limits

Array = npt.NDArray[Any]
FORMATS = {"float16": "<f2", "float32": "<f4", "float64": "<f8", "bfloat16": "<u2"}


KERNELS = Kernels(patience=0) if find_spec("numba") else None


def measure(name: str, left: Array, right: Array, limits: Limits | None = None, block: int = 0) -> Distance:
    """The distance that NumPy finds, and compiled code too."""
    number = named_format(name)
    assert number is not None
    ways = [Measurement(number, limits), Measurement(number, limits, KERNELS)]
    a, b = left.tobytes(), right.tobytes()
    size = (block or len(left)) * number.size
    for measurement in ways:
        for start in range(0, len(a), size):
            measurement.add(memoryview(a[start : start + size]), memoryview(b[start : start + size]))
    found, compiled = (measurement.distance((len(left),)) for measurement in ways)
    assert found == compiled
    return found


def ordered(bits: int, width: int) -> int:
    return bits if bits < 1 << width - 1 else (1 << width - 1) - bits


def wide(bits: int, name: str) -> float:
    match name:
        case "float16":
            return float(struct.unpack("<e", struct.pack("<H", bits))[0])
        case "bfloat16":
            return float(struct.unpack("<f", struct.pack("<I", bits << 16))[0])
        case "float32":
            return float(struct.unpack("<f", struct.pack("<I", bits))[0])
        case _:
            return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def reckoned(name: str, left: Array, right: Array) -> Distance:
    """One element after the other, in Python's own arithmetic."""
    width = left.itemsize * 8
    found: dict[str, Any] = {
        "elements": len(left),
        "differing": 0,
        "max_ulp": 0,
        "max_absolute": 0.0,
        "max_relative": 0.0,
    }
    found |= {"nan_one_side": 0, "nan_payloads": 0, "signed_zeros": 0, "first": ()}
    pairs = zip(left.view(f"<u{left.itemsize}").tolist(), right.view(f"<u{left.itemsize}").tolist(), strict=True)
    for index, (a, b) in enumerate(pairs):
        if a == b:
            continue
        found["differing"] += 1
        found["first"] = found["first"] or (index,)
        x, y = wide(a, name), wide(b, name)
        if math.isnan(x) or math.isnan(y):
            found["nan_payloads" if math.isnan(x) and math.isnan(y) else "nan_one_side"] += 1
            continue
        if x == y == 0:
            found["signed_zeros"] += 1
            continue
        found["max_ulp"] = max(found["max_ulp"], abs(ordered(a, width) - ordered(b, width)))
        found["max_absolute"] = max(found["max_absolute"], abs(x - y))
        relative = math.inf if math.isinf(x - y) else abs(x - y) / max(abs(x), abs(y))
        found["max_relative"] = max(found["max_relative"], relative)
    return Distance(**found)


def agree(name: str, left: Array, right: Array, block: int = 0) -> None:
    assert measure(name, left, right, block=block) == reckoned(name, left, right)


def made(name: str, values: Array) -> Array:
    if name == "bfloat16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    with np.errstate(over="ignore"):
        return values.astype(FORMATS[name])


CHANCE = np.random.default_rng(3)
NORMAL = CHANCE.standard_normal(3000)
PAIRS = {
    "rounding": (NORMAL, NORMAL * (1 + 1e-3)),
    "one element": (NORMAL, np.where(np.arange(3000) == 1234, NORMAL * 1.01, NORMAL)),
    "other numbers": (NORMAL, CHANCE.standard_normal(3000)),
    "other small numbers": (NORMAL * 1e-4, CHANCE.standard_normal(3000) * 1e-4),
    "large numbers": (NORMAL * 3e4, NORMAL * 3e4 + CHANCE.standard_normal(3000)),
    "zero on one side": (np.where(NORMAL > 0, NORMAL, 0.0), np.where(NORMAL > 0.5, NORMAL, 0.0)),
    "zeros on both sides": (np.maximum(NORMAL, 0), np.maximum(NORMAL, 0) * 1.001),
    "tiny against huge": (np.full(3000, 3.0), np.full(3000, -1e-30)),
    "one sign, tiny against huge": (np.full(3000, 3.0), np.full(3000, 1e-30)),
    "below normal": (NORMAL * 1e-40, NORMAL * 1.7e-40),
    "signs of zero": (np.zeros(3000), np.where(NORMAL > 0, 0.0, -0.0)),
    "signs of zero among others": (np.where(NORMAL > 1, 0.0, NORMAL), np.where(NORMAL > 1, -0.0, -NORMAL)),
    "nothing": (NORMAL, NORMAL),
    "NaN": (NORMAL, np.where(NORMAL > 2, np.nan, NORMAL * 1.01)),
    "infinity": (NORMAL, np.where(NORMAL > 2, np.inf, NORMAL * 1.01)),
    "infinities of both signs": (np.where(NORMAL > 2, -np.inf, NORMAL), np.where(NORMAL > 2, np.inf, NORMAL)),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("what", PAIRS)
def test_distances_are_what_reckoning_gives(name: str, what: str) -> None:
    left, right = (made(name, side) for side in PAIRS[what])
    agree(name, left, right)
    agree(name, left, right, block=256)
    agree(name, right, left, block=1000)


UP = 1 + 2**-7
"""One step of bfloat16 above 1."""
TINY = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 5e-324}
"""The least number that isn't zero."""
FARTHER: dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]] = {
    "the same steps at a greater number": ([(1, UP), (1, UP)], [(1, 1), (2, 2 * UP)]),
    "the same steps at a smaller number of its power": ([(1.5, 1.5 + 2**-7), (1, 1)], [(1, 1), (1, UP)]),
    "more steps across zero": ([(1, -1), (1000, 1)], [(4, -4), (1, 1)]),
    "a greater difference in fewer steps across zero": ([(1, -1), (1, -1)], [(1.90625, -0.2001953125), (1, 1)]),
    "a greater share across zero": ([(1, -0.5), (8, 8)], [(1, -0.75), (1, 1)]),
    "a slightly greater share across zero": ([(1, -0.9), (1, -0.9)], [(1, -0.92), (1, 1)]),
}
"""Two blocks, of which the second raises one distance: it must not be ruled out by what is known of the first."""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("what", FARTHER)
def test_a_later_block_that_is_farther_apart_in_one_way_counts(name: str, what: str) -> None:
    pairs = np.array([pair for block in FARTHER[what] for pair in block])
    agree(name, made(name, pairs[:, 0]), made(name, pairs[:, 1]), block=2)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("more", [2.0**-24, 2.0**-30])
def test_a_difference_that_rounds_to_what_is_known_is_greater(name: str, more: float) -> None:
    if name == "float16":
        more = 2.0**-24
    pairs = np.array([(0.25, -0.25), (1, 0), (1, -more), (1, 1)])
    agree(name, made(name, pairs[:, 0]), made(name, pairs[:, 1]), block=1)
    agree(name, made(name, -pairs[:, 1]), made(name, -pairs[:, 0]), block=1)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 1.4])
def test_a_share_that_is_greater_in_its_last_digits_counts(name: str, share: float) -> None:
    values = np.random.default_rng(2).uniform(1, 4, 300)
    left, right = made(name, values), made(name, values * (1 - share))
    shares = [reckoned(name, left[i : i + 1], right[i : i + 1]).max_relative or 0.0 for i in range(len(left))]
    order = np.argsort(shares)
    for pair in pairwise(order):
        agree(name, left[list(pair)], right[list(pair)], block=1)


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_below_normal_are_far_apart_in_few_steps(name: str) -> None:
    pairs = np.array([(1, 1.25), (1, 1), (TINY[name], 2 * TINY[name]), (0, TINY[name])])
    agree(name, made(name, pairs[:, 0]), made(name, pairs[:, 1]), block=1)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_more_steps_than_double_a_number_are_a_greater_share_than_their_own(name: str) -> None:
    doubled = 1 << {"float16": 10, "bfloat16": 7}[name]  # steps from a power of two to the next
    one = int(made(name, np.array([1.0])).view("<u2")[0])
    # The second pair is as many steps apart, and farther: its lesser number is a power of two.
    left = np.array([one + doubled // 2, one], "<u2")
    right = (left + np.array([doubled + doubled // 8, doubled + doubled // 8], "<u2")).astype("<u2")
    agree(name, left, right, block=1)
    agree(name, left[::-1].copy(), right[::-1].copy(), block=1)


@pytest.mark.parametrize("name", FORMATS)
def test_any_bits_are_measured(name: str) -> None:
    for seed in range(8):
        chance = np.random.default_rng(seed)
        size = np.dtype(FORMATS[name]).itemsize
        left, right = (np.frombuffer(chance.bytes(size * 500), FORMATS[name]) for _ in range(2))
        agree(name, left, right)


def mixed(chance: np.random.Generator, name: str, size: int) -> tuple[Array, Array]:
    """Numbers of one to three scales, of which some are replaced or moved by a few steps."""
    largest = {"float16": 4, "bfloat16": 30, "float32": 30, "float64": 300}[name]
    scales = 10.0 ** chance.uniform(-largest - 12, largest, chance.integers(1, 4))
    base = chance.standard_normal(size) * chance.choice(scales, size)
    noise = chance.choice([0, 2e-16, 1e-7, 1e-3, 1, 1e4]) * chance.standard_normal(size)
    left = made(name, base)
    right = made(name, base * (1 + noise) if chance.random() < 0.5 else base + noise * scales[0])
    bits = right.view(f"<u{right.itemsize}")
    moved = chance.random(size) < chance.choice([0, 0.01, 1])
    bits[moved] += chance.integers(0, 4, size).astype(bits.dtype)[moved]
    if chance.random() < 0.3:
        odd = made(name, np.array([0.0, -0.0, TINY[name], -TINY[name], 1.0, -1.0]))
        for side in (left, right):
            where = chance.random(size) < chance.choice([0.01, 0.5])
            side[where] = chance.choice(odd, size)[where]
    if chance.random() < 0.1:
        left[chance.integers(size)] = made(name, np.array([np.nan, np.inf, -np.inf]))[chance.integers(3)]
    return left, right


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_was_measured_before_every_block_counts(name: str) -> None:
    for seed in range(150):
        chance = np.random.default_rng(seed)
        sides = [mixed(chance, name, int(chance.integers(1, 80))) for _ in range(4)]
        left, right = (np.concatenate(side) for side in zip(*sides, strict=True))
        agree(name, left, right, block=int(chance.integers(1, 120)))


@pytest.mark.parametrize("name", FORMATS)
def test_limits_count_the_same_in_whole_blocks_and_one_by_one(name: str) -> None:
    for seed in range(60):
        chance = np.random.default_rng(seed)
        left, right = mixed(chance, name, 60)
        limits = Limits(
            ulp=int(chance.choice([0, 1, 3, 2000, 10**9])) if chance.random() < 0.5 else None,
            absolute=float(10.0 ** chance.uniform(-12, 3)) if chance.random() < 0.5 else None,
            relative=float(10.0 ** chance.uniform(-9, 0)) if chance.random() < 0.5 else None,
        )
        together = measure(name, left, right, limits, block=20)
        one_by_one = [measure(name, left[i : i + 1], right[i : i + 1], limits).beyond or 0 for i in range(len(left))]
        assert together.beyond == sum(one_by_one)
        pairs = (reckoned(name, left[i : i + 1], right[i : i + 1]) for i in range(len(left)))
        assert together.beyond == sum(is_beyond(found, limits) for found in pairs)


def is_beyond(found: Distance, limits: Limits) -> bool:
    if not found.differing or found.nan_payloads:
        return False
    if found.nan_one_side:
        return True
    inside = [
        limits.ulp is not None and (found.max_ulp or 0) <= limits.ulp,
        limits.absolute is not None and (found.max_absolute or 0) <= limits.absolute,
        limits.relative is not None and (found.max_relative or 0) <= limits.relative,
    ]
    return not any(inside)


WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def numbers(chance: np.random.Generator, name: str, size: int) -> tuple[Array, Array]:
    info = np.iinfo(name)
    least, most = int(info.min), int(info.max)
    match chance.integers(4):
        case 0:
            low, high = least, most
        case 1:
            low, high = max(least, -5), 6
        case 2:
            low, high = 1, 100
        case _:
            low, high = most - 20, most
    left = chance.integers(low, high, size, dtype=name, endpoint=True)
    right = chance.integers(low, high, size, dtype=name, endpoint=True)
    return left, np.where(chance.random(size) < chance.choice([0, 0.5, 0.99]), left, right)


@pytest.mark.parametrize("name", WHOLE)
def test_distances_of_whole_numbers_are_what_reckoning_gives(name: str) -> None:
    for seed in range(80):
        chance = np.random.default_rng(seed)
        sides = [numbers(chance, name, int(chance.integers(1, 60))) for _ in range(3)]
        left, right = (np.concatenate(side) for side in zip(*sides, strict=True))
        limits = Limits(absolute=float(chance.integers(0, 50)), relative=float(chance.choice([0.01, 1.5])))
        found = measure(name, left, right, limits, block=int(chance.integers(1, 90)))
        gaps = [(abs(a - b), max(abs(a), abs(b))) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a != b]
        assert found.differing == len(gaps)
        assert found.max_absolute == float(max((gap for gap, _ in gaps), default=0))
        assert found.max_relative == max((float(gap) / float(most) for gap, most in gaps), default=0)
        wanted = [gap for gap, most in gaps if gap > limits.absolute and gap / most > limits.relative]
        assert found.beyond == len(wanted)
        assert found.first == ((int((left != right).argmax()),) if gaps else ())


def test_large_blocks_are_measured_from_a_few_elements_on() -> None:
    chance = np.random.default_rng(5)
    left = chance.integers(1, 60000, 40000, dtype=np.int32)
    right = chance.integers(1, 60000, 40000, dtype=np.int32)
    right[31999] = 60000
    left[31999] = 1
    found = measure("int32", left, right)
    assert found.max_relative == 59999 / 60000
    half = made("bfloat16", chance.standard_normal(40000) + 8)
    moved = half + np.where(np.arange(40000) == 31999, 5, 1).astype("<u2")
    agree("bfloat16", half, moved)


def test_payloads_of_nan_are_told() -> None:
    left = np.array([0x7FC00000, 0x3F800000], "<u4")
    found = measure("float32", left, left + np.array([1, 0], "<u4"))
    assert (found.differing, found.nan_payloads, found.nan_one_side, found.max_ulp) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("limits", "beyond"),
    [
        (Limits(ulp=1), 2),
        (Limits(ulp=2), 1),
        (Limits(absolute=1e-6), 1),
        (Limits(absolute=1e-9), 3),
        (Limits(relative=1e-6), 1),
        (Limits(ulp=1, absolute=1e-6), 1),
        (Limits(ulp=10**9, absolute=1e9, relative=9.0), 1),
    ],
)
def test_limits_are_kept_element_by_element(limits: Limits, beyond: int) -> None:
    one = np.float32(1)
    near = np.nextafter(one, np.float32(2))
    left = np.array([1, 1, 1, 5], np.float32)
    right = np.array([near, np.nextafter(near, np.float32(2)), 1, np.nan], np.float32)
    if beyond == 3:
        left, right = np.array([1, 1, 5], np.float32), np.array([near, near, np.nan], np.float32)
    assert measure("float32", left, right, limits).beyond == beyond


def test_nan_on_one_side_is_beyond_every_tolerance_and_other_payloads_are_not() -> None:
    left, right = np.array([np.nan, 1], "<f4"), np.array([1, 1], "<f4")
    assert measure("float32", left, right, Limits(absolute=1e30, ulp=10**12)).beyond == 1
    payload = (left.view("<u4") + np.array([1, 0], "<u4")).view("<f4")
    assert measure("float32", left, payload, Limits(ulp=0)).beyond == 0


def test_whole_numbers_are_exact_at_64_bits() -> None:
    left = np.array([2**63 - 1, -(2**63), 5], np.int64)
    right = np.array([-(2**63), 2**63 - 1, 6], np.int64)
    found = measure("int64", left, right)
    assert (found.differing, found.max_absolute, found.max_ulp, found.first) == (3, float(2**64 - 1), None, (0,))
    unsigned = measure("uint64", np.array([2**64 - 1], np.uint64), np.array([0], np.uint64))
    assert unsigned.max_absolute == float(2**64 - 1)


def test_parts_of_a_complex_number_are_one_element() -> None:
    left = np.array([1 + 1j, 2 + 2j, 3 + 3j])
    right = np.array([1 + 1j, 2.5 + 2.5j, 3 + 3.5j])
    found = measure("complex128", left, right)
    assert (found.differing, found.first, found.max_absolute) == (2, (1,), 0.5)


@pytest.mark.parametrize(
    ("name", "part"), [("complex64", "float32"), ("complex128", "float64"), ("complex32", "float16")]
)
def test_complex_numbers_are_as_far_apart_as_their_parts(name: str, part: str) -> None:
    for seed in range(60):
        chance = np.random.default_rng(seed)
        left, right = mixed(chance, part, 2 * int(chance.integers(1, 60)))
        right[::2] = np.where(chance.random(len(right) // 2) < 0.5, left[::2], right[::2])
        block, limits = 2 * int(chance.integers(1, 40)), Limits(ulp=int(chance.choice([1, 10**6])))
        found = measure(name, left, right, limits, block=block // 2)
        wanted = measure(part, left, right, limits, block=block)
        assert found.max_ulp == wanted.max_ulp
        assert found.max_absolute == wanted.max_absolute
        assert found.max_relative == wanted.max_relative
        pairs = [measure(part, left[i : i + 2], right[i : i + 2], limits) for i in range(0, len(left), 2)]
        assert found.differing == sum(bool(pair.differing) for pair in pairs)
        assert found.beyond == sum(bool(pair.beyond) for pair in pairs)
        assert found.first == next(((place,) for place, pair in enumerate(pairs) if pair.differing), ())


def test_what_are_no_numbers_is_told_apart() -> None:
    measurement = Measurement(opaque_format("S3", 3))
    measurement.add(memoryview(b"abcabcabc"), memoryview(b"abcabdxbc"))
    found = measurement.distance((3,))
    assert (found.elements, found.differing, found.first, found.max_absolute) == (3, 2, (1,), None)


def test_parts_measured_apart_add_up() -> None:
    number = named_format("float32")
    assert number is not None
    parts = [Measurement(number), Measurement(number)]
    left, right = np.arange(8, dtype="<f4"), np.array([0, 1, 2, 3, 4, 5.5, 6, 9], "<f4")
    for part, start in zip(parts, (0, 16), strict=True):
        part.add(memoryview(left.tobytes()[start : start + 16]), memoryview(right.tobytes()[start : start + 16]))
    parts[0].append(parts[1])
    found = parts[0].distance((2, 4))
    assert (found.elements, found.differing, found.max_ulp, found.first) == (8, 2, 3 << 20, (1, 1))
    assert found.max_absolute == 2.0
    assert found.max_relative == pytest.approx(2 / 9)
