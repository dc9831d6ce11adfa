"""Places nodes in columns by depth, with few crossings: Sugiyama's method, one connected part after the other.

K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", 1981.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

COLUMN = 300.0
"""Distance of two columns, in units of the picture."""
ROW = 40.0
"""Least distance of two nodes in one column."""
_BEND = 20.0
"""Least distance of an edge that passes by."""
_SWEEPS = 12
_GAP = 46.0
"""Between connected parts."""


class Placed(msgspec.Struct, frozen=True):
    """Where things stand."""

    points: Mapping[str, tuple[float, float]]
    """Middle of the left side of each node."""
    bends: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    """Points that a long arrow passes, by its ends."""
    width: float
    height: float


def place(nodes: Sequence[str], arrows: Iterable[tuple[str, str]]) -> Placed:
    """Columns for nodes joined by arrows; arrows that close a circle are turned around for the purpose."""
    forward = _without_circles(nodes, sorted(set(arrows)))
    parts = _parts(nodes, forward)
    points: dict[str, tuple[float, float]] = {}
    bends: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {}
    top, width = 0.0, 0.0
    for part in parts:
        inside = [arrow for arrow in forward if arrow[0] in part]
        placed = _Part(sorted(part), inside).placed()
        lift = top - min((y for _, y in placed.points.values()), default=0.0)
        points.update({node: (x, y + lift) for node, (x, y) in placed.points.items()})
        bends.update({arrow: tuple((x, y + lift) for x, y in path) for arrow, path in placed.bends.items()})
        below = [y + lift for _, y in placed.points.values()]
        below += [y + lift for path in placed.bends.values() for _, y in path]
        top = max(below, default=top) + _GAP
        width = max(width, placed.width)
    return Placed(points, bends, width, top)


def _without_circles(nodes: Sequence[str], arrows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    following: dict[str, list[str]] = defaultdict(list)
    for first, second in arrows:
        following[first].append(second)
    state: dict[str, int] = {}
    turned: set[tuple[str, str]] = set()
    incoming = {second for _, second in arrows}
    for start in (*(n for n in nodes if n not in incoming), *nodes):
        if state.get(start):
            continue
        state[start] = 1
        stack = [(start, iter(following[start]))]
        while stack:
            node, rest = stack[-1]
            after = next(rest, None)
            if after is None:
                state[node] = 2
                stack.pop()
            elif state.get(after) == 1:
                turned.add((node, after))
            elif not state.get(after):
                state[after] = 1
                stack.append((after, iter(following[after])))
    return sorted({(b, a) if (a, b) in turned else (a, b) for a, b in arrows if a != b})


def _parts(nodes: Sequence[str], arrows: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Connected parts, the largest first."""
    joined: dict[str, set[str]] = {node: set() for node in nodes}
    for first, second in arrows:
        joined[first].add(second)
        joined[second].add(first)
    seen: set[str] = set()
    found: list[set[str]] = []
    for node in nodes:
        if node in seen:
            continue
        part, stack = {node}, [node]
        while stack:
            for other in joined[stack.pop()]:
                if other not in part:
                    part.add(other)
                    stack.append(other)
        seen |= part
        found.append(part)
    return sorted(found, key=lambda part: (-len(part), min(part)))


