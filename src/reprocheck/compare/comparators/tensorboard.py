"""Compares TensorBoard's event files by step and tag; the time of an event is metadata.

Source: `tensorflow/core/util/event.proto`, `tensorflow/core/framework/summary.proto`, the TFRecord framing.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

from reprocheck.compare.arrays import StoredArray
from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content, metadata
from reprocheck.compare.formats import protobuf
from reprocheck.compare.formats.crc32c import crc32c, masked
from reprocheck.compare.formats.tensors import tensor_proto
from reprocheck.compare.structure import Walk
from reprocheck.compare.volatile import volatile_key
from reprocheck.model.comparison import Difference, Outcome

_LONGEST = 256 << 20
_CHECKED = 16 << 20
"""Bytes whose checksums are verified: a byte takes a tenth of a microsecond."""
_SESSION = ("_hparams_/session_start_info", "_hparams_/session_end_info")
_START_TIME, _END_TIME = "5", "2"


def _is_events(probe: Probe) -> bool:
    if len(probe.head) < 24:  # noqa: PLR2004 — the first record's frame
        return False
    length, checksum = struct.unpack("<QI", probe.head[:12])
    return bool(length < _LONGEST and masked(crc32c(probe.head[:8])) == checksum)


def records(source: Content) -> Iterator[bytes]:
    """Payloads of a record file; raises `UnreadableError`, also for checksums that are wrong."""
    place, checked = 0, 0
    while place < source.size:
        head = source.read(place, 12)
        length, checksum = struct.unpack("<QI", head)
        if masked(crc32c(head[:8])) != checksum or length > _LONGEST:
            raise UnreadableError(f"has a damaged record at byte {place}")
        data = source.read(place + 12, length)
        (stated,) = struct.unpack("<I", source.read(place + 12 + length, 4))
        checked += length
        if checked <= _CHECKED and masked(crc32c(data)) != stated:
            raise UnreadableError(f"has a record whose checksum is wrong at byte {place}")
        yield data
        place += 16 + length


class _Event:
    """One event: its step, and what it holds by tag."""

    def __init__(self, data: bytes) -> None:
        self.time = 0.0
        self.step = 0
        self.values: list[tuple[str, object]] = []
        for number, _, value in protobuf.fields(memoryview(data)):
            match number:
                case 1:
                    self.time = protobuf.float64(value)
                case 2:
                    self.step = protobuf.integer(value)
                case 3:
                    self.values.append(("file_version", protobuf.text(value)))
                case 5:
                    for kind, _, item in protobuf.fields(protobuf.message(value)):
                        if kind != 1:
                            raise UnreadableError("holds a summary of an unknown kind")
                        self.values.append(_summary(protobuf.message(item)))
                case _:
                    self.values.append((_OTHERS.get(number, f"field {number}"), _raw(value)))


_OTHERS = {4: "graph", 6: "log", 7: "session", 8: "tagged run metadata", 9: "meta graph", 10: "source"}


def _raw(value: int | memoryview) -> object:
    return value if isinstance(value, int) else bytes(value)


def _summary(data: memoryview) -> tuple[str, object]:
    tag = ""
    parts: dict[str, object] = {}
    for number, wire, value in protobuf.fields(data):
        match number:
            case 1:
                tag = protobuf.text(value)
            case 2:
                parts["value"] = _single(protobuf.float32(value))
            case 5:
                parts["histogram"] = _histogram(protobuf.message(value))
            case 8:
                parts["tensor"] = tensor_proto(protobuf.message(value), onnx=False)
            case 9:
                parts["metadata"] = protobuf.tree(protobuf.message(value))
            case _:
                parts[f"field {number}"] = [wire, _raw(value)]
    if tag in _SESSION:
        _forget_times(parts)
    return tag, parts["value"] if list(parts) == ["value"] else parts


def _single(value: float) -> StoredArray:
    from reprocheck.compare.number_formats import named_format

    number = named_format("float32")
    assert number is not None
    data = Content.of_bytes("", struct.pack("<f", value))
    return StoredArray(number, (), data.region(0, 4))


def _histogram(data: memoryview) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, wire, value in protobuf.fields(data):
        if wire == protobuf.BYTES:
            packed = bytes(protobuf.message(value))
            if len(packed) % 8:
                raise UnreadableError("holds a damaged histogram")
            found[f"{number}"] = list(struct.unpack(f"<{len(packed) // 8}d", packed))
        elif wire == protobuf.FIXED64:
            items: Any = found.setdefault(f"{number}", [])
            items.append(protobuf.float64(value))
        else:
            found[f"{number}"] = _raw(value)
    return found


def _forget_times(parts: dict[str, Any]) -> None:
    """Take out when a session began and ended."""
    for plugin in parts.get("metadata", {}).get("1", []):
        for inner in plugin.get("2", []) if isinstance(plugin, dict) else []:
            for field, time in (("3", _START_TIME), ("4", _END_TIME)):
                for session in inner.get(field, []) if isinstance(inner, dict) else []:
                    if isinstance(session, dict):
                        session.pop(time, None)


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    parts: list[Difference] = []
    sides = list(map(_Event, records(left))), list(map(_Event, records(right)))
    walk = Walk(context)
    tags: dict[str, list[Difference]] = {}
    first = ""
    for one, other in zip(*sides, strict=False):
        for tag, step, found in _events(one, other, walk):
            tags.setdefault(tag, []).append(found)
            if found.outcome is Outcome.DIVERGENT and not first:
                first = f"first at step {step}" + (f" in {tag}" if tag else "")
    parts += [context.gathered(tag, "metric", found) for tag, found in tags.items()]
    if len(sides[0]) != len(sides[1]):
        parts.append(content("events", "another number of events", len(sides[0]), len(sides[1])))
    if any(not math.isclose(a.time, b.time, rel_tol=0, abs_tol=0) for a, b in zip(*sides, strict=False)):
        parts.append(metadata("wall time", "the times of events"))
    return context.gathered(context.path, "tensorboard", parts, first)


def _events(one: _Event, other: _Event, walk: Walk) -> Iterator[tuple[str, int, Difference]]:
    if one.step != other.step:
        yield "step", one.step, content(f"step {one.step}", "another step", one.step, other.step)
        return
    names = [tag for tag, _ in one.values], [tag for tag, _ in other.values]
    if names[0] != names[1]:
        yield "tags", one.step, content(f"step {one.step}", "other tags", ", ".join(names[0]), ", ".join(names[1]))
        return
    for (tag, a), (_, b) in zip(one.values, other.values, strict=True):
        name = f"step {one.step}"
        found = list(walk.compare(a, b, name, tag))
        if found and volatile_key(tag, None, None):
            yield tag, one.step, metadata(name, "changes from run to run")
        else:
            for difference in found:
                yield tag, one.step, difference


def scalars(source: Content) -> Iterator[tuple[int, str, float]]:
    """Steps, tags and values of all single numbers, in the order of the file; raises `UnreadableError`."""
    for data in records(source):
        event = _Event(data)
        for tag, value in event.values:
            array = value.get("tensor") if isinstance(value, dict) else value
            if isinstance(array, StoredArray) and array.number.name == "float32" and math.prod(array.shape) == 1:
                yield event.step, tag, float(struct.unpack("<f", array.data.read())[0])


TENSORBOARD = Comparator("tensorboard", _is_events, _compare)
