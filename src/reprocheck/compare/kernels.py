"""Compiled passes over blocks of numbers. Only `compiled_blocks` imports this, late: numba is no part of the core.

A block is gone through in chunks that stay in the first cache. What differs in a chunk is counted, the most steps are
found and, in the numbers' own precision, the greatest difference, and it is asked whether a difference is as large a
share of the greater number as any that is known. Magnitudes are compared as unsigned integers, among which NaN comes
last: so that is done in vectors without leave to change what floating point means. Where something is left open
(numbers that may be farther apart than what is known, NaN, infinity, zeros of both signs, limits that may not be kept)
the chunk is gone through again in double precision. Rounding keeps order: no rounded value is less than another if the
exact one is greater, so that nothing is overlooked and every result is exact.

Results are gathered in two arrays, `reals` and `counts`, whose places are named below. Integers of one size stay so
only if that is said after every step, which is why so many are named again.

All of it is in one file: before numba takes code from disk it asks the file of the function, and no other, whether it
has changed.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Number = Any
"""One number: its type is what numba finds, and decides how many go into a vector."""

Wide = tuple[Array, Array]
"""Both sides of a chunk as doubles."""
Form = tuple[Number, Number, Number, Number]
"""How 16-bit floats become single ones: the bits without sign are multiplied, masked if a sign was among them, and the
number is scaled; what has at least the bits given last is none."""
_FACTOR, _INFINITY = 0, 3

_CHUNK = 4096
"""Bytes that are looked at together: a page, beyond which nothing is fetched from memory ahead of its use.

No element lies in two chunks, and 16 bits are enough to count numbers.
"""

ABSOLUTE, RELATIVE, ABSOLUTE_LIMIT, RELATIVE_LIMIT = range(4)
"""Places in `reals`: what is known, and what a tolerance allows (NaN where it has no such limit)."""
ULP, ULP_LIMIT, LIMITED, DIFFERING, NAN_ONE_SIDE, NAN_PAYLOADS, SIGNED_ZEROS, BEYOND = range(8)
"""Places in `counts`: what is known, the first number of steps that isn't allowed, whether there are limits; sums."""

_NEAR_SINGLES, _NEAR_HALVES = np.uint32(1 << 23), np.uint16(12 << 7)
"""Steps below which the difference of two single floats, or of two halves, is a single float without rounding."""
_ROUNDING = 1 + 1e-6
"""More than rounding takes from a difference of single floats: one that isn't normal is exact."""
_NEARER, _BFLOAT = np.uint16(4 << 7), np.uint32(1 << 16)
"""Steps below which two shares of bfloat16 that aren't the same are `2**-21` apart; what its bits are times."""
_BARELY_LESS = 1 - 2.0**-22
"""A share of it is less by more than rounding takes, and by less than shares of near bfloat16 are apart."""
_LESS = 1 - 1e-6
"""Likewise for any rounding to single floats, and for shares of 8-bit integers."""
_SPLIT = 2.0**27 + 1
"""What splits the digits of a double in two halves."""
_HALF_MAGNITUDE, _SINGLE_MAGNITUDE = np.uint16(0x7FFF), np.uint32(0x7FFFFFFF)
_DOUBLE_NORMAL, _DOUBLE_EXPONENT = np.uint64(1 << 52), np.uint64(0x7FF << 52)
_DOUBLE_MAGNITUDE = np.uint64(0x7FFFFFFFFFFFFFFF)

_inner = numba.njit(nogil=True, error_model="numpy")
_outer = numba.njit(nogil=True, error_model="numpy", cache=True)
"""For what is called from elsewhere: it is kept on disk, with all that it calls."""


# Floats: bits as unsigned integers; `parts` consecutive numbers make one element.


