"""Compares images by their pixels; what a file says about itself (times, software, comments) is metadata.

PNG and JPEG are taken apart here, so that damage is seen and metadata is told from content without another library;
distances of pixels need Pillow. Source: the PNG specification (W3C, third edition), JFIF 1.02.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from reprocheck.compare.arrays import compare_arrays, stored
from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content, metadata, spend
from reprocheck.model.comparison import Difference

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_LARGEST = 256 << 20
_MOST_PIXELS = 64_000_000
_ABOUT_PNG = frozenset({b"tIME", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"pHYs"})
_ABOUT_JPEG = {0xFE, *range(0xE1, 0xEE), 0xEF}
"""Comments and application segments; the first and the last but one (JFIF, Adobe) say how colours are meant."""
_OTHERS = {b"GIF8": "GIF", b"BM": "BMP", b"II*\x00": "TIFF", b"MM\x00*": "TIFF"}


def _png_chunks(source: Content) -> list[tuple[bytes, bytes]]:
    data = source.all(_LARGEST)
    chunks = []
    place = len(_PNG)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 12 + length
        body = data[place + 4 : end - 4]
        if end > len(data) or zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            raise UnreadableError(f"has a damaged chunk at byte {place}")
        chunks.append((body[:4], body[4:]))
        place = end
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1] != (b"IEND", b""):
        raise UnreadableError("is no whole PNG")
    return chunks


def _scanlines(chunks: list[tuple[bytes, bytes]], context: Context) -> bytes:
    """What the pixel chunks unpack to; the filters of the lines are still in it."""
    header = chunks[0][1]
    if len(header) != 13:  # noqa: PLR2004 — size of the header
        raise UnreadableError("has a damaged header")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    limit = (width * 8 + 8) * height * 2
    if width * height > _MOST_PIXELS:
        raise UnreadableError(f"has {width * height} pixels")
    spend(context, limit)
    machine = zlib.decompressobj()
    try:
        found = machine.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"), limit)
    except zlib.error as error:
        raise UnreadableError(f"can't be unpacked ({error})") from None
    if not machine.eof or machine.unused_data:
        raise UnreadableError("has pixels that can't be unpacked whole")
    return found


def _compare_png(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    a, b = _png_chunks(left), _png_chunks(right)
    parts = []
    if [chunk for chunk in a if chunk[0] in _ABOUT_PNG] != [chunk for chunk in b if chunk[0] in _ABOUT_PNG]:
        parts.append(metadata("metadata", "time, texts or resolution", _about(a), _about(b)))
    kept = [[chunk for chunk in side if chunk[0] not in _ABOUT_PNG and chunk[0] != b"IDAT"] for side in (a, b)]
    if kept[0] != kept[1]:
        parts.append(_of_chunks(*kept))
    if _scanlines(a, context) != _scanlines(b, context):
        found = _pixels(left, right, context, "PNG")
        if found is not None:
            parts.append(found)
    return context.gathered(context.path, "png", parts, "" if parts else "packed differently")


def _about(chunks: list[tuple[bytes, bytes]]) -> str:
    return " ".join(body.decode("latin1") for kind, body in chunks if kind == b"tEXt")


def _of_chunks(left: list[tuple[bytes, bytes]], right: list[tuple[bytes, bytes]]) -> Difference:
    if left[0] != right[0]:
        return content("header", "another size or kind of pixels", _size(left[0][1]), _size(right[0][1]))
    names = [kind.decode("latin1") for kind, _ in left], [kind.decode("latin1") for kind, _ in right]
    return content("chunks", "palette, transparency or colours", " ".join(names[0]), " ".join(names[1]))


def _size(header: bytes) -> str:
    return (
        f"{int.from_bytes(header[:4], 'big')}x{int.from_bytes(header[4:8], 'big')}, {header[8]} bits, type {header[9]}"
    )


def _segments(source: Content) -> tuple[list[tuple[int, bytes]], bytes]:
    """Segments of a JPEG, and all from the first scan on."""
    data = source.all(_LARGEST)
    found: list[tuple[int, bytes]] = []
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:  # noqa: PLR2004 — every segment begins with it
            raise UnreadableError(f"has no segment at byte {place}")
        kind, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == 0xDA:  # noqa: PLR2004 — the scan begins
            return found, data[place:]
        if length < 2 or place + 2 + length > len(data):  # noqa: PLR2004 — the length counts itself
            break
        found.append((kind, data[place + 4 : place + 2 + length]))
        place += 2 + length
    raise UnreadableError("is no whole JPEG")


def _compare_jpeg(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    (a, scan_a), (b, scan_b) = _segments(left), _segments(right)
    parts = []
    if [segment for segment in a if segment[0] in _ABOUT_JPEG] != [s for s in b if s[0] in _ABOUT_JPEG]:
        parts.append(metadata("metadata", "EXIF, comments or profiles"))
    if [s for s in a if s[0] not in _ABOUT_JPEG] != [s for s in b if s[0] not in _ABOUT_JPEG] or scan_a != scan_b:
        found = _pixels(left, right, context, "JPEG")
        parts.append(found or content("coding", "the same pixels, coded differently"))
    return context.gathered(context.path, "jpeg", parts)


def _compare_other(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    kinds = [_kind(side.head(16)) for side in (left, right)]
    found = _pixels(left, right, context, *kinds)
    parts = [found] if found is not None else []
    return context.gathered(context.path, kinds[0].lower(), parts, "" if parts else "the same pixels")


def _pixels(left: Content, right: Content, context: Context, *formats: str) -> Difference | None:
    """How the pixels differ, all frames included; without Pillow, that they do."""
    try:
        from PIL import Image
    except ImportError:
        return msgspec.structs.replace(content("pixels", "other pixels"), notes=("Pillow is needed for distances",))
    del Image
    parts = []
    frames = [list(_frames(side, formats)) for side in (left, right)]
    if len(frames[0]) != len(frames[1]):
        return content("frames", "another number of frames", len(frames[0]), len(frames[1]))
    for index, (a, b) in enumerate(zip(*frames, strict=True)):
        name = "pixels" if len(frames[0]) == 1 else f"frame {index + 1}"
        found = compare_arrays(stored(a), stored(b), context, name, name)
        if found is not None:
            parts.append(msgspec.structs.replace(found, kind="pixels"))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else context.gathered("pixels", "pixels", parts)


def _frames(source: Content, formats: tuple[str, ...]) -> Iterator[Any]:
    import io
    import warnings

    import numpy as np
    from PIL import Image, ImageSequence

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(io.BytesIO(source.all(_LARGEST)), formats=list(formats)) as image:
                total = 0
                for frame in ImageSequence.Iterator(image):
                    total += frame.width * frame.height
                    _limit(total)
                    plain = frame.convert("RGBA") if frame.mode == "P" else frame
                    yield np.asarray(plain)
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001 — Pillow's decoders raise what they like
            raise UnreadableError(f"can't be decoded ({type(error).__name__})") from None


def _limit(pixels: int) -> None:
    if pixels > _MOST_PIXELS:
        raise UnreadableError(f"has more than {_MOST_PIXELS} pixels")


def _kind(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for magic, kind in _OTHERS.items() if head.startswith(magic)), "")


def _is_other(probe: Probe) -> bool:
    kind = _kind(probe.head)
    if not kind or (kind == "BMP" and not probe.ends(".bmp")):
        return False
    try:
        import PIL  # noqa: F401 — only whether it is there
    except ImportError:
        return False
    return True


PNG = Comparator("png", lambda probe: probe.head.startswith(_PNG), _compare_png)
JPEG = Comparator("jpeg", lambda probe: probe.head.startswith(_JPEG), _compare_jpeg)
OTHER_IMAGE = Comparator("image", _is_other, _compare_other)
