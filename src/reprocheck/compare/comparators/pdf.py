"""Compares PDF files: dates and file ids are metadata, everything else is content."""

from __future__ import annotations

import re

from reprocheck.compare.comparator import Comparator, CompareParts
from reprocheck.compare.content import Content
from reprocheck.compare.context import Context, content, metadata
from reprocheck.model.comparison import Difference

_LARGEST = 256 << 20
_DATE = re.compile(rb"(/(?:CreationDate|ModDate)\s*)\(D:\d{4,14}(?:[Zz]|[+-]\d{2}'?(?:\d{2}'?)?)?\)")
_ID = re.compile(rb"(/ID\s*)\[\s*<[0-9A-Fa-f]{32}>\s*<[0-9A-Fa-f]{32}>\s*\]")
_XMP = re.compile(
    rb"(<xmp:(?:CreateDate|ModifyDate|MetadataDate)>)[0-9T:Z.+-]{4,32}(?=<)|(<xmpMM:\w+ID>)(?:uuid:)?[0-9A-Fa-f-]{32,36}(?=<)"
)
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d+ \d+) obj\b")


def _masked(data: bytes) -> bytes:
    data = _DATE.sub(rb"\1(date)", data)
    data = _ID.sub(rb"\1(id)", data)
    return _XMP.sub(lambda match: (match[1] or match[2]) + b"volatile", data)


def _objects(data: bytes) -> dict[bytes, bytes]:
    starts = [(match.start(1), match[1]) for match in _OBJECT.finditer(data)]
    ends = [start for start, _ in starts[1:]] + [len(data)] * bool(starts)
    return {name: data[start:end] for (start, name), end in zip(starts, ends, strict=True)}


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    a, b = left.all(_LARGEST), right.all(_LARGEST)
    same_length = len(a) == len(b)
    one, other = _masked(a), _masked(b)
    if one == other and same_length:
        return context.gathered(context.path, "pdf", [metadata("metadata", "dates or ids")])
    parts = []
    objects = _objects(one), _objects(other)
    for name in sorted(objects[0].keys() | objects[1].keys()):
        if objects[0].get(name) != objects[1].get(name):
            side = "" if name in objects[0] and name in objects[1] else ", only on one side"
            parts.append(content(f"object {name.decode()}", f"another content{side}"))
    if not parts:
        parts.append(content("table", "header, offsets or trailer"))
    return context.gathered(context.path, "pdf", parts)


PDF = Comparator("pdf", lambda probe: probe.head.startswith(b"%PDF-"), _compare)
