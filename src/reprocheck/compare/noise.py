"""The noise band: how far the numbers of repeated runs scatter, and whether another run lies inside.

A new run is judged by the prediction interval of Student's t: with mean `m` and deviation `s` of N runs,
`|x - m| <= t(1 - a/2, N - 1) * s * sqrt(1 + 1/N)`, where `a` is 5% divided among all quantities (Bonferroni).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import msgspec

LEVEL = 0.05
"""Probability that an honest run falls outside in any of its quantities."""
_FEWEST = 3


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """How one number scatters."""

    name: str
    mean: float
    deviation: float
    """Standard deviation of a single run (N - 1 in the divisor)."""
    runs: int


class NoiseBand(msgspec.Struct, frozen=True, kw_only=True):
    """How all numbers scatter that every run has."""

    quantities: tuple[Quantity, ...]
    runs: int
    left_out: tuple[str, ...] = ()
    """Numbers that some run lacks or that are not finite."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run lies in the band, in one number."""

    name: str
    value: float
    sigmas: float
    """Distance from the mean in standard deviations; infinite where the runs never scattered and this one differs."""
    inside: bool
    sentence: str
    """Such as `loss is 0.02 sigma of your seed noise from the mean of 5 runs`."""


class NoiseError(ValueError):
    """Too little to learn from; the message says what is needed."""


def learn(runs: Sequence[Mapping[str, float]]) -> NoiseBand:
    """The band of some repetitions, each as numbers by name; raises `NoiseError` for fewer than three."""
    if len(runs) < _FEWEST:
        raise NoiseError(f"{len(runs)} runs show no noise: at least {_FEWEST} are needed")
    names = sorted({name for run in runs for name in run})
    quantities, left_out = [], []
    for name in names:
        values = [run[name] for run in runs if name in run and math.isfinite(run[name])]
        if len(values) < len(runs):
            left_out.append(name)
            continue
        deviation = statistics.stdev(values)
        quantities.append(Quantity(name=name, mean=statistics.fmean(values), deviation=deviation, runs=len(values)))
    return NoiseBand(quantities=tuple(quantities), runs=len(runs), left_out=tuple(left_out))


def place(band: NoiseBand, run: Mapping[str, float]) -> tuple[Placement, ...]:
    """Where another run lies, number by number; what the run lacks lies outside."""
    count = max(len(band.quantities), 1)
    limit = student_quantile(1 - LEVEL / 2 / count, band.runs - 1) * math.sqrt(1 + 1 / band.runs)
    return tuple(_placed(quantity, run.get(quantity.name), limit) for quantity in band.quantities)


def _placed(quantity: Quantity, value: float | None, limit: float) -> Placement:
    if value is None or not math.isfinite(value):
        sentence = f"{quantity.name} is missing, where {quantity.runs} runs have it"
        return Placement(name=quantity.name, value=math.nan, sigmas=math.inf, inside=False, sentence=sentence)
    off = abs(value - quantity.mean)
    # A mean of equal numbers may be rounded away from them.
    still = quantity.deviation <= abs(quantity.mean) * 1e-15
    if still and off > abs(quantity.mean) * 1e-15:
        digits = _digits(value, off)
        sentence = (
            f"{quantity.name} is {value:.{digits}g}, where {quantity.runs} runs all gave {quantity.mean:.{digits}g}"
        )
        return Placement(name=quantity.name, value=value, sigmas=math.inf, inside=False, sentence=sentence)
    sigmas = 0.0 if still else off / quantity.deviation
    inside = sigmas <= limit
    digits = _digits(quantity.mean, quantity.deviation)
    sentence = (
        f"{quantity.name} is {sigmas:.2g} sigma of your seed noise from the mean of {quantity.runs} runs"
        f" ({value:.{digits}g}; {quantity.mean:.{digits}g} ± {quantity.deviation:.2g}),"
        f" {'inside' if inside else 'outside'} the 95% band of {limit:.2g} sigma"
    )
    return Placement(name=quantity.name, value=value, sigmas=sigmas, inside=inside, sentence=sentence)


def _digits(value: float, apart: float) -> int:
    """Digits in which numbers of this size and distance are seen to differ, 6 at least."""
    if not value or not apart:
        return 6
    return min(max(6, math.floor(math.log10(abs(value))) - math.floor(math.log10(apart)) + 2), 17)


def student_quantile(probability: float, freedom: int) -> float:
    """The value below which Student's t falls with a probability above one half."""
    low, high = 0.0, 2.0
    while _student(high, freedom) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _student(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _student(value: float, freedom: int) -> float:
    """Probability that Student's t falls below a value that isn't negative.

    The sum for whole degrees of freedom: Abramowitz and Stegun 26.7.3 and 26.7.4.
    """
    angle = math.atan2(value, math.sqrt(freedom))
    cosine = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= cosine * (step - 1) / step
        total += term
    inside = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return 0.5 + inside / 2
