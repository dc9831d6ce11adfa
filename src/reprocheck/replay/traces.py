"""The first optimizer step at which two traces part, and what parts there first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from reprocheck.model.replay import TraceDifference

_LARGEST_LINE = 64 << 20
_Statistics = tuple[str, float | None, float | None, float | None]
"""Fingerprint, norm, least and greatest value of a tensor."""


class _Line(msgspec.Struct):
    """One event of a trace, as far as it is compared (docs/internals/journal.md)."""

    event: str = ""
    optimizer: int = 0
    index: int = 0
    names: tuple[str, ...] = ()
    loss: object = None
    rng: dict[str, str] = {}
    parameters: str = ""
    gradients: str = ""
    digest: str = ""
    tensors: tuple[tuple[object, ...], ...] = ()


class _Step(msgspec.Struct):
    line: _Line
    names: tuple[str, ...]


def first_difference(recorded: Path, replayed: Path) -> TraceDifference | None:
    """Compare the traces in two journals; None where they agree, or where either has none.

    Processes are paired in the order of their start, steps by position.
    """
    pairs = list(zip(_traces(recorded), _traces(replayed), strict=False))
    common = 0
    found: list[tuple[int, TraceDifference]] = []
    for left, right in pairs:
        ours, theirs = list(_steps(left)), list(_steps(right))
        common += min(len(ours), len(theirs))
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            difference = _difference(number, one, other)
            if difference is not None:
                found.append((number, difference))
                break
        else:
            if len(ours) != len(theirs):
                number = min(len(ours), len(theirs))
                said = TraceDifference(
                    step=number, what="number of steps", steps=0, recorded=str(len(ours)), replayed=str(len(theirs))
                )
                found.append((number, said))
    if not found:
        return None
    return msgspec.structs.replace(min(found, key=lambda item: item[0])[1], steps=common)


def losses(journal: Path) -> dict[str, list[tuple[float, float]]]:
    """Loss by step, of each process that has one; the name is `loss`, with a number where there are several."""
    found = {}
    files = _traces(journal)
    for number, file in enumerate(files):
        values = [
            (float(step), float(line.loss))
            for step, line in enumerate(one.line for one in _steps(file))
            if isinstance(line.loss, int | float)
        ]
        if values:
            found["loss" if len(files) == 1 else f"loss {number}"] = values
    return found


def _traces(journal: Path) -> list[Path]:
    """Step files of a journal, in the order in which their processes started."""

    def start(file: Path) -> tuple[int, str]:
        ticks = file.stem.rpartition("-")[2]
        return (int(ticks) if ticks.isdecimal() else 0, file.name)

    return sorted(journal.glob("trace-*.jsonl"), key=start)


def _steps(file: Path) -> Iterator[_Step]:
    decoder = msgspec.json.Decoder(_Line)
    names: dict[int, tuple[str, ...]] = {}
    try:
        with file.open("rb") as lines:
            for text in iter(lambda: lines.readline(_LARGEST_LINE), b""):
                try:
                    line = decoder.decode(text)
                except msgspec.DecodeError:
                    continue  # torn by a kill
                if line.event == "optimizer":
                    names[line.optimizer] = line.names
                elif line.event in {"step", "fit"}:
                    yield _Step(line, names.get(line.optimizer, ()))
    except OSError:
        return


def _difference(number: int, recorded: _Step, replayed: _Step) -> TraceDifference | None:
    """What parts first: draws happen before gradients, and gradients before parameters."""
    one, other = recorded.line, replayed.line
    for generator in sorted(one.rng.keys() & other.rng.keys()):
        if one.rng[generator] != other.rng[generator]:
            said = _said(number, f"state of {generator}", one.rng[generator], other.rng[generator])
            return msgspec.structs.replace(said, generator=generator)
    for position, kind in ((1, "gradient"), (0, "parameter")):
        for index, (left, right) in enumerate(zip(one.tensors, other.tensors, strict=False)):
            a, b = _part(left, position), _part(right, position)
            if a is not None and b is not None and a[0] != b[0]:
                name = recorded.names[index] if index < len(recorded.names) else str(index)
                return _said(number, f"{kind} {name}", _shown(a), _shown(b))
    if one.loss != other.loss:
        return _said(number, "loss", str(one.loss), str(other.loss))
    for what in ("gradients", "parameters", "digest"):
        a_text, b_text = getattr(one, what), getattr(other, what)
        if a_text != b_text:
            return _said(number, "fitted state" if what == "digest" else what, a_text, b_text)
    return None


def _part(tensors: tuple[object, ...], position: int) -> _Statistics | None:
    if position >= len(tensors):
        return None
    try:
        found: _Statistics = msgspec.convert(tensors[position], _Statistics)
    except msgspec.ValidationError:
        return None
    return found


def _shown(statistics: _Statistics) -> str:
    norm = statistics[1]
    return statistics[0] if norm is None else f"norm {norm:.7g}"


def _said(number: int, what: str, recorded: str, replayed: str) -> TraceDifference:
    return TraceDifference(step=number, what=what, steps=0, recorded=recorded, replayed=replayed)
