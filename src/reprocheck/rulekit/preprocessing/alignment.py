"""Lays two sequences in normal form beside one another and names what differs.

Alignment is an edit distance over steps: the same operation with the same constants costs nothing, with other
constants one, a step on one side only one and a bit, so that a changed constant is not told as two missing steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.rulekit.preprocessing.normal_form import GEOMETRY, NormalForm, NormalStep
from reprocheck.rulekit.preprocessing.values import UNSURE, Step

_CHANGED, _MISSING = 1.0, 1.1
_SIZED = frozenset({"resize", "resize-crop", "resize-pad", "resize-longer"})
"""Operations whose last constant is the way of resizing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of an alignment: a step of each side, or of one."""

    left: NormalStep | None
    right: NormalStep | None

    @property
    def same(self) -> bool:
        """Whether both sides do the same, as far as can be told."""
        return self.left is not None and self.right is not None and agree(self.left, self.right)


@dataclass(frozen=True, slots=True)
class Difference:
    """One real difference between two sequences."""

    kind: str
    """`constants`, `missing`, `extra`, `order`, `scale`, `channels`, `features`."""
    left: str
    """What the first side does, as a person would say it."""
    right: str
    origin_left: Step | None
    origin_right: Step | None
    certain: bool = True
    """Whether unknown steps on either side could not explain it away."""


def agree(left: NormalStep, right: NormalStep) -> bool:
    """Whether two steps do the same; what can't be told is given the benefit of the doubt."""
    if left.op != right.op:
        return False
    if len(left.values) != len(right.values):
        return UNSURE in left.values or UNSURE in right.values
    if left.op in _SIZED and UNSURE in (*left.values[:-1], *right.values[:-1]):
        return True  # the way of resizing tells nothing where the sizes may differ or not
    return all(a is UNSURE or b is UNSURE or a == b for a, b in zip(left.values, right.values, strict=True))


def aligned(left: list[NormalStep], right: list[NormalStep]) -> list[Pair]:
    """Rows of the cheapest alignment."""
    rows, columns = len(left) + 1, len(right) + 1
    cost = [[0.0] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            if i or j:
                cost[i][j] = min(_options(cost, left, right, i, j))
    found: list[Pair] = []
    i, j = rows - 1, columns - 1
    while i or j:
        options = _options(cost, left, right, i, j)
        match options.index(min(options)):
            case 0:
                found.append(Pair(left[i - 1], right[j - 1]))
                i, j = i - 1, j - 1
            case 1:
                found.append(Pair(left[i - 1], None))
                i -= 1
            case _:
                found.append(Pair(None, right[j - 1]))
                j -= 1
    return found[::-1]


def _options(cost: list[list[float]], left: list[NormalStep], right: list[NormalStep], i: int, j: int) -> list[float]:
    far = float("inf")
    both = far
    if i and j and left[i - 1].op == right[j - 1].op:
        both = cost[i - 1][j - 1] + (0.0 if agree(left[i - 1], right[j - 1]) else _CHANGED)
    return [both, cost[i - 1][j] + _MISSING if i else far, cost[i][j - 1] + _MISSING if j else far]


def differences(left: NormalForm, right: NormalForm) -> Iterator[Difference]:
    """Real differences between what training and serving do, in order of the sequences."""
    partial = bool(left.unknown or right.unknown)
    rows = aligned(left.steps, right.steps)
    only_left = [row.left for row in rows if row.left is not None and row.right is None]
    only_right = [row.right for row in rows if row.right is not None and row.left is None]
    moved = [(a, b) for a in only_left for b in only_right if agree(a, b)]
    for row in rows:
        if row.left is not None and row.right is not None:
            if not row.same:
                yield from _changed(row.left, row.right)
        elif row.left is not None and not any(row.left is a for a, _ in moved):
            if not _is_native(row.left, right):
                yield Difference("missing", row.left.text, "", row.left.origin, None, not partial)
        elif row.right is not None and not any(row.right is b for _, b in moved) and not _is_native(row.right, left):
            yield Difference("extra", "", row.right.text, None, row.right.origin, not partial)
    for a, b in moved:
        yield Difference("order", a.text, b.text, a.origin, b.origin, not partial)
    yield from _of_values(left, right, partial=partial)


def _is_native(step: NormalStep, other: NormalForm) -> bool:
    """Whether a step only brings images to the size that those of the other side have from the beginning."""
    if not other.native or step.op not in GEOMETRY or any(known.op in GEOMETRY for known in other.steps):
        return False
    size = step.values[:2] if len(step.values) > 2 else step.values[:1] * 2  # noqa: PLR2004 — both edges, and how
    return size == other.native


def _changed(left: NormalStep, right: NormalStep) -> Iterator[Difference]:
    if left.op == "columns":
        yield _columns(left, right)
        return
    yield Difference("constants", left.text, right.text, left.origin, right.origin)


def _columns(left: NormalStep, right: NormalStep) -> Difference:
    mine, theirs = [str(name) for name in left.values], [str(name) for name in right.values]
    lost = [name for name in mine if name not in theirs]
    added = [name for name in theirs if name not in mine]
    if not lost and not added:
        return Difference(
            "features", left.text, f"the same {len(theirs)} features in another order", left.origin, right.origin
        )
    said = [f"{word} `{'`, `'.join(names[:4])}`" for word, names in (("lacks", lost), ("adds", added)) if names]
    return Difference("features", left.text, f"{len(theirs)} features: {' and '.join(said)}", left.origin, right.origin)


def _of_values(left: NormalForm, right: NormalForm, *, partial: bool) -> Iterator[Difference]:
    if not (left.image and right.image):
        return
    scaled = left.scaled and right.scaled and not left.scale.close_to(right.scale)
    if left.channels and right.channels and left.channels != right.channels:
        words = {"rgb": "channels in the order RGB", "bgr": "channels in the order BGR", "grey": "grey images"}
        one, other = left.coloured or _first(left), right.coloured or _first(right)
        # What turns channels around and scales, a preset, is one difference.
        if not (scaled and (_is_last(left, left.coloured) or _is_last(right, right.coloured))):
            yield Difference("channels", words[left.channels], words[right.channels], one, other, not partial)
    if scaled:
        yield Difference("scale", left.scale.text(), right.scale.text(), left.last, right.last, not partial)


def _is_last(form: NormalForm, step: Step | None) -> bool:
    return step is not None and step is form.last


def _first(form: NormalForm) -> Step | None:
    return form.steps[0].origin if form.steps else None
