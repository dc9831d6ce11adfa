"""Run ids sort by time and use the alphabet of ULIDs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.store.ulid import PATTERN, ulid

_TIMES = st.integers(0, (1 << 48) - 1)
_RANDOM = st.binary(min_size=10, max_size=10)


def test_time_is_written_in_base_32_and_the_ends_of_the_range_fit() -> None:
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    time = 0
    for digit in "01ARZ3NDEK":
        time = time * 32 + alphabet.index(digit)
    assert ulid(time, bytes(10)) == "01ARZ3NDEK" + "0" * 16
    assert ulid(0, bytes(10)) == "0" * 26
    assert ulid((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25


@given(_TIMES, _TIMES, _RANDOM, _RANDOM)
def test_text_sorts_as_time_does(first: int, second: int, one: bytes, other: bytes) -> None:
    if first < second:
        assert ulid(first, one) < ulid(second, other)


@given(st.integers(), _RANDOM)
def test_any_clock_gives_an_id(time: int, randomness: bytes) -> None:
    assert PATTERN.fullmatch(ulid(time, randomness))
