"""Curves in characters: dots of braille for one run, letters where the other goes elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from reprocheck.tui.state.lines import Part

Points = Sequence[tuple[float, float]]
"""Step and value, by step."""
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character, by row and column of its dots."""
_DOWN, _ACROSS = 4, 2
_BLANK = 0x2800
OTHER = "o"
"""The second curve, where it isn't where the first is: another shape, not only another colour."""
_DECADES = 3
"""From so many powers of ten on, values are drawn by their logarithm."""


class _Frame:
    """What is drawn where."""

    def __init__(self, curves: Sequence[Points], width: int, height: int) -> None:
        points = [point for curve in curves for point in curve]
        values = [value for _, value in points]
        self.low, self.high = min(values), max(values)
        self.logarithmic = self.low > 0 and self.high / self.low >= 10**_DECADES
        self.first, self.last = min(step for step, _ in points), max(step for step, _ in points)
        self._width, self._height = width, height

    def dots(self, curve: Points) -> set[tuple[int, int]]:
        """Column and row of every dot of a curve, straight between its points."""
        columns, rows = self._width * _ACROSS, self._height * _DOWN
        corners = [(self._x(step) * (columns - 1), (1 - self._y(value)) * (rows - 1)) for step, value in curve]
        found = {(round(x), round(y)) for x, y in corners[:1]}
        for (x, y), (following, below) in pairwise(corners):
            count = max(abs(round(following) - round(x)), abs(round(below) - round(y)), 1)
            for number in range(count + 1):
                share = number / count
                found.add((round(x + (following - x) * share), round(y + (below - y) * share)))
        return found

    def _x(self, step: float) -> float:
        return (step - self.first) / (self.last - self.first) if self.last > self.first else 0.5

    def _y(self, value: float) -> float:
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        # Halves, lest the difference of huge numbers be infinite.
        span = high / 2 - low / 2
        return (value / 2 - low / 2) / span if span else 0.5


def plot(name: str, first: Points, second: Points, *, width: int, height: int, parts_at: float | None = None) -> list[
    list[Part]
]:  # fmt: skip
    """Lines of a plot with its axes; `second` may be empty, `height` is that of the curve alone."""
    curves = [curve for curve in (first, second) if curve]
    if not curves:
        return [[(f"{name}: nothing to draw", "dim")]]
    labels = _labels(curves)
    margin = max(map(len, labels)) + 1
    columns = max(8, width - margin - 1)
    frame = _Frame(curves, columns, height)
    braille: dict[tuple[int, int], int] = {}
    for x, y in frame.dots(first or second):
        cell = (x // _ACROSS, y // _DOWN)
        braille[cell] = braille.get(cell, 0) | _DOTS[y % _DOWN][x % _ACROSS]
    elsewhere = {(x // _ACROSS, y // _DOWN) for x, y in frame.dots(second)} if first and second else set()
    other = elsewhere - braille.keys()
    lines: list[list[Part]] = [_title(name, frame, parts_at)]
    for row in range(height):
        label = labels[0] if row == 0 else labels[1] if row == height - 1 else ""
        parts: list[Part] = [(f"{label:>{margin - 1}} ┤" if label else f"{'':>{margin - 1}} │", "dim")]
        for column in range(columns):
            if (column, row) in other:
                parts.append((OTHER, "warning"))
            elif bits := braille.get((column, row)):
                parts.append((chr(_BLANK + bits), "note"))
            else:
                parts.append((" ", "text"))
        lines.append(_joined(parts))
    ends = f"{frame.first:g}", f"{frame.last:g} steps"
    gap = max(1, columns - len(ends[0]) - len(ends[1]))
    lines.append([(f"{'':>{margin}}└{'─' * columns}"[:width], "dim")])
    lines.append([(f"{'':>{margin}} {ends[0]}{' ' * gap}{ends[1]}"[:width], "dim")])
    return lines


def _title(name: str, frame: _Frame, parts_at: float | None) -> list[Part]:
    parts: list[Part] = [(name, "strong")]
    if frame.logarithmic:
        parts.append((", logarithmic", "dim"))
    if parts_at is not None:
        parts.append((f", parts at step {parts_at:g}", "warning"))
    return parts


def _labels(curves: Sequence[Points]) -> tuple[str, str]:
    values = [value for curve in curves for _, value in curve]
    return f"{max(values):.4g}", f"{min(values):.4g}"


def _joined(parts: list[Part]) -> list[Part]:
    """Neighbours of one role as one part."""
    joined: list[Part] = []
    for text, role in parts:
        if joined and joined[-1][1] == role:
            joined[-1] = (joined[-1][0] + text, role)
        else:
            joined.append((text, role))
    return joined
