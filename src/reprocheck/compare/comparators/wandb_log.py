"""Compares the logs that W&B writes offline: history and configuration by step; who, where and when are metadata.

Source: the record format of LevelDB's log, and `wandb/proto/wandb_internal.proto`.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator

from reprocheck.compare.comparator import Comparator, CompareParts
from reprocheck.compare.comparators.documents import read_json
from reprocheck.compare.comparators.metric_lines import compare_records
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.formats import protobuf
from reprocheck.model.comparison import Difference

_MAGIC = b":W&B"
_VERSION = b"\xe1\xbe\x00"
_BLOCK = 32768
_LARGEST = 256 << 20
_HEAD = 7
_OWN = 100
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _SUMMARY, _CONFIG = 2, 3, 5
_NAMES = {_HISTORY: "history", _SUMMARY: "summary", _CONFIG: "config"}


def _records(data: bytes) -> Iterator[bytes]:
    if data[4:7] != _VERSION:
        raise UnreadableError("is of an unknown version")
    place, held = 7, b""
    while place < len(data):
        room = _BLOCK - place % _BLOCK
        if room < _HEAD or not any(data[place : place + room]):
            if any(data[place : place + room]):
                raise UnreadableError(f"has a damaged record at byte {place}")
            place += room
            continue
        checksum, length, kind = struct.unpack("<IHB", data[place : place + _HEAD].ljust(_HEAD, b"\0"))
        payload = data[place + _HEAD : place + _HEAD + length]
        if len(payload) != length or kind not in {_FULL, _FIRST, _MIDDLE, _LAST}:
            raise UnreadableError(f"has a damaged record at byte {place}")
        if zlib.crc32(bytes([kind]) + payload) != checksum:
            raise UnreadableError(f"has a record whose checksum is wrong at byte {place}")
        held = payload if kind in {_FULL, _FIRST} else held + payload
        if kind in {_FULL, _LAST}:
            yield held
        place += _HEAD + length


def _logged(source: Content) -> Iterator[object]:
    seen = False
    for record in _records(source.all(_LARGEST)):
        for number, _, value in protobuf.fields(memoryview(record)):
            if number in _NAMES:
                seen = True
                yield {"record": _NAMES[number], **_items(protobuf.message(value))}
    if not seen:
        raise UnreadableError("holds no history")


def _items(data: memoryview) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, wire, value in protobuf.fields(data):
        if wire != protobuf.BYTES:
            continue
        if number > _OWN:  # what the library adds to every record
            continue
        name, text = [], ""
        for field, _, item in protobuf.fields(protobuf.message(value)):
            if field in {1, 2} and not isinstance(item, int):
                name.append(protobuf.text(item))
            elif field == 16:  # noqa: PLR2004 — `value_json`
                text = protobuf.text(item)
        if name and text:
            found[".".join(name)] = _value(text)
        elif number == 1:
            found[f"item {len(found)}"] = bytes(protobuf.message(value))
    return found


def _value(text: str) -> object:
    try:
        json.loads(text)
    except ValueError:
        return text
    return read_json(text.encode("utf-8", "surrogateescape"))


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return compare_records(_without_own(left), _without_own(right), context, "wandb")


def _without_own(source: Content) -> Iterator[object]:
    """Records without what the library says about itself."""
    for record in _logged(source):
        assert isinstance(record, dict)
        yield {
            name: value
            for name, value in record.items()
            if name.split(".")[0] not in {"_wandb", "_timestamp", "_runtime"}
        }


WANDB = Comparator("wandb", lambda probe: probe.head.startswith(_MAGIC), _compare)