@_outer
def singles(a: Array, b: Array, reals: Array, counts: Array, parts: Number) -> None:
    """Single floats."""
    count = _CHUNK // a.itemsize
    left, right = np.empty(count), np.empty(count)
    for start in range(0, len(a), count):
        x, y = a[start : start + count], b[start : start + count]
        differing, nonzero, most = _steps(x, y)
        far, reached = _single_gaps(x, y, _below(reals[RELATIVE]))
        is_open = differing != nonzero or not far < np.inf or not _is_inside(most, far, reached, reals, counts)
        if not is_open:
            counts[ULP] = max(counts[ULP], np.uint64(most))
            if _may_be_farther(far, reached, most < _NEAR_SINGLES, reals):
                is_open = _is_farther_single(x, y, reals)
        if is_open:
            _widen_singles(x, y, (left, right))
            _exactly(x, y, (left, right), reals, counts, parts)
        counts[DIFFERING] += np.uint64(differing if parts == 1 else _pairs(x, y))


@_outer
def halves(a: Array, b: Array, reals: Array, counts: Array, parts: Number, form: Form) -> None:
    """16-bit floats."""
    infinity = form[_INFINITY]
    count = _CHUNK // a.itemsize
    left, right = np.empty(count), np.empty(count)
    greater, lesser = np.empty(count, np.uint16), np.empty(count, np.uint16)
    for start in range(0, len(a), count):
        x, y = a[start : start + count], b[start : start + count]
        u, v = greater[: len(x)], lesser[: len(x)]
        differing, nonzero, most, top = _half_steps(x, y, u, v)
        known = reals[RELATIVE]
        # Few digits make few shares, which many numbers have: those that are known must not be reckoned with again.
        is_told_apart = form[_FACTOR] == _BFLOAT and most < _NEARER and known < 1
        share = np.float32(known / _BARELY_LESS) if is_told_apart else _below(known)
        far, reached = _half_gaps(u, v, share, form)
        is_open = differing != nonzero or top >= infinity or not _is_inside(most, far, reached, reals, counts)
        if not is_open:
            counts[ULP] = max(counts[ULP], np.uint64(most))
            if _may_be_farther(far, reached, most < _NEAR_HALVES, reals):
                is_open = _is_farther_half(u, v, reals, form)
        if is_open:
            _widen_halves(x, y, (left, right), form)
            _exactly(x, y, (left, right), reals, counts, parts)
        counts[DIFFERING] += np.uint64(differing if parts == 1 else _pairs(x, y))


@_outer
def doubles(a: Array, b: Array, reals: Array, counts: Array, parts: Number) -> None:
    """Double floats."""
    count = _CHUNK // a.itemsize
    left, right = np.empty(count), np.empty(count)
    for start in range(0, len(a), count):
        x, y = a[start : start + count], b[start : start + count]
        differing, nonzero, most = _steps(x, y)
        far, reached = _double_gaps(x, y, reals[RELATIVE])
        if differing == nonzero and far < np.inf and not reached and _is_inside(most, far, reached, reals, counts):
            counts[ULP] = max(counts[ULP], most)
            reals[ABSOLUTE] = max(reals[ABSOLUTE], far)
        else:
            _widen_doubles(x, y, (left, right))
            _exactly(x, y, (left, right), reals, counts, parts)
        counts[DIFFERING] += np.uint64(differing if parts == 1 else _pairs(x, y))


@_inner
def _steps(a: Array, b: Array) -> tuple[Number, Number, Number]:
    """How many differ in any bit, how many are steps apart, and the most steps."""
    kind = a.dtype.type
    zero = kind(0)
    magnitude = kind(kind(~zero) >> kind(1))
    most = zero
    differing = nonzero = np.uint16(0)
    for i in range(len(a)):
        x, y = kind(a[i] & magnitude), kind(b[i] & magnitude)
        greater, lesser = max(x, y), min(x, y)
        steps = kind(greater - lesser) if kind(a[i] ^ b[i]) <= magnitude else kind(greater + lesser)
        most = max(most, steps)
        differing = np.uint16(differing + np.uint16(a[i] != b[i]))
        nonzero = np.uint16(nonzero + np.uint16(steps != zero))
    return differing, nonzero, most


