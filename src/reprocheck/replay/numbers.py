"""The numbers that results end with: metrics of a run, by file and key."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from reprocheck.replay.outputs import Output

_LARGEST = 4 << 20
"""Bytes of a file that is looked at: metrics are small."""
_MOST = 200
"""Numbers of one file."""


def final_numbers(outputs: Iterable[Output]) -> dict[str, float]:
    """Numbers of JSON files, and of the last line of JSONL and CSV files, by `path:key`."""
    found: dict[str, float] = {}
    for output in outputs:
        if output.content:
            for number, (key, value) in enumerate(_numbers(output)):
                if number >= _MOST:
                    break
                found[f"{output.path}:{key}" if key else output.path] = value
    return found


def _numbers(output: Output) -> Iterator[tuple[str, float]]:
    file = Path(output.content)
    try:
        if file.stat().st_size > _LARGEST:
            return
        text = file.read_bytes()
        match Path(output.path).suffix:
            case ".json":
                yield from _flat(msgspec.json.decode(text), "")
            case ".jsonl" | ".ndjson":
                lines = text.strip().splitlines()
                yield from _flat(msgspec.json.decode(lines[-1]) if lines else None, "")
            case ".csv":
                yield from _last_row(text.decode("utf-8"))
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, csv.Error, RecursionError):
        return


def _flat(value: object, key: str) -> Iterator[tuple[str, float]]:
    match value:
        case bool() | None:
            return
        case int() | float() if math.isfinite(value):
            yield key, float(value)
        case dict():
            for name, item in value.items():
                yield from _flat(item, f"{key}.{name}" if key else str(name))
        case list() if len(value) <= _MOST:
            for position, item in enumerate(value):
                yield from _flat(item, f"{key}[{position}]")


def _last_row(text: str) -> Iterator[tuple[str, float]]:
    rows = list(csv.reader(io.StringIO(text)))
    if len(rows) < 2:  # noqa: PLR2004 — a header and a row
        return
    for name, cell in zip(rows[0], rows[-1], strict=False):
        try:
            number = float(cell)
        except ValueError:
            continue
        if math.isfinite(number):
            yield name, number


def differing(numbers: Iterable[Mapping[str, float]]) -> set[str]:
    """Names of numbers that are not the same in all of several runs."""
    runs = list(numbers)
    return {name for run in runs for name in run if len({other.get(name) for other in runs}) > 1}
