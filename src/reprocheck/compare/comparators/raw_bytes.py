"""Compares bytes as bytes: the last resort."""

from __future__ import annotations

from reprocheck.compare.content import BLOCK, Content
from reprocheck.model.comparison import Difference, Outcome

_AROUND = 8
_WINDOW = 24


def compare_bytes(left: Content, right: Content, name: str, *, why: str = "") -> Difference:
    """Where bytes first differ, and how many do; `why` says why nothing better was compared."""
    first, count = _differing(left, right)
    common = min(left.size, right.size)
    if not count and left.size == right.size:
        return Difference(name=name, outcome=Outcome.IDENTICAL, kind="bytes")
    message = f"{count:,} of {common:,} bytes differ, first at {first if count else common:,}"
    if left.size != right.size:
        message += f"; {left.size:,} bytes against {right.size:,}"
    at = first if count else common
    return Difference(
        name=name,
        outcome=Outcome.DIVERGENT,
        kind="bytes",
        message=message,
        left=_window(left, at),
        right=_window(right, at),
        notes=(why,) if why else (),
    )


def _differing(left: Content, right: Content) -> tuple[int, int]:
    import numpy as np

    size = min(left.size, right.size)
    first, count, start = -1, 0, 0
    for a, b in zip(left.region(0, size).blocks(BLOCK), right.region(0, size).blocks(BLOCK), strict=True):
        differs = np.frombuffer(a, np.uint8) != np.frombuffer(b, np.uint8)
        here = int(np.count_nonzero(differs))
        if here and first < 0:
            first = start + int(differs.argmax())
        count += here
        start += len(a)
    return first, count


def same_bytes(left: Content, right: Content) -> bool:
    """Whether two contents are the same to the last byte."""
    import numpy as np

    if left.size != right.size:
        return False
    if left.size <= BLOCK:
        return left.read(0, left.size) == right.read(0, right.size)
    for a, b in zip(left.region(0, left.size).blocks(BLOCK), right.region(0, right.size).blocks(BLOCK), strict=True):
        words = len(a) // 8 * 8
        if not np.array_equal(np.frombuffer(a[:words], np.uint64), np.frombuffer(b[:words], np.uint64)):
            return False
        if bytes(a[words:]) != bytes(b[words:]):
            return False
    return True


def _window(content: Content, at: int) -> str:
    """Bytes around a place in hexadecimal and as text, the place itself in brackets."""
    start = max(at - _AROUND, 0)
    data = content.read(start, min(_WINDOW, max(content.size - start, 0)))
    cells = [f"[{byte:02x}]" if start + index == at else f"{byte:02x}" for index, byte in enumerate(data)]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)  # noqa: PLR2004 — printable ASCII
    return f"{start:08x}  {' '.join(cells)}  {text}" if data else f"{start:08x}  (end)"
