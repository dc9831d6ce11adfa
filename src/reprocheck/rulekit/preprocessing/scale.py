"""What is done to the values of pixels, as one linear map per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprocheck.rulekit.preprocessing.values import Step

_PRESETS: dict[str, tuple[tuple[float, ...], tuple[float, ...], bool]] = {
    # Factor and offset per channel of pixels in 0..255, and whether channels are turned around first.
    # https://github.com/keras-team/keras/blob/master/keras/src/applications/imagenet_utils.py
    "tf": ((1 / 127.5,), (-1.0,), False),
    "torch": (
        (1 / 255 / 0.229, 1 / 255 / 0.224, 1 / 255 / 0.225),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
        False,
    ),
    "caffe": ((1.0,), (-103.939, -116.779, -123.68), True),
    "none": ((1.0,), (0.0,), False),
}
_SMALL = 1e-9
_WIDEST = 4
"""Standard deviation of pixels in 0..1 beyond which a map is not told as mean and deviation."""
_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of pixel values, per channel."""

    factor: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

    def then(self, factor: Sequence[float], offset: Sequence[float]) -> Scale | None:
        """This map and then another; None when the numbers of channels don't fit."""
        width = max(len(self.factor), len(self.offset), len(factor), len(offset))
        parts = [_widened(part, width) for part in (self.factor, self.offset, factor, offset)]
        if any(part is None for part in parts):
            return None
        mine, mine_off, other, other_off = (part for part in parts if part is not None)
        return Scale(
            tuple(a * b for a, b in zip(mine, other, strict=True)),
            tuple(a * b + c for a, b, c in zip(mine_off, other, other_off, strict=True)),
        )

    def turned(self) -> Scale:
        """With the channels the other way around."""
        return Scale(self.factor[::-1], self.offset[::-1])

    def inverted(self) -> Scale:
        """Of pixels that are turned over first, dark to bright."""
        offset = _widened(self.offset, len(self.factor)) or self.offset
        turned = tuple(o + 255 * f for f, o in zip(self.factor, offset, strict=False))
        return Scale(tuple(-factor for factor in self.factor), turned)

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return all(abs(f - 1) < _SMALL for f in self.factor) and all(abs(o) < _SMALL for o in self.offset)

    def close_to(self, other: Scale) -> bool:
        """Whether two maps give the same numbers, rounding of constants aside."""
        width = max(len(self.factor), len(other.factor), len(self.offset), len(other.offset))
        mine, theirs = (_ends(scale, width) for scale in (self, other))
        if mine is None or theirs is None:
            return False
        return all(abs(a - b) <= _TOLERANCE * max(1.0, abs(a - c)) for (a, c), (b, _) in zip(mine, theirs, strict=True))

    def text(self) -> str:
        """As a formula, with the range that pixels of 0 to 255 end in."""
        low, high = self.offset[0], self.factor[0] * 255 + self.offset[0]
        if self.is_identity:
            return "pixels left in 0..255"
        if len(set(self.factor)) == 1 and len(set(self.offset)) == 1:
            return f"pixels brought to {_number(low)}..{_number(high)}"
        pairs = list(zip(_fit(self.factor, 3), _fit(self.offset, 3), strict=False))
        means = [-o / f / 255 for f, o in pairs]
        if all(-1 < mean < 2 and 1 / f / 255 < _WIDEST for mean, (f, _) in zip(means, pairs, strict=True)):  # noqa: PLR2004 — of pixels in 0..1
            deviations = ", ".join(_number(1 / f / 255) for f, _ in pairs)
            return f"(pixels / 255 - [{', '.join(map(_number, means))}]) / [{deviations}]"
        return f"pixels brought to {_number(low)}..{_number(high)} in the first channel"


def _widened(part: Sequence[float], width: int) -> tuple[float, ...] | None:
    if len(part) == width:
        return tuple(part)
    return tuple(part) * width if len(part) == 1 else None


def _fit(part: Sequence[float], width: int) -> tuple[float, ...]:
    return tuple(part) if len(part) > 1 else tuple(part) * width


def _ends(scale: Scale, width: int) -> list[tuple[float, float]] | None:
    """For each channel where 0 and 255 end, each with the other one."""
    factor, offset = _widened(scale.factor, width), _widened(scale.offset, width)
    if factor is None or offset is None:
        return None
    pairs = [(o, f * 255 + o) for f, o in zip(factor, offset, strict=True)]
    return [pair for low, high in pairs for pair in ((low, high), (high, low))]


def _number(value: float) -> str:
    return f"{value:.3g}"


def applied(step: Step, known: Scale) -> tuple[Sequence[float], Sequence[float]] | None:
    """Factor and offset of a step, per channel, on values that were mapped before; None where they can't be told."""
    given = step.given
    match step.op:
        case "to-unit" | "resize-unit" | "grey-unit":
            return ((1 / 255,), (0.0,)) if known.is_identity else ((1.0,), (0.0,))
        case "to-dtype":
            return ((1 / 255,), (0.0,)) if given.get("scale") is True else ((1.0,), (0.0,))
        case "preset":
            preset = _PRESETS.get(str(given.get("mode")))
            return None if preset is None else preset[:2]
        case "scale":
            divisor = _numbers(given.get("divisor", 1.0))
            factor, offset = _numbers(given.get("factor", 1.0)), _numbers(given.get("offset", 0.0))
            if divisor is None or factor is None or offset is None or 0 in divisor:
                return None
            return [f / divisor[0] for f in factor], offset
        case "normalise":
            mean, std = _numbers(given.get("mean")), _numbers(given.get("std"))
            maximum = _numbers(given.get("maximum", 1.0))
            if mean is None or std is None or maximum is None or 0 in std or 0 in maximum:
                return None
            std = _fit(std, len(mean)) if len(std) == 1 else tuple(std)
            mean = _fit(mean, len(std)) if len(mean) == 1 else tuple(mean)
            if len(mean) != len(std):
                return None
            return [1 / maximum[0] / s for s in std], [-m / s for m, s in zip(mean, std, strict=True)]
    amount = _numbers(given.get("amount"))
    if amount is None:
        return None
    match given.get("sign"):
        case "Add":
            return (1.0,), amount
        case "Sub":
            return (1.0,), [-part for part in amount]
        case "Mult":
            return amount, (0.0,)
        case "Div" if 0 not in amount:
            return [1 / part for part in amount], (0.0,)
    return None


def _numbers(value: object) -> Sequence[float] | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return (float(value),)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list) and value and all(isinstance(part, int | float) for part in value):
        return [float(part) for part in value]
    return None
