"""What forked processes have told: workers that come and go must not repeat the same thousand files."""

from __future__ import annotations

from mmap import mmap

from .compiled import module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Callable

_SLOTS = 1 << 16
"""Numbers that have room; half a megabyte, of which the system gives what is touched."""
_TRIES = 8
"""Slots looked at for one number. When all are taken by others it is told once more, which costs a line."""
_MOST = 50000
"""Keys that a process keeps before it has a family."""


class Told:
    """A set of keys that a process shares with those that it forks later, and these with each other.

    Shared are only the keys' hashes, and forked processes have their parent's hash secret. Two processes that add the
    same key at one moment both believe that they are the first.
    """

    def __init__(self) -> None:
        self._own: set[tuple[object, ...]] = set()
        self._slots: memoryview | None = None

    def share(self) -> None:
        """From now on there is a family."""
        if self._slots is None:
            self._slots = memoryview(mmap(-1, _SLOTS * 8)).cast("Q")
            for key in self._own:
                self.add(key)
            self._own.clear()

    def has(self, key: tuple[object, ...]) -> bool:
        """Whether some process added it."""
        if self._slots is None:
            return key in self._own
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
        if self._slots is None:
            if len(self._own) < _MOST:
                self._own.add(key)
            return
        number, at = _place(key)
        for slot in range(at, at + _TRIES):
            if self._slots[slot % _SLOTS] in (0, number):
                self._slots[slot % _SLOTS] = number
                return


class CompiledTold:
    """The same, where the agent's compiled part is there: it looks here before it wakes the interpreter."""

    def __init__(self, module: ModuleType) -> None:
        module.begin_memory()
        self.has: Callable[[tuple[object, ...]], bool] = module.is_remembered
        self.add: Callable[[tuple[object, ...]], None] = module.remember

    def share(self) -> None:
        """It is shared from the beginning."""


def memory() -> Told | CompiledTold:
    """One that nothing was told to yet."""
    return Told() if module is None else CompiledTold(module)


def _place(key: tuple[object, ...]) -> tuple[int, int]:
    number = hash(key) & 0xFFFFFFFFFFFFFFFF or 1
    return number, number % _SLOTS
