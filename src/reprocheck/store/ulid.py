"""Run ids: ULIDs, whose text sorts by the time at which they were given (https://github.com/ulid/spec)."""

from __future__ import annotations

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""
LENGTH = 26
PATTERN = re.compile(f"[0-7][{ALPHABET}]{{{LENGTH - 1}}}")
_TIME_BITS, _RANDOM_BITS, _DIGIT_BITS = 48, 80, 5


def ulid(milliseconds: int, randomness: bytes) -> str:
    """The id for a time (since 1970) and ten random bytes; times out of range are brought into it."""
    time = min(max(milliseconds, 0), (1 << _TIME_BITS) - 1)
    number = time << _RANDOM_BITS | int.from_bytes(randomness[:10], "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range((LENGTH - 1) * _DIGIT_BITS, -1, -_DIGIT_BITS))
