"""What is reached from some things by steps from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


def closure(start: Iterable[Thing], following: Callable[[Thing], Iterable[Thing]]) -> set[Thing]:
    """Some things and all that follows from them, directly or not."""
    found = set(start)
    stack = list(found)
    while stack:
        for each in following(stack.pop()):
            if each not in found:
                found.add(each)
                stack.append(each)
    return found
