"""Unpacks compressed bytes, in memory while they are few and into an unnamed file when they are many."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Protocol

from reprocheck.compare.content import BLOCK, Content, UnreadableError
from reprocheck.compare.context import Context, spend

_IN_MEMORY = 32 << 20


class Decompressor(Protocol):
    """What `bz2`, `lzma` and a wrapped `zlib` offer."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Bytes behind the end."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack some more."""
        ...


class Gunzip:
    """`zlib` for gzip files, with the interface of `bz2`; it checks length and checksum."""

    def __init__(self) -> None:
        """For one member of a file; there may be several."""
        import zlib

        self._machine = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        """Bytes behind the member."""
        return self._machine.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""
        return not self._machine.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack some more."""
        return self._machine.decompress(self._machine.unconsumed_tail + data, max(max_length, 0))


def _machine(kind: str) -> Decompressor:
    import bz2
    import lzma

    match kind:
        case "gzip":
            return Gunzip()
        case "bzip2":
            return bz2.BZ2Decompressor()
        case _:
            return lzma.LZMADecompressor(memlimit=256 << 20)


def unpacked(source: Content, kind: str, name: str, context: Context) -> Content:
    """All that a compressed file holds; raises `UnreadableError` for damage and for what becomes too much."""
    return collected(_pieces(source, kind), name, context)


def collected(pieces: Iterable[bytes], name: str, context: Context) -> Content:
    """Pieces put together; the caller closes the content."""
    held: list[bytes] = []
    total = 0
    file = None
    for piece in pieces:
        spend(context, len(piece))
        total += len(piece)
        held.append(piece)
        if file is None and total > _IN_MEMORY:
            file = tempfile.TemporaryFile()  # noqa: SIM115 — it lives as long as the content does
        if file is not None:
            file.write(b"".join(held))
            held.clear()
    if file is None:
        return Content.of_bytes(name, b"".join(held))
    with file:
        file.flush()
        return Content(name, total, descriptor=os.dup(file.fileno()))


def _pieces(source: Content, kind: str) -> Iterator[bytes]:
    import lzma
    import zlib

    try:
        yield from _unpack(source, kind)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise UnreadableError(f"can't be unpacked ({error})") from None


def _unpack(source: Content, kind: str) -> Iterator[bytes]:
    machine = _machine(kind)
    waiting = b""
    for block in source.region(0, source.size).blocks(BLOCK):
        waiting = waiting + bytes(block) if waiting else bytes(block)
        while True:
            if machine.eof:
                waiting = machine.unused_data
                if not waiting:
                    break
                machine = _machine(kind)
            piece = machine.decompress(waiting, BLOCK)
            waiting = b""
            if piece:
                yield piece
            if machine.needs_input and not machine.eof:
                break
            if not piece and not machine.eof:
                break
    if not machine.eof:
        raise UnreadableError("is packed data that ends too early")
