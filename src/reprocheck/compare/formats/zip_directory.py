"""Reads the directory of a ZIP archive, stricter than a reader that only wants the members.

What a usual reader never looks at (local headers, descriptors, gaps) is checked against the directory, so that damage
there is not taken for the same content. Source: APPNOTE.TXT 6.3.10, PKWARE.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import msgspec

from reprocheck.compare.content import Content, Region, UnreadableError
from reprocheck.compare.context import Context, spend

_MOST = 200_000
"""Members."""
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<IIQI")
_FULL = 0xFFFFFFFF
_DESCRIPTOR = 0x0008
STORED, DEFLATED = 0, 8


class Member(msgspec.Struct, frozen=True):
    """One member of an archive."""

    name: str
    method: int
    flags: int
    needs: int
    """Version of the format that a reader must know."""
    checksum: int
    packed: int
    """Bytes in the archive."""
    size: int
    """Bytes when unpacked."""
    start: int
    """Where its bytes begin."""
    about: bytes
    """Times, attributes, comment: no content."""

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith("/")


def read_directory(source: Content) -> tuple[Member, ...]:
    """Members in the order of the directory; raises `UnreadableError` for damage of any kind."""
    count, size, offset, end = _directory_place(source)
    if count > _MOST:
        raise UnreadableError(f"has {count} members, more than {_MOST}")
    data = source.read(offset, size)
    members: list[Member] = []
    spans: list[tuple[int, int]] = [(offset, end)]
    place = 0
    for _ in range(count):
        if place + _CENTRAL.size > len(data):
            raise UnreadableError("has a directory that ends too early")
        member, place, span = _member(source, data, place)
        members.append(member)
        spans.append(span)
    if place != len(data):
        raise UnreadableError("has a directory longer than its members")
    _check_tiling(spans, source.size)
    if len({member.name for member in members}) != len(members):
        raise UnreadableError("holds two members of the same name")
    return tuple(members)


def _directory_place(source: Content) -> tuple[int, int, int, int]:
    """Count, size and offset of the directory, and where the archive ends."""
    tail_size = min(source.size, _END.size + 0xFFFF)
    tail = source.read(source.size - tail_size, tail_size)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise UnreadableError("has no directory at its end")
    _, disk, first, here, count, size, offset, comment = _END.unpack_from(tail, at)
    position = source.size - tail_size + at
    if at + _END.size + comment != len(tail):
        raise UnreadableError("has bytes behind its end")
    if disk or first or here != count:
        raise UnreadableError("is one of several parts")
    start = position
    if position >= _LOCATOR64.size + _END64.size:
        locator = _LOCATOR64.unpack(source.read(position - _LOCATOR64.size, _LOCATOR64.size))
        if locator[0] == 0x07064B50:  # noqa: PLR2004 — the format's own signature
            fields = _END64.unpack(source.read(min(locator[2], source.size - _END64.size), _END64.size))
            wanted = (0x06064B50, _END64.size - 12, 0, 0)
            if (fields[0], fields[1], fields[4], fields[5]) != wanted or (locator[1], locator[3]) != (0, 1):
                raise UnreadableError("has a damaged 64-bit directory record")
            count64, size64, offset64 = fields[7], fields[8], fields[9]
            if fields[6] != count64 or any(
                old not in {new, limit}
                for old, new, limit in ((count, count64, 0xFFFF), (size, size64, _FULL), (offset, offset64, _FULL))
            ):
                raise UnreadableError("has two directory records that disagree")
            start = locator[2]
            count, size, offset = count64, size64, offset64
            if start + _END64.size + _LOCATOR64.size != position:
                raise UnreadableError("has bytes between its directory records")
    if offset + size != start:
        raise UnreadableError("has a directory that is not where it should be")
    return count, size, offset, source.size


def _member(source: Content, data: bytes, place: int) -> tuple[Member, int, tuple[int, int]]:
    fields = _CENTRAL.unpack_from(data, place)
    (signature, made, needs, flags, method, time, day, checksum, packed, size) = fields[:10]
    name_size, extra_size, comment_size, disk, internal, external, offset = fields[10:]
    names = place + _CENTRAL.size
    end = names + name_size + extra_size + comment_size
    if signature != 0x02014B50 or end > len(data) or disk:  # noqa: PLR2004 — the format's own signature
        raise UnreadableError("has a damaged directory")
    name = data[names : names + name_size]
    extra = data[names + name_size : names + name_size + extra_size]
    size, packed, offset = _wide(extra, size, packed, offset)
    comment = data[end - comment_size : end]
    about = struct.pack("<HHHHI", made, time, day, internal, external) + comment
    start, span_end = _check_local(source, offset, name, (flags, method, checksum, packed, size, needs))
    text = name.decode("utf-8" if flags & 0x800 else "cp437", "surrogateescape")
    return Member(text, method, flags, needs, checksum, packed, size, start, about), end, (offset, span_end)


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset, taken from the 64-bit field where the short ones are full."""
    values = [size, packed, offset]
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            at = place + 4
            for index, value in enumerate(values):
                if value == _FULL and at + 8 <= place + 4 + length <= len(extra):
                    values[index] = struct.unpack_from("<Q", extra, at)[0]
                    at += 8
        place += 4 + length
    return values[0], values[1], values[2]


