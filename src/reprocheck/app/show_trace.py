"""What the training steps of a run left: numbers over steps, of one run or of two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from reprocheck.app.stores import open_store
from reprocheck.compare.curves import Series, parted
from reprocheck.model.comparison import Curve
from reprocheck.store.runs import RunFolder

_LARGEST_LINE = 64 << 20
_MOST_POINTS = 100_000


class _Line(msgspec.Struct):
    """One event of a trace, as far as it is drawn (docs/internals/journal.md)."""

    event: str = ""
    loss: object = None
    rates: tuple[object, ...] = ()
    tensors: tuple[tuple[object, ...], ...] = ()


def series_of(word: str, asked: Path | None, start: Path) -> Series:
    """Loss, size of the gradients and learning rate by step, none where nothing was traced; raises StoreError."""
    return _series(open_store(asked, start).resolve(word))


def curves_between(first: str, second: str, asked: Path | None, start: Path) -> tuple[Curve, ...]:
    """Curves of two runs that part; raises StoreError."""
    store = open_store(asked, start)
    return parted(_series(store.resolve(first)), _series(store.resolve(second)))


def _series(folder: RunFolder) -> Series:
    """Process by process in the order of their start; one that goes alone needs no name."""
    files = sorted(folder.journal.glob("trace-*.jsonl"), key=lambda file: (_started(file), file.name))
    traces = [found for file in files if (found := _of_file(file))]
    if len(traces) == 1:
        return traces[0]
    return {
        f"process {number}: {name}": points for number, found in enumerate(traces, 1) for name, points in found.items()
    }


def _started(file: Path) -> int:
    ticks = file.stem.rpartition("-")[2]
    return int(ticks) if ticks.isdecimal() else 0


def _of_file(file: Path) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for step, line in enumerate(_steps(file)):
        values = {
            "loss": _number(line.loss),
            "gradient norm": _norm(line.tensors),
            "learning rate": _number(line.rates[0]) if line.rates else None,
        }
        for name, value in values.items():
            if value is not None and math.isfinite(value):
                found.setdefault(name, []).append((step, value))
    return found


def _steps(file: Path) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(_Line)
    count = 0
    try:
        with file.open("rb") as lines:
            for text in iter(lambda: lines.readline(_LARGEST_LINE), b""):
                try:
                    line = decoder.decode(text)
                except msgspec.DecodeError:
                    continue  # torn by a kill
                if line.event == "step":
                    yield line
                    count += 1
                    if count >= _MOST_POINTS:
                        return
    except OSError:
        return


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _norm(tensors: tuple[tuple[object, ...], ...]) -> float | None:
    """Over the gradients of all parameters, each with `[digest, norm, smallest, largest]`."""
    norms = []
    for pair in tensors:
        gradient = pair[1] if len(pair) > 1 else None
        norm = _number(gradient[1]) if isinstance(gradient, list) and len(gradient) > 1 else None
        if norm is not None:
            norms.append(norm)
    return math.hypot(*norms) if norms else None