@_inner
def _single_gaps(a: Array, b: Array, share: Number) -> tuple[Number, Number]:
    """The greatest difference, and whether any is at least that share of the greater number."""
    reaching = far = np.uint32(0)
    for i in range(len(a)):
        gap = np.float32(np.uint32(a[i]).view(np.float32) - np.uint32(b[i]).view(np.float32)).view(np.uint32)
        gap = np.uint32(gap & _SINGLE_MAGNITUDE)
        greater = np.uint32(max(np.uint32(a[i] & _SINGLE_MAGNITUDE), np.uint32(b[i] & _SINGLE_MAGNITUDE)))
        least = np.float32(share * np.uint32(greater).view(np.float32)).view(np.uint32)
        reaching = max(reaching, gap if gap >= least else np.uint32(0))
        far = max(far, gap)
    return np.uint32(far).view(np.float32), reaching > np.uint32(0)


@_inner
def _half_steps(a: Array, b: Array, greater: Array, lesser: Array) -> tuple[Number, Number, Number, Number]:
    """Like `_steps`, and the greatest magnitude; keeps greater magnitudes, and lesser ones, negative if taken off."""
    zero, sign = np.uint16(0), np.uint16(0x8000)
    most = top = zero
    differing = nonzero = zero
    for i in range(len(a)):
        x, y = np.uint16(a[i] & _HALF_MAGNITUDE), np.uint16(b[i] & _HALF_MAGNITUDE)
        u, v = max(x, y), min(x, y)
        across = np.uint16(np.uint16(a[i] ^ b[i]) & sign)
        steps = np.uint16(u - v) if across == zero else np.uint16(u + v)
        most = max(most, steps)
        top = max(top, u)
        differing = np.uint16(differing + np.uint16(a[i] != b[i]))
        nonzero = np.uint16(nonzero + np.uint16(steps != zero))
        greater[i] = u
        lesser[i] = np.uint16(v | np.uint16(across ^ sign))
    return differing, nonzero, most, top


@_inner
def _half_gaps(greater: Array, lesser: Array, share: Number, form: Form) -> tuple[Number, Number]:
    """Like `_single_gaps`, from what `_half_steps` found; infinity and NaN count as numbers."""
    factor, mask, scale, _ = form
    reaching = far = np.uint32(0)
    for i in range(len(greater)):
        wide = np.float32(np.uint32(np.uint32(greater[i]) * factor).view(np.float32) * scale)
        bits = np.uint32(np.uint32(np.uint32(np.int32(np.int16(lesser[i]))) * factor) & mask)
        gap = np.float32(wide + np.float32(np.uint32(bits).view(np.float32) * scale)).view(np.uint32)
        least = np.float32(share * wide).view(np.uint32)
        reaching = max(reaching, gap if gap >= least else np.uint32(0))
        far = max(far, gap)
    return np.uint32(far).view(np.float32), reaching > np.uint32(0)


@_inner
def _double_gaps(a: Array, b: Array, share: Number) -> tuple[Number, Number]:
    """Like `_single_gaps`; where nothing is rounded, as for a share that is a power of two, it must be exceeded."""
    more = np.uint64(np.uint64(np.float64(share).view(np.uint64) << np.uint64(12)) == np.uint64(0))
    reaching = far = np.uint64(0)
    for i in range(len(a)):
        gap = np.float64(np.uint64(a[i]).view(np.float64) - np.uint64(b[i]).view(np.float64)).view(np.uint64)
        gap = np.uint64(gap & _DOUBLE_MAGNITUDE)
        greater = np.uint64(max(np.uint64(a[i] & _DOUBLE_MAGNITUDE), np.uint64(b[i] & _DOUBLE_MAGNITUDE)))
        least = np.float64(share * np.uint64(greater).view(np.float64)).view(np.uint64)
        least = np.uint64(least + more) if least >= _DOUBLE_NORMAL else least
        reaching = max(reaching, gap if gap >= least else np.uint64(0))
        far = max(far, gap)
    return np.uint64(far).view(np.float64), reaching > np.uint64(0)


