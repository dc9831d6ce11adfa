"""What a comparator is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reprocheck.compare.content import Content
from reprocheck.compare.context import Context
from reprocheck.model.comparison import Difference

HEAD = 4096
"""Bytes by which a type is recognized."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a type is recognized by."""

    path: str
    """Logical path, POSIX, in lower case."""
    head: bytes
    """The first bytes, at most `HEAD`."""
    size: int

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    def ends(self, *suffixes: str) -> bool:
        """Whether the name ends in one of them."""
        return self.name.endswith(suffixes)


def probe(content: Content) -> Probe:
    """Look at the beginning of a content."""
    return Probe(content.name.lower(), content.head(HEAD), content.size)


@dataclass(frozen=True, slots=True)
class Comparator:
    """Compares artifacts of one type by what they mean."""

    name: str
    """One word, shown to people."""
    recognizes: Callable[[Probe], bool]
    """Looks at the content first and at the name second."""
    compare: Callable[[Content, Content, Context, CompareParts], Difference]
    """Called with contents whose bytes differ; raises `UnreadableError` for what isn't of the type after all."""


CompareParts = Callable[[Content, Content, Context], Difference]
"""Compares members of a container by whatever comparator recognizes them."""