def _check_local(
    source: Content, offset: int, name: bytes, central: tuple[int, int, int, int, int, int]
) -> tuple[int, int]:
    """Where a member's bytes begin and where all of it ends, after its local header was found to agree."""
    flags, method, checksum, packed, size, needs = central
    header = _LOCAL.unpack(source.read(offset, _LOCAL.size))
    local_name = source.read(offset + _LOCAL.size, header[9])
    late = bool(flags & _DESCRIPTOR)
    # Writers that stream leave these to the descriptor, or write a wide field's mark.
    unknown = {0, _FULL} if late else {_FULL}
    agrees = (
        header[0] == 0x04034B50  # noqa: PLR2004 — the format's own signature
        and (header[2], header[3]) == (flags, method)
        and header[1] in {needs, 0, 45}
        and (header[6] == checksum or (late and header[6] == 0))
        and (header[7] == packed or header[7] in unknown)
        and (header[8] == size or header[8] in unknown)
        and local_name == name
    )
    if not agrees:
        raise UnreadableError(f"has a local header that disagrees with its directory ({name[:60]!r})")
    start = offset + _LOCAL.size + header[9] + header[10]
    end = start + packed
    if late:
        end += _descriptor_size(source, end, checksum, packed, size)
    return start, end


def _descriptor_size(source: Content, at: int, checksum: int, packed: int, size: int) -> int:
    for layout in ("<IIII", "<IIQQ", "<III", "<IQQ"):
        length = struct.calcsize(layout)
        if at + length > source.size:
            continue
        values = struct.unpack(layout, source.read(at, length))
        if values[-3:] == (checksum, packed, size) and (len(values) == 3 or values[0] == 0x08074B50):  # noqa: PLR2004
            return length
    raise UnreadableError("has a descriptor that disagrees with its directory")


def _check_tiling(spans: list[tuple[int, int]], size: int) -> None:
    place = 0
    for start, end in sorted(spans):
        if start != place:
            raise UnreadableError("has bytes that belong to no member" if start > place else "has members that overlap")
        place = end
    if place != size:
        raise UnreadableError("has bytes that belong to no member")


class Unpacked:
    """A deflated member as bytes to be gone through."""

    __slots__ = ("_budget", "_packed", "checksum", "size")

    def __init__(self, source: Content, member: Member, budget: Context) -> None:
        """Nothing is read yet."""
        self._packed = source.region(member.start, member.packed)
        self._budget = budget
        self.size = member.size
        self.checksum = member.checksum

    def blocks(self, size: int) -> Iterator[memoryview]:
        """Blocks of `size` bytes, the last one shorter; raises `UnreadableError` for damage."""
        spend(self._budget, self.size)
        machine = zlib.decompressobj(-zlib.MAX_WBITS)
        waiting, total, checksum = bytearray(), 0, 0
        for packed in self._packed.blocks(1 << 16):
            rest = bytes(packed)
            while rest:
                try:
                    part = machine.decompress(rest, 1 << 18)
                except zlib.error as error:
                    raise UnreadableError(f"can't be unpacked ({error})") from None
                rest = machine.unconsumed_tail
                total += len(part)
                checksum = zlib.crc32(part, checksum)
                if total > self.size or machine.unused_data:
                    raise UnreadableError("unpacks to something longer than stated")
                waiting += part
                while len(waiting) >= size:
                    yield memoryview(bytes(waiting[:size]))
                    del waiting[:size]
        if total != self.size or not machine.eof:
            raise UnreadableError("unpacks to something shorter than stated")
        if checksum != self.checksum:
            raise UnreadableError("has a member whose checksum is wrong")
        if waiting:
            yield memoryview(bytes(waiting))

    def read(self) -> bytes:
        """All of it."""
        return b"".join(bytes(block) for block in self.blocks(1 << 20))


def stretch(source: Content, member: Member, context: Context) -> Region | Unpacked:
    """The bytes of a member; raises `UnreadableError` for a way of packing that isn't known."""
    if member.flags & 1:
        raise UnreadableError(f"has an encrypted member (`{member.name}`)")
    if member.method == STORED:
        if member.packed != member.size:
            raise UnreadableError(f"states two sizes for `{member.name}`")
        return source.region(member.start, member.size)
    if member.method == DEFLATED:
        return Unpacked(source, member, context)
    raise UnreadableError(f"packs `{member.name}` by method {member.method}")


def member_content(source: Content, member: Member, context: Context, limit: int) -> Content:
    """A member as a content of its own; a packed one is unpacked in memory, up to `limit` bytes."""
    found = stretch(source, member, context)
    if isinstance(found, Region):
        return Part(member.name, found)
    if member.size > limit:
        raise UnreadableError(f"`{member.name}` unpacks to {member.size} bytes, more than {limit}")
    return Content.of_bytes(member.name, found.read())


class Part(Content):
    """A stretch of a content as a content of its own."""

    def __init__(self, name: str, region: Region) -> None:
        """It lives as long as what it is a part of."""
        super().__init__(name, region.size)
        self._region = region

    def memory(self, offset: int, size: int) -> memoryview | None:
        """A part that is in memory already; None when it lies in a file."""
        return self._region.content.memory(self._region.offset + offset, size)

    def into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` from `offset`."""
        if offset + len(buffer) > self.size:
            raise UnreadableError(f"ends at byte {self.size}, before the {len(buffer)} bytes at {offset}")
        self._region.content.into(self._region.offset + offset, buffer)

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise UnreadableError(f"ends at byte {self.size}, before the {size} bytes at {offset}")
        return self._region.content.read(self._region.offset + offset, size)