class _Part:
    """One connected part."""

    def __init__(self, nodes: list[str], arrows: list[tuple[str, str]]) -> None:
        self._real = set(nodes)
        self._arrows = arrows
        self._layer = self._layers(nodes)
        self._chains: dict[tuple[str, str], list[str]] = {}
        self._before: dict[str, list[str]] = defaultdict(list)
        self._after: dict[str, list[str]] = defaultdict(list)
        self._columns: list[list[str]] = [[] for _ in range(max(self._layer.values(), default=0) + 1)]
        for arrow in arrows:
            self._string(arrow)
        for node in sorted(self._layer, key=lambda node: (self._layer[node], node)):
            self._columns[self._layer[node]].append(node)

    def _layers(self, nodes: list[str]) -> dict[str, int]:
        """Depth of each node; what only gives stands right before the first that takes."""
        before: dict[str, list[str]] = defaultdict(list)
        after: dict[str, list[str]] = defaultdict(list)
        for first, second in self._arrows:
            before[second].append(first)
            after[first].append(second)
        waiting = {node: len(before[node]) for node in nodes}
        ready = sorted(node for node in nodes if not waiting[node])
        order: list[str] = []
        while ready:
            node = ready.pop(0)
            order.append(node)
            for other in after[node]:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        layer = dict.fromkeys(nodes, 0)
        for node in order:
            layer[node] = max((layer[other] + 1 for other in before[node]), default=0)
        for node in reversed(order):
            if after[node] and not before[node]:
                layer[node] = min(layer[other] for other in after[node]) - 1
        return layer

    def _string(self, arrow: tuple[str, str]) -> None:
        """Cut a long arrow into pieces from column to column."""
        first, second = arrow
        chain = [first]
        for depth in range(self._layer[first] + 1, self._layer[second]):
            bend = f"\0{first}\0{second}\0{depth}"
            self._layer[bend] = depth
            chain.append(bend)
        chain.append(second)
        self._chains[arrow] = chain
        for one, other in pairwise(chain):
            self._after[one].append(other)
            self._before[other].append(one)

    def placed(self) -> Placed:
        """Order the columns, then give heights."""
        self._reduce_crossings()
        heights = self._heights()
        points = {node: (self._layer[node] * COLUMN, heights[node]) for node in self._real}
        bends = {
            arrow: tuple((self._layer[bend] * COLUMN, heights[bend]) for bend in chain[1:-1])
            for arrow, chain in self._chains.items()
            if len(chain) > 2  # noqa: PLR2004 — more than the ends
        }
        return Placed(points, bends, (len(self._columns) - 1) * COLUMN, max(heights.values(), default=0.0))

    def _reduce_crossings(self) -> None:
        best, fewest = [list(column) for column in self._columns], self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            down = sweep % 2 == 0
            neighbours = self._before if down else self._after
            span = range(1, len(self._columns)) if down else range(len(self._columns) - 2, -1, -1)
            for depth in span:
                beside = self._columns[depth - 1 if down else depth + 1]
                position = {node: float(index) for index, node in enumerate(beside)}
                column = self._columns[depth]
                own = {node: float(index) for index, node in enumerate(column)}
                column.sort(key=lambda node: _mean([position[n] for n in neighbours[node]], own[node]))
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(column) for column in self._columns], crossings
        self._columns = best

    def _crossings(self) -> int:
        total = 0
        for column, following in pairwise(self._columns):
            position = {node: index for index, node in enumerate(following)}
            ends = [position[other] for node in column for other in sorted(self._after[node], key=position.__getitem__)]
            total += _inversions(ends)
        return total

    def _heights(self) -> dict[str, float]:
        heights: dict[str, float] = {}
        for column in self._columns:
            self._stack(column, dict.fromkeys(column, 0.0), heights)
        for sweep in range(_SWEEPS):
            columns = self._columns if sweep % 2 == 0 else self._columns[::-1]
            neighbours = self._before if sweep % 2 == 0 else self._after
            for column in columns:
                wanted = {node: _mean([heights[n] for n in neighbours[node]], heights[node]) for node in column}
                self._stack(column, wanted, heights)
        return heights

    def _stack(self, column: list[str], wanted: Mapping[str, float], heights: dict[str, float]) -> None:
        """Heights as near to the wanted ones as the order and the distances allow: pushed apart in blocks."""
        blocks: list[tuple[float, float, list[tuple[str, float]]]] = []
        for node in column:
            size = ROW if node in self._real else _BEND
            total, offset, items = wanted[node], 0.0, [(node, 0.0)]
            extent = size
            while blocks and blocks[-1][0] + blocks[-1][1] > total + offset:
                start, length, earlier = blocks.pop()
                count = len(earlier) + len(items)
                items = [*earlier, *((name, at + length) for name, at in items)]
                extent += length
                total = sum(wanted[name] - at for name, at in items) / count
            blocks.append((total, extent, items))
        for start, _, items in blocks:
            for name, at in items:
                heights[name] = start + at


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _inversions(values: list[int]) -> int:
    """Pairs in the wrong order, counted while sorting."""
    if len(values) < 2:  # noqa: PLR2004
        return 0
    tree = [0] * (max(values) + 2)
    total = 0
    for seen, value in enumerate(values):
        index, smaller = value + 1, 0
        while index > 0:
            smaller += tree[index]
            index -= index & -index
        total += seen - smaller
        index = value + 1
        while index < len(tree):
            tree[index] += 1
            index += index & -index
    return total
