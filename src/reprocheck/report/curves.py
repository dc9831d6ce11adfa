"""Two curves of one number as text and as SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reprocheck.report.visible import visible
from reprocheck.report.xml_text import marked_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reprocheck.model.comparison import Curve

    Points = Sequence[tuple[float, float]]

_ROWS = 9
_NARROW, _WIDE = 24, 100
"""Columns of a plot at least and at most."""
_RECORDED, _REPLAYED, _BOTH = ".x#"
LEGEND = f"{_RECORDED} recorded   {_REPLAYED} replayed   {_BOTH} both"
_SIZE = (640, 220)
_MARGIN = (64, 12, 24, 12)
"""Left, top, bottom, right of a drawing."""


def title(curve: Curve) -> str:
    """Name, and where the curves part."""
    parts = "" if curve.first is None else f", parts at step {number(curve.first)}"
    return f"{visible(curve.name)}{parts}"


def number(value: float) -> str:
    """A label of an axis."""
    return f"{value:.4g}"


class _Frame:
    """Least and greatest step and value of both curves."""

    def __init__(self, curve: Curve) -> None:
        points = [*curve.left, *curve.right]
        steps, values = [step for step, _ in points], [value for _, value in points]
        self.first, self.last = min(steps), max(steps)
        self.low, self.high = min(values), max(values)

    def place(self, step: float, value: float) -> tuple[float, float]:
        """Both as shares: 0 is left and low, 1 right and high. Halves keep differences of huge numbers finite."""
        across, up = self.last / 2 - self.first / 2, self.high / 2 - self.low / 2
        return (
            (step / 2 - self.first / 2) / across if across else 0.5,
            (value / 2 - self.low / 2) / up if up else 0.5,
        )


def curve_lines(curve: Curve, width: int) -> list[str]:
    """A plot in ASCII, as wide as `width` columns allow."""
    frame = _Frame(curve)
    labels = [number(frame.high), number(frame.low)]
    margin = max(map(len, labels))
    columns = min(max(width - margin - 3, _NARROW), _WIDE)
    left, right = (_cells(points, frame, columns) for points in (curve.left, curve.right))
    lines = []
    for row in range(_ROWS):
        marks = ((column, row) for column in range(columns))
        drawn = "".join(_mark(cell in left, cell in right) for cell in marks).rstrip()
        label = labels[0] if row == 0 else labels[1] if row == _ROWS - 1 else ""
        lines.append(f"{label:>{margin}} |{drawn}")
    ends = number(frame.first), number(frame.last)
    lines.append(f"{'':>{margin}} +{'-' * columns}")
    lines.append(f"{'':>{margin}}  {ends[0]}{ends[1]:>{columns - len(ends[0])}}")
    return lines


def _mark(recorded: bool, replayed: bool) -> str:  # noqa: FBT001 — both are what it is about
    match recorded, replayed:
        case True, True:
            return _BOTH
        case True, False:
            return _RECORDED
        case False, True:
            return _REPLAYED
    return " "


def _cells(points: Points, frame: _Frame, columns: int) -> set[tuple[int, int]]:
    """Columns and rows that a curve goes through; between two points it is straight."""
    found: set[tuple[int, int]] = set()
    places = [frame.place(*point) for point in points]
    corners = [(across * (columns - 1), (1 - up) * (_ROWS - 1)) for across, up in places]
    for (x, y), (following, below) in pairwise(corners):
        count = max(round(following) - round(x), 1)
        for step in range(count + 1):
            share = step / count
            found.add((round(x + (following - x) * share), round(y + (below - y) * share)))
    return found


def curve_svg(curve: Curve) -> str:
    """A drawing for an HTML page that has the colours `--note`, `--poor`, `--line` and `--dim`."""
    frame = _Frame(curve)
    width, height = _SIZE
    left, top, bottom, _ = _MARGIN
    base = height - bottom
    name = marked_up(title(curve))
    lines = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{name}" style="width:100%;max-width:{width}px">',
        f"<title>{name}</title>",
        f'<path d="M{left} {top}V{base}H{width}" style="fill:none;stroke:var(--line)"/>',
    ]
    if curve.first is not None:
        at = f"{_x(frame, curve.first):.1f}"
        lines.append(f'<path d="M{at} {top}V{base}" style="stroke:var(--dim);stroke-dasharray:4 4"/>')
    lines += [_polyline(curve.left, frame, "--note", 2.5), _polyline(curve.right, frame, "--poor", 1.25)]
    texts: Iterable[tuple[float, float, str, str]] = (
        (left - 6, top + 8, "end", number(frame.high)),
        (left - 6, base, "end", number(frame.low)),
        (left, height - 8, "start", number(frame.first)),
        (width - 4, height - 8, "end", number(frame.last)),
    )
    style = "fill:var(--dim);font:12px system-ui,sans-serif"
    lines += [
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" style="{style}">{text}</text>' for x, y, anchor, text in texts
    ]
    return "\n".join([*lines, "</svg>"])


def _x(frame: _Frame, step: float) -> float:
    left, _, _, right = _MARGIN
    return left + frame.place(step, frame.low)[0] * (_SIZE[0] - left - right)


def _polyline(points: Points, frame: _Frame, colour: str, thickness: float) -> str:
    _, top, bottom, _ = _MARGIN
    tall = _SIZE[1] - top - bottom
    places = " ".join(
        f"{_x(frame, step):.1f},{top + (1 - frame.place(step, value)[1]) * tall:.1f}" for step, value in points
    )
    style = f"fill:none;stroke:var({colour});stroke-width:{thickness}"
    return f'<polyline points="{places}" style="{style}"/>'
