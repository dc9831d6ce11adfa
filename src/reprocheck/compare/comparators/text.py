"""Compares texts and logs line by line: what changes from run to run is told from content."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import msgspec

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content, gathered, metadata, shown
from reprocheck.compare.single_numbers import Column, number_of
from reprocheck.compare.volatile import is_progress, mask
from reprocheck.model.comparison import Because, Difference, Outcome

_LARGEST = 64 << 20
_MATCHED = 3000
"""Lines that are matched up when their numbers differ; longer stretches are compared in order."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")


def is_text(probe: Probe) -> bool:
    """Whether the beginning is UTF-8 without control characters."""
    if _BINARY.search(probe.head):
        return False
    try:
        probe.head.decode("utf-8")
    except UnicodeDecodeError as error:
        return probe.size > len(probe.head) and error.start >= len(probe.head) - 3
    return True


def compare_text(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    """Compare two texts."""
    texts = (_lines(left), _lines(right))
    return compare_lines(*texts, context, context.path, "text")


def _lines(source: Content) -> list[str]:
    return source.all(_LARGEST).decode("utf-8", "surrogateescape").splitlines(keepends=True)


def compare_lines(
    left: Sequence[str], right: Sequence[str], context: Context, name: str, kind: str, key: str = ""
) -> Difference:
    """How two lists of lines differ."""
    lines = _Lines(context, key)
    start = 0
    shortest = min(len(left), len(right))
    while start < shortest and left[start] == right[start]:
        start += 1
    end = 0
    while end < shortest - start and left[-1 - end] == right[-1 - end]:
        end += 1
    parts = list(lines.compare(left[start : len(left) - end], right[start : len(right) - end], start + 1))
    message = lines.message()
    if lines.changed and not any(lines.surplus.values()):
        message += "; the same lines in another order"
    found = gathered(name, kind, parts, message)
    if lines.numbers.differing == 0:
        return found
    tolerance = context.tolerance(key)
    return Difference(
        name=found.name,
        outcome=found.outcome,
        kind=kind,
        because=found.because,
        message=message,
        distance=msgspec.structs.replace(lines.numbers.distance(), first=()),
        tolerance=tolerance.text if tolerance and Because.TOLERANCE in found.because else "",
        children=found.children,
        omitted=found.omitted,
    )


@dataclass(slots=True)
class _Lines:
    context: Context
    key: str
    changed: int = 0
    """Lines whose content differs."""
    first: int = 0
    kinds: set[str] = field(default_factory=set)
    """Of volatile parts."""
    surplus: Counter[str] = field(default_factory=Counter)
    """How many more there are on the left than on the right of each masked line, as far as lines differ."""
    numbers: Column = field(default_factory=Column)

    def __post_init__(self) -> None:
        tolerance = self.context.tolerance(self.key)
        self.numbers = Column(tolerance.limits if tolerance else None)

    def message(self) -> str:
        volatile = ", ".join(sorted(self.kinds))
        if not self.changed:
            return volatile
        lines = "1 line differs" if self.changed == 1 else f"{self.changed:,} lines differ"
        return f"{lines}, first line {self.first:,}" + (f"; besides: {volatile}" if volatile else "")

    def compare(self, left: Sequence[str], right: Sequence[str], number: int) -> Iterator[Difference]:
        """Lines from line `number` of the left on."""
        if len(left) == len(right):
            yield from self._pairs(left, right, number)
            return
        masked = [mask(line)[0] for line in left], [mask(line)[0] for line in right]
        if max(len(left), len(right)) > _MATCHED:
            shortest = min(len(left), len(right))
            yield from self._pairs(left[:shortest], right[:shortest], number)
            yield from self._alone(left[shortest:], number + shortest, "left")
            yield from self._alone(right[shortest:], number + shortest, "right")
            return
        for what, i1, i2, j1, j2 in SequenceMatcher(None, *masked, autojunk=False).get_opcodes():
            if what in {"equal", "replace"}:
                pairs = min(i2 - i1, j2 - j1)
                yield from self._pairs(left[i1 : i1 + pairs], right[j1 : j1 + pairs], number + i1)
                i1, j1 = i1 + pairs, j1 + pairs  # noqa: PLW2901 — what is left has no partner
            yield from self._alone(left[i1:i2], number + i1, "left")
            yield from self._alone(right[j1:j2], number + i1, "right")

    def _alone(self, lines: Sequence[str], number: int, side: str) -> Iterator[Difference]:
        for offset, line in enumerate(lines):
            name = f"line {number + offset}"
            if is_progress(line):
                self.kinds.add("progress bars")
                continue
            self._note(number + offset)
            self.surplus[mask(self.context.placeless(line))[0]] += 1 if side == "left" else -1
            shown_line = shown(line.rstrip("\r\n"))
            yield content(
                name, f"only on the {side}", shown_line if side == "left" else "", "" if side == "left" else shown_line
            )

    def _note(self, number: int) -> None:
        self.changed += 1
        self.first = self.first or number

    def _pairs(self, left: Sequence[str], right: Sequence[str], number: int) -> Iterator[Difference]:
        for offset, (a, b) in enumerate(zip(left, right, strict=True)):
            if a != b and (difference := self._pair(a, b, number + offset)) is not None:
                yield difference

    def _pair(self, left: str, right: str, number: int) -> Difference | None:
        here, there = self.context.placeless(left), self.context.placeless(right)
        (a, kinds_a), (b, kinds_b) = mask(here), mask(there)
        kinds = kinds_a | kinds_b
        if (here, there) != (left, right):
            kinds |= {"folders"}
        if a == b:
            self.kinds |= kinds
            return (
                None
                if number > 0 and self.changed
                else metadata(f"line {number}", ", ".join(sorted(kinds)), _cut(left), _cut(right))
            )
        self._note(number)
        self.surplus[a] += 1
        self.surplus[b] -= 1
        if a.rstrip("\r\n") == b.rstrip("\r\n"):
            return content(f"line {number}", "another end of line", _end(left), _end(right), "line")
        outcome = Outcome.DIVERGENT
        because: tuple[Because, ...] = ()
        pairs = _number_pairs(a, b)
        if pairs is not None:
            before = self.numbers.distance().beyond
            for one, other in pairs:
                self.numbers.add(one, other)
            after = self.numbers.distance().beyond
            if after is not None and after == before:
                outcome, because = Outcome.EQUIVALENT, (Because.TOLERANCE,)
        return Difference(
            name=f"line {number}",
            outcome=outcome,
            because=because,
            kind="line",
            message="other numbers" if pairs is not None else "another text",
            left=_cut(left),
            right=_cut(right),
        )


def _end(line: str) -> str:
    return shown(line[len(line.rstrip("\r\n")) :] or "(none)")


def _cut(line: str) -> str:
    return shown(line.rstrip("\r\n").rpartition("\r")[2], 200)


def _number_pairs(left: str, right: str) -> list[tuple[float, float]] | None:
    """Numbers at the same places of two lines, when the lines are the same but for them."""
    if _NUMBER.sub("#", left) != _NUMBER.sub("#", right):
        return None
    pairs = []
    for a, b in zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True):
        one, other = number_of(a), number_of(b)
        if one is None or other is None:
            return None
        pairs.append((float(one), float(other)))
    # Digits that a double can't hold, or a number written in another way, are text.
    return pairs if any(one != other for one, other in pairs) else None


def text_of(data: bytes) -> str:
    """Text of bytes that must be UTF-8; raises `UnreadableError`."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is no UTF-8 at byte {error.start}") from None


TEXT = Comparator("text", is_text, compare_text)
