"""What forked processes have told: workers that come and go must not repeat the same thousand files."""

from __future__ import annotations

from mmap import mmap

_SLOTS = 1 << 16
"""Numbers that have room; half a megabyte, of which the system gives what is touched."""
_TRIES = 8
"""Slots looked at for one number. When all are taken by others it is told once more, which costs a line."""


class Told:
    """A set of keys in memory that a process shares with those that it forks later, and these with each other.

    Only the keys' hashes are kept, and forked processes have their parent's hash secret. Two processes that add the
    same key at one moment both believe that they are the first.
    """

    def __init__(self) -> None:
        self._slots = memoryview(mmap(-1, _SLOTS * 8)).cast("Q")

    def has(self, key: tuple[object, ...]) -> bool:
        """Whether some process added it."""
        number, at = _place(key)
        for slot in range(at, at + _TRIES):
            found = self._slots[slot % _SLOTS]
            if found == number:
                return True
            if not found:
                return False
        return False

    def add(self, key: tuple[object, ...]) -> None:
        """Put it in where there is room."""
        number, at = _place(key)
        for slot in range(at, at + _TRIES):
            if self._slots[slot % _SLOTS] in (0, number):
                self._slots[slot % _SLOTS] = number
                return


def _place(key: tuple[object, ...]) -> tuple[int, int]:
    number = hash(key) & 0xFFFFFFFFFFFFFFFF or 1
    return number, number % _SLOTS
