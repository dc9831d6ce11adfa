"""Compares archives member by member; order, times, owners and the way of packing are metadata."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, cast

import msgspec

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.comparators.raw_bytes import same_bytes
from reprocheck.compare.content import Content, Region, UnreadableError
from reprocheck.compare.context import Context, content
from reprocheck.compare.formats.unpacking import collected, unpacked
from reprocheck.compare.formats.zip_directory import Member, Part, read_directory, stretch
from reprocheck.model.comparison import Difference

_MOST = 100_000
_BLOCK = 512
_HIGHEST_VERSION = 63
_FREE_FLAGS = 0x000E
"""How hard it was packed, and whether a descriptor follows."""


def _compare_zip(left: Content, right: Content, context: Context, compare: CompareParts) -> Difference:
    a, b = _zip_members(left), _zip_members(right)
    parts = []
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            parts.append(content(name, f"only on the {'left' if name in a else 'right'}"))
            continue
        found = _compare_members(left, a[name], right, b[name], context, compare)
        if found is not None:
            parts.append(found)
    kind = "npz" if left.name.endswith(".npz") else "zip"
    return context.gathered(context.path, kind, parts, "" if parts else "order, times or packing of members")


def _zip_members(source: Content) -> dict[str, Member]:
    members = read_directory(source)
    if any(member.needs & 0xFF > _HIGHEST_VERSION for member in members):
        raise UnreadableError("needs a reader of the future")
    return {member.name: member for member in members}


def _compare_members(
    left: Content, one: Member, right: Content, other: Member, context: Context, compare: CompareParts
) -> Difference | None:
    if (one.flags ^ other.flags) & ~_FREE_FLAGS:
        return content(one.name, "other flags", f"{one.flags:#06x}", f"{other.flags:#06x}")
    if one.is_folder and other.is_folder and one.size == other.size == 0:
        return None
    a, b = stretch(left, one, context), stretch(right, other, context)
    with _content(a, one, context) as x, _content(b, other, context) as y:
        if (one.checksum == other.checksum) != same_bytes(x, y):
            raise UnreadableError(f"states checksums of `{one.name}` that can't be true: it is damaged")
        found = compare(x, y, context.inside(one.name))
    return msgspec.structs.replace(found, name=one.name) if found.outcome.rank else None


def _content(found: object, member: Member, context: Context) -> Content:
    if isinstance(found, Region):
        return Part(member.name, found)
    return collected((bytes(block) for block in found.blocks(1 << 18)), member.name, context)  # type: ignore[attr-defined]


def _is_zip(probe: Probe) -> bool:
    return probe.head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def _is_tar(probe: Probe) -> bool:
    return probe.head[257:262] == b"ustar"


class _TarMember(msgspec.Struct, frozen=True):
    about: tuple[object, ...]
    """Type, mode, link target: what a reader restores."""
    header: bytes
    """The raw header without times, owners and its checksum."""
    region: Region


def _tar_members(source: Content) -> dict[str, _TarMember]:
    members: dict[str, _TarMember] = {}
    place = 0
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _File(source)), mode="r:") as archive:
            for member in archive:
                if len(members) >= _MOST or member.name in members:
                    raise UnreadableError("holds too many members, or two of the same name")
                about = (member.type, member.mode, member.linkname, member.size, member.sparse)
                header = bytearray(source.read(member.offset_data - _BLOCK, _BLOCK))
                for start, end in ((108, 124), (136, 156), (265, 329)):  # owner, time and checksum, names of owners
                    header[start:end] = b"\0" * (end - start)
                size = member.size if member.isreg() else 0
                region = source.region(member.offset_data, size)
                place = member.offset_data + -(-size // _BLOCK) * _BLOCK
                if any(source.read(member.offset_data + size, place - member.offset_data - size)):
                    raise UnreadableError("has bytes between its members")
                members[member.name] = _TarMember(about, bytes(header), region)
    except (tarfile.TarError, ValueError, EOFError, OSError) as error:
        raise UnreadableError(f"is no tar archive ({error})") from None
    if any(any(block) for block in source.region(place, source.size - place).blocks(1 << 16)):
        raise UnreadableError("has bytes behind its end")
    return members


class _File:
    """A content as the file that `tarfile` reads."""

    def __init__(self, source: Content) -> None:
        self._source = source
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        rest = max(self._source.size - self._place, 0)
        data = self._source.read(self._place, rest if size < 0 else min(size, rest)) if rest else b""
        self._place += len(data)
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        self._place = place if whence == 0 else self._place + place if whence == 1 else self._source.size + place
        return self._place

    def tell(self) -> int:
        return self._place


def _compare_tar(left: Content, right: Content, context: Context, compare: CompareParts) -> Difference:
    parts = list(_tar_differences(_tar_members(left), _tar_members(right), context, compare))
    return context.gathered(context.path, "tar", parts, "" if parts else "order, times or owners of members")


def _tar_differences(
    left: dict[str, _TarMember], right: dict[str, _TarMember], context: Context, compare: CompareParts
) -> Iterator[Difference]:
    for name in sorted(left.keys() | right.keys()):
        if name not in left or name not in right:
            yield content(name, f"only on the {'left' if name in left else 'right'}")
            continue
        one, other = left[name], right[name]
        found = compare(Part(name, one.region), Part(name, other.region), context.inside(name))
        if found.outcome.rank:
            yield msgspec.structs.replace(found, name=name)
        elif one.about != other.about:
            yield content(name, "type, mode or target of a member", one.about, other.about)
        elif one.header != other.header:
            yield content(name, "a field of a member's header")


_PACKED = {b"\x1f\x8b\x08": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_SUFFIXES = (".gz", ".bz2", ".xz", ".tgz")


def _packing(head: bytes) -> str:
    return next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), "")


def _is_packed(probe: Probe) -> bool:
    return bool(_packing(probe.head))


def _compare_packed(left: Content, right: Content, context: Context, compare: CompareParts) -> Difference:
    kind, other = _packing(left.head(8)), _packing(right.head(8))
    name = left.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    if left.name.endswith(".tgz"):
        name += ".tar"
    inner = replace(context, depth=context.depth + 1)
    with unpacked(left, kind, name, context) as a, unpacked(right, other, name, context) as b:
        found = compare(a, b, inner)
    parts = [msgspec.structs.replace(found, name=name.rpartition("/")[2])] if found.outcome.rank else []
    return context.gathered(context.path, kind, parts, "" if parts else "time, name or packing")


ZIP = Comparator("zip", _is_zip, _compare_zip)
TAR = Comparator("tar", _is_tar, _compare_tar)
PACKED = Comparator("packed", _is_packed, _compare_packed)