@_inner
def _below(value: Number) -> Number:
    """A single float that isn't greater."""
    single = np.float32(value)
    return np.float32(single * np.float32(1 - 2.0**-23)) if single > value else single


@_inner
def _is_inside(most: Number, far: Number, reached: Number, reals: Array, counts: Array) -> Number:
    """Whether all numbers of a chunk without NaN are known to keep to one limit, if there are any."""
    return (
        counts[LIMITED] == np.uint64(0)
        or np.uint64(most) < counts[ULP_LIMIT]
        or far * _ROUNDING <= reals[ABSOLUTE_LIMIT]
        or (not reached and reals[RELATIVE] <= reals[RELATIVE_LIMIT])
    )


@_inner
def _may_be_farther(far: Number, reached: Number, exact: Number, reals: Array) -> Number:
    """Whether a chunk may raise a distance; `far` was rounded unless all differences are exact."""
    return reached or far > reals[ABSOLUTE] or (not exact and far == np.float32(reals[ABSOLUTE]))


@_inner
def _is_farther_single(a: Array, b: Array, reals: Array) -> Number:
    """Take the greatest difference; whether any is a greater share than what is known.

    Half of the digits of a double can be multiplied by those of a single float without rounding.
    """
    high, low = _just_below_next(reals[RELATIVE])
    farther, far = np.uint64(0), np.uint64(0)
    for i in range(len(a)):
        x, y = np.float64(np.uint32(a[i]).view(np.float32)), np.float64(np.uint32(b[i]).view(np.float32))
        greater = np.uint32(max(np.uint32(a[i] & _SINGLE_MAGNITUDE), np.uint32(b[i] & _SINGLE_MAGNITUDE)))
        wide = np.float64(np.uint32(greater).view(np.float32))
        gap = abs(x - y)
        farther += np.uint64(gap - high * wide > low * wide)
        far = max(far, np.float64(gap).view(np.uint64))
    reals[ABSOLUTE] = max(reals[ABSOLUTE], np.uint64(far).view(np.float64))
    return farther > np.uint64(0)


@_inner
def _is_farther_half(greater: Array, lesser: Array, reals: Array, form: Form) -> Number:
    """The same, from what `_half_steps` found."""
    factor, mask, scale, _ = form
    high, low = _just_below_next(reals[RELATIVE])
    farther, far = np.uint64(0), np.uint64(0)
    for i in range(len(greater)):
        wide = np.float64(np.float32(np.uint32(np.uint32(greater[i]) * factor).view(np.float32) * scale))
        bits = np.uint32(np.uint32(np.uint32(np.int32(np.int16(lesser[i]))) * factor) & mask)
        gap = wide + np.float64(np.float32(np.uint32(bits).view(np.float32) * scale))
        farther += np.uint64(gap - high * wide > low * wide)
        far = max(far, np.float64(gap).view(np.uint64))
    reals[ABSOLUTE] = max(reals[ABSOLUTE], np.uint64(far).view(np.float64))
    return farther > np.uint64(0)


@_inner
def _just_below_next(value: Number) -> tuple[Number, Number]:
    """Two numbers of half a double's digits, whose sum is so little more that it would be rounded to the same."""
    high = value * _SPLIT
    high -= high - value
    step = np.uint64(np.float64(value).view(np.uint64) & _DOUBLE_EXPONENT).view(np.float64)
    return high, value - high + step * 2.0**-54


@_inner
def _widen_singles(a: Array, b: Array, wide: Wide) -> None:
    """Both sides as doubles."""
    left, right = wide
    for i in range(len(a)):
        left[i], right[i] = np.uint32(a[i]).view(np.float32), np.uint32(b[i]).view(np.float32)


@_inner
def _widen_doubles(a: Array, b: Array, wide: Wide) -> None:
    """The same."""
    left, right = wide
    for i in range(len(a)):
        left[i], right[i] = np.uint64(a[i]).view(np.float64), np.uint64(b[i]).view(np.float64)


