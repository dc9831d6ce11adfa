"""Metrics by step: the numbers that two logs hold over the course of a run, where they do not agree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reprocheck.compare.comparator import probe
from reprocheck.compare.comparators.documents import JSON, read_json
from reprocheck.compare.comparators.metric_lines import JSON_LINES, MLFLOW
from reprocheck.compare.comparators.tables import STEPS, TABLE, named_rows
from reprocheck.compare.comparators.tensorboard import TENSORBOARD, scalars
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.quantities import numbers_in
from reprocheck.compare.single_numbers import as_number, number_of
from reprocheck.compare.volatile import volatile_key
from reprocheck.model.comparison import Curve

_LARGEST = 64 << 20
_POINTS = 240
"""Points of a curve that are kept: more than a page or a terminal shows."""
_CURVES = 6
"""Of one artifact."""
_DEEPEST = 8
"""Tables in each other."""
_FEWEST = 2
"""One point is no curve."""

Series = Mapping[str, list[tuple[float, float]]]
"""Steps and values by name."""


def differing_curves(left: Path, right: Path, name: str) -> tuple[Curve, ...]:
    """Curves of two metric logs that differ, those that part first before others; empty for anything else."""
    return parted(series(left, name), series(right, name), f"{name}:")


def parted(left: Series, right: Series, prefix: str = "") -> tuple[Curve, ...]:
    """Curves that both sides have and that differ."""
    found = [
        _curve(f"{prefix}{name}", left[name], right[name])
        for name in left
        if name in right and min(len(left[name]), len(right[name])) >= _FEWEST and left[name] != right[name]
    ]
    found.sort(key=lambda curve: math.inf if curve.first is None else curve.first)
    return tuple(found[:_CURVES])


def series(path: Path, name: str) -> Series:
    """Every number of a metric log over its steps, finite values only; empty for what is no such log."""
    found: dict[str, list[tuple[float, float]]] = {}
    try:
        with Content.of_file(path, name) as source:
            if source.size <= _LARGEST:
                for key, step, value in _points(source):
                    if math.isfinite(value) and math.isfinite(step):
                        found.setdefault(key, []).append((step, value))
    except (OSError, UnreadableError, RecursionError, ValueError):
        return {}
    return found


def _points(source: Content) -> Iterator[tuple[str, float, float]]:
    seen = probe(source)
    if TENSORBOARD.recognizes(seen):
        for step, tag, value in scalars(source):
            if not volatile_key(tag, value, value):
                yield tag, step, value
    elif MLFLOW.recognizes(seen):
        for index, line in enumerate(source.lines()):
            parts = line.split()
            yield "value", float(parts[2]) if len(parts) > 2 else index, float(parts[1])  # noqa: PLR2004 — step comes last
    elif JSON_LINES.recognizes(seen):
        yield from _of_records(read_json(line) for line in source.lines() if line.strip())
    elif JSON.recognizes(seen):
        yield from _of_document(read_json(source.all(_LARGEST)))
    elif TABLE.recognizes(seen):
        yield from _of_records({key: _cell(text) for key, text in row.items()} for row in named_rows(source))


def _cell(text: str) -> float | None:
    number = number_of(text.strip())
    return None if number is None else float(number)


def _of_records(records: Iterable[object]) -> Iterator[tuple[str, float, float]]:
    """Numbers of one record after the other, at the step that it names, else at its place."""
    for index, record in enumerate(records):
        step: float = index
        if isinstance(record, dict):
            named = (as_number(record[name]) for name in STEPS if name in record)
            step = next((float(number) for number in named if number is not None), step)
        for key, value in numbers_in(record):
            yield key, step, value


def _of_document(value: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, float, float]]:
    """Lists of numbers in a document, as histories of training are often written; and a list of records."""
    if isinstance(value, dict) and depth <= _DEEPEST:
        for name, item in value.items():
            if isinstance(name, str) and not volatile_key(name, "", ""):
                yield from _of_document(item, f"{key}.{name}" if key else name, depth + 1)
    elif isinstance(value, list):
        numbers = [as_number(item) for item in value]
        if all(number is not None for number in numbers):
            yield from ((key, index, float(number)) for index, number in enumerate(numbers) if number is not None)
        elif all(isinstance(item, dict) for item in value):
            for inner, step, number in _of_records(value):
                yield f"{key}.{inner}" if key else inner, step, number


def _curve(name: str, left: list[tuple[float, float]], right: list[tuple[float, float]]) -> Curve:
    place = next((index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    first = None if place is None else min(left[place][0], right[place][0])
    return Curve(name=name, left=_thinned(left, place), right=_thinned(right, place), first=first)


def _thinned(points: list[tuple[float, float]], place: int | None) -> tuple[tuple[float, float], ...]:
    """Evenly chosen points, with the first, the last and the one at which the curves part."""
    if len(points) <= _POINTS:
        return tuple(points)
    chosen = {round(index * (len(points) - 1) / (_POINTS - 1)) for index in range(_POINTS)}
    return tuple(points[index] for index in sorted(chosen | ({place} if place is not None else set())))
