"""What every comparator is told: where it is, what may differ, and how much may be looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Because, Difference, Outcome, Tolerance

if TYPE_CHECKING:
    from reprocheck.compare.content import Content

LISTED = 200
"""Differences of one thing that are listed; further ones are counted."""
DEEPEST = 4
"""Archives in archives."""
EXPANDED = 1 << 30
"""Bytes that compressed members of one artifact may become, all in all."""


@dataclass(slots=True)
class Budget:
    """What is left to spend on one artifact, shared with all that it contains."""

    expanded: int = EXPANDED
    """Bytes that may still be decompressed."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a comparison is, and what it may do."""

    path: str
    """Logical path of the artifact, POSIX."""
    tolerances: Tolerances = field(default_factory=Tolerances)
    places: tuple[str, ...] = ()
    """Folders in which the runs took place, as absolute paths: in texts they stand for each other."""
    prefix: str = ""
    """Key of the member that is looked at, when it lies in an archive."""
    depth: int = 0
    """Archives around it."""
    budget: Budget = field(default_factory=Budget)

    def key(self, key: str) -> str:
        """A key inside the member as a key inside the artifact."""
        return ".".join(part for part in (self.prefix, key) if part)

    def tolerance(self, key: str) -> Tolerance | None:
        """What may differ at a key; None for nothing."""
        return self.tolerances.find(self.path, self.key(key))

    def placeless(self, text: str) -> str:
        """A text in which the folders of the runs have one name."""
        for place in self.places:
            if place in text:
                text = _place(place).sub("<folder>", text)
        return text

    def inside(self, member: str) -> Context:
        """The context for a member of an archive."""
        return replace(self, prefix=self.key(member), depth=self.depth + 1)

    def gathered(self, name: str, kind: str, parts: Iterable[Difference], message: str = "") -> Difference:
        """A difference made of its parts, the worst of which decides; `message` is told beside them.

        Without parts, what differs is only how the same content was written.
        """
        return gathered(name, kind, parts, message)


@lru_cache(maxsize=64)
def _place(folder: str) -> re.Pattern[str]:
    return re.compile(re.escape(folder) + r"(?![\w.-])")


def gathered(
    name: str, kind: str, parts: Iterable[Difference], message: str = "", notes: Sequence[str] = ()
) -> Difference:
    """A difference made of its parts; without any, only the way of writing differs."""
    children: list[Difference] = []
    omitted = 0
    outcome = Outcome.IDENTICAL
    because: set[Because] = set()
    for part in parts:
        outcome = max(outcome, part.outcome, key=lambda found: found.rank)
        because.update(part.because)
        if len(children) < LISTED:
            children.append(part)
        else:
            omitted += 1
            # The worst must be among those listed.
            if part.outcome.rank > min(child.outcome.rank for child in children):
                index = min(range(len(children)), key=lambda place: children[place].outcome.rank)
                children[index] = part
    if outcome is Outcome.IDENTICAL:
        outcome, because = Outcome.EQUIVALENT, {Because.METADATA}
    if outcome is not Outcome.EQUIVALENT:
        because = set()
    return Difference(
        name=name,
        outcome=outcome,
        kind=kind,
        because=tuple(sorted(because)),
        message=message,
        children=tuple(children),
        omitted=omitted,
        notes=tuple(notes),
    )


def metadata(name: str, message: str, left: object = "", right: object = "") -> Difference:
    """Something that differs and is no content."""
    return Difference(
        name=name,
        outcome=Outcome.EQUIVALENT,
        because=(Because.METADATA,),
        kind="metadata",
        message=message,
        left=shown(left),
        right=shown(right),
    )


def content(name: str, message: str, left: object = "", right: object = "", kind: str = "") -> Difference:
    """Something that differs and matters."""
    return Difference(
        name=name, outcome=Outcome.DIVERGENT, kind=kind, message=message, left=shown(left), right=shown(right)
    )


def shown(value: object, limit: int = 120) -> str:
    """A value as a short text."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def spend(context: Context, size: int) -> None:
    """Take decompressed bytes off the budget; raises `UnreadableError` when it is used up."""
    from reprocheck.compare.content import UnreadableError

    context.budget.expanded -= size
    if context.budget.expanded < 0:
        raise UnreadableError(f"expands to more than {EXPANDED} bytes")


def named(content: Content) -> str:
    """Last part of a content's name."""
    return content.name.rpartition("/")[2]