@_inner
def _widen_halves(a: Array, b: Array, wide: Wide, form: Form) -> None:
    """The same."""
    left, right = wide
    for i in range(len(a)):
        left[i] = _wide_half(np.uint32(a[i]), form)
        right[i] = _wide_half(np.uint32(b[i]), form)


@_inner
def _wide_half(bits: Number, form: Form) -> Number:
    factor, _, scale, infinity = form
    magnitude = np.uint32(bits & np.uint32(_HALF_MAGNITUDE))
    wide = np.float64(np.uint32(magnitude * factor).view(np.float32)) * scale
    if magnitude == infinity:
        wide = np.inf
    if magnitude > infinity:
        wide = np.nan
    return -wide if bits > _HALF_MAGNITUDE else wide


@_inner
def _exactly(a: Array, b: Array, wide: Wide, reals: Array, counts: Array, parts: Number) -> None:
    """Take a chunk number by number, whatever its bits are; how many differ is counted elsewhere."""
    left, right = wide
    kind = a.dtype.type
    magnitude = kind(kind(~kind(0)) >> kind(1))
    zero = np.uint64(0)
    one_side = payloads = zeros = 0
    ulp, far, share = zero, zero, zero
    ulp_limit, absolute_limit, relative_limit = counts[ULP_LIMIT], reals[ABSOLUTE_LIMIT], reals[RELATIVE_LIMIT]
    beyond = np.empty(len(a), np.uint8)
    for i in range(len(a)):
        x, y = left[i], right[i]
        differs = a[i] != b[i]
        left_nan, right_nan = x != x, y != y  # noqa: PLR0124 — NaN alone
        counted = differs & ~(left_nan | right_nan)
        one_side += left_nan ^ right_nan
        payloads += differs & left_nan & right_nan
        zeros += differs & (x == 0) & (y == 0)
        gap = abs(x - y)
        u, v = abs(x), abs(y)
        relative = gap / (u if u > v else v)  # noqa: FURB136 — the other way is no vector instruction
        relative = 0.0 if gap == 0 else relative
        relative = np.inf if gap == np.inf else relative
        p, q = np.uint64(a[i] & magnitude), np.uint64(b[i] & magnitude)
        steps = max(p, q) - min(p, q) if kind(a[i] ^ b[i]) <= magnitude else p + q
        far = max(far, np.float64(gap).view(np.uint64) if counted else zero)
        share = max(share, np.float64(relative).view(np.uint64) if counted else zero)
        ulp = max(ulp, steps if counted else zero)
        kept = (steps < ulp_limit) | (gap <= absolute_limit) | (relative <= relative_limit)
        beyond[i] = (left_nan ^ right_nan) | (counted & (not kept))
    reals[ABSOLUTE] = max(reals[ABSOLUTE], np.uint64(far).view(np.float64))
    reals[RELATIVE] = max(reals[RELATIVE], np.uint64(share).view(np.float64))
    counts[ULP] = max(counts[ULP], ulp)
    counts[NAN_ONE_SIDE] += np.uint64(one_side)
    counts[NAN_PAYLOADS] += np.uint64(payloads)
    counts[SIGNED_ZEROS] += np.uint64(zeros)
    if counts[LIMITED]:
        counts[BEYOND] += np.uint64(_pairs_of(beyond[: len(a)]) if parts > 1 else beyond[: len(a)].sum())


