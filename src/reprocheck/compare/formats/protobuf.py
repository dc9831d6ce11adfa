"""Walks protocol-buffer messages without their schema. Source: the wire format of Protocol Buffers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from reprocheck.compare.content import UnreadableError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10

Field = tuple[int, int, "int | memoryview"]
"""Number, wire type, and the value: bytes for `BYTES`, else the bits as an integer."""


def fields(data: memoryview) -> Iterator[Field]:
    """Fields of a message in their order; raises `UnreadableError`."""
    place = 0
    while place < len(data):
        tag, place = varint(data, place)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise UnreadableError("holds a message with a field 0")
        value: int | memoryview
        match wire:
            case 0:
                value, place = varint(data, place)
            case 1 | 5:
                size = 8 if wire == FIXED64 else 4
                if place + size > len(data):
                    raise UnreadableError("holds a message that ends too early")
                value = int.from_bytes(data[place : place + size], "little")
                place += size
            case 2:
                size, place = varint(data, place)
                if place + size > len(data):
                    raise UnreadableError("holds a message that ends too early")
                value = data[place : place + size]
                place += size
            case _:
                raise UnreadableError(f"holds a message with a field of wire type {wire}")
        yield number, wire, value


def varint(data: memoryview, place: int) -> tuple[int, int]:
    """An integer of variable length, and the place behind it."""
    value = shift = 0
    for _ in range(_LONGEST_VARINT):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 — the bit that says that more follows
            return value, place
    raise UnreadableError("holds a message with a damaged integer")


def message(value: int | memoryview) -> memoryview:
    """A field that must be bytes."""
    if isinstance(value, int):
        raise UnreadableError("holds a number where a message should be")
    return value


def text(value: int | memoryview) -> str:
    """A field that must be text."""
    return bytes(message(value)).decode("utf-8", "surrogateescape")


def integer(value: int | memoryview) -> int:
    """A field that must be a signed integer."""
    if not isinstance(value, int):
        raise UnreadableError("holds bytes where a number should be")
    return value - (1 << 64) if value >> 63 else value


def float32(bits: int | memoryview) -> float:
    """A field that must be a single-precision number."""
    if not isinstance(bits, int) or bits >> 32:
        raise UnreadableError("holds something else where a number should be")
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def float64(bits: int | memoryview) -> float:
    """A field that must be a double-precision number."""
    if not isinstance(bits, int):
        raise UnreadableError("holds bytes where a number should be")
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def tree(data: memoryview, depth: int = 0) -> object:
    """A message of an unknown schema as values: what parses as a message is taken for one."""
    found: dict[object, object] = {}
    for number, wire, value in fields(data):
        item: object = value
        if not isinstance(value, int):
            item = _guess(value, depth)
        found.setdefault(f"{number}", []).append(item if wire == BYTES else [wire, item])  # type: ignore[attr-defined]
    return found


def _guess(data: memoryview, depth: int) -> object:
    raw = bytes(data)
    try:
        plain = raw.decode("utf-8")
    except UnicodeDecodeError:
        plain = ""
    if plain and plain.isprintable():
        return plain
    if depth < 20 and raw:  # noqa: PLR2004 — deeper than any schema we know
        try:
            return tree(data, depth + 1)
        except UnreadableError:
            return raw
    return raw