@_inner
def _pairs(a: Array, b: Array) -> Number:
    """How many pairs of numbers differ in any bit."""
    kind = a.dtype.type
    found = np.uint16(0)
    for i in range(len(a) // 2):
        differs = kind(a[2 * i] ^ b[2 * i]) | kind(a[2 * i + 1] ^ b[2 * i + 1])
        found = np.uint16(found + np.uint16(differs != 0))
    return found


@_inner
def _pairs_of(flags: Array) -> Number:
    """How many pairs have a flag."""
    found = 0
    for i in range(len(flags) // 2):
        found += flags[2 * i] | flags[2 * i + 1]
    return found


# Integers


@_outer
def wholes(a: Array, b: Array, reals: Array, counts: Array, sign: Number) -> None:
    """Integers as unsigned ones; `sign` is the bit of it, 0 where there is none."""
    count = _CHUNK // a.itemsize
    for start in range(0, len(a), count):
        x, y = a[start : start + count], b[start : start + count]
        differing, far, least, signs = _whole_gaps(x, y, sign)
        known, absolute = reals[RELATIVE], np.float64(far)
        farthest = 2 if signs else 1  # a number is as far from its negative, and from 0
        is_open = counts[LIMITED] != np.uint64(0) and not absolute <= reals[ABSOLUTE_LIMIT]
        if not is_open and differing and known < farthest and absolute > known * np.float64(least) * _LESS:
            # As for bfloat16: if shares can be told apart, one must be greater.
            is_open = _may_reach(x, y, sign, np.float32(known / _LESS if x.itemsize == 1 else known * _LESS))
        if is_open:
            _exactly_whole(x, y, sign, reals, counts)
        reals[ABSOLUTE] = max(reals[ABSOLUTE], absolute)
        counts[DIFFERING] += np.uint64(differing)


@_inner
def _whole_gaps(a: Array, b: Array, sign: Number) -> tuple[Number, Number, Number, Number]:
    """How many differ, how far at most, the least greater magnitude of two that differ, and whether any has a sign."""
    kind = a.dtype.type
    zero = kind(0)
    far = complement = signs = zero
    differing = np.uint16(0)
    for i in range(len(a)):
        x, y = a[i], b[i]
        p, q = kind(x ^ sign), kind(y ^ sign)  # in the order of the numbers
        far = max(far, kind(max(p, q) - min(p, q)))
        u = kind(zero - x) if kind(x & sign) != zero else x
        v = kind(zero - y) if kind(y & sign) != zero else y
        complement = max(complement, kind(~max(u, v)) if x != y else zero)
        signs = kind(signs | kind(x | y))
        differing = np.uint16(differing + np.uint16(x != y))
    return differing, far, kind(~complement), kind(signs & sign)


@_inner
def _may_reach(a: Array, b: Array, sign: Number, share: Number) -> Number:
    """Whether any difference may be that share of the greater number."""
    kind = a.dtype.type
    zero = kind(0)
    found = np.uint32(0)
    for i in range(len(a)):
        x, y = a[i], b[i]
        p, q = kind(x ^ sign), kind(y ^ sign)
        gap = kind(max(p, q) - min(p, q))
        u = kind(zero - x) if kind(x & sign) != zero else x
        v = kind(zero - y) if kind(y & sign) != zero else y
        reached = np.float32(gap) >= np.float32(share * np.float32(max(u, v)))
        found = np.uint32(found + np.uint32(reached & (x != y)))
    return found > 0


@_inner
def _exactly_whole(a: Array, b: Array, sign: Number, reals: Array, counts: Array) -> None:
    """Take a chunk number by number."""
    kind = a.dtype.type
    zero = kind(0)
    share = np.uint64(0)
    beyond = 0
    absolute_limit, relative_limit = reals[ABSOLUTE_LIMIT], reals[RELATIVE_LIMIT]
    for i in range(len(a)):
        x, y = a[i], b[i]
        p, q = kind(x ^ sign), kind(y ^ sign)
        gap = np.float64(kind(max(p, q) - min(p, q)))
        u = kind(zero - x) if kind(x & sign) != zero else x
        v = kind(zero - y) if kind(y & sign) != zero else y
        relative = gap / np.float64(max(u, v))
        share = max(share, np.float64(relative).view(np.uint64) if x != y else np.uint64(0))
        beyond += (x != y) & (not ((gap <= absolute_limit) | (relative <= relative_limit)))
    reals[RELATIVE] = max(reals[RELATIVE], np.uint64(share).view(np.float64))
    if counts[LIMITED]:
        counts[BEYOND] += np.uint64(beyond)
