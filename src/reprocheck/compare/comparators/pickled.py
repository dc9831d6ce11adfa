"""Compares pickles and joblib dumps by what they describe; nothing is unpickled."""

from __future__ import annotations

import zlib

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, spend
from reprocheck.compare.formats.numpy_pickles import recognize, settled
from reprocheck.compare.formats.pickle_machine import Machine
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_SUFFIXES = (".pkl", ".pickle", ".p", ".joblib", ".jl", ".sav", ".pck")
_HIGHEST = 5
_LARGEST = 512 << 20


def _is_pickle(probe: Probe) -> bool:
    head = probe.head
    if len(head) > 1 and head[0] == 0x80 and head[1] <= _HIGHEST:  # noqa: PLR2004 — the opcode of the protocol
        return True
    return probe.ends(*_SUFFIXES) and head[:1] in b"(]}cI\x78\x1f"


def read_pickle(source: Content, context: Context) -> list[object]:
    """What each pickle of a file describes; raises `UnreadableError`."""
    if source.head(1) == b"\x78":  # joblib's own compression
        source = _inflated(source, context)
    machine = Machine(source, built=recognize)
    values = []
    while machine.position < source.size:
        values.append(settled(machine.load()))
    return values


def _inflated(source: Content, context: Context) -> Content:
    machine = zlib.decompressobj()
    try:
        data = machine.decompress(source.all(_LARGEST), _LARGEST)
    except zlib.error as error:
        raise UnreadableError(f"can't be unpacked ({error})") from None
    if not machine.eof or machine.unused_data:
        raise UnreadableError("can't be unpacked whole")
    spend(context, len(data))
    return Content.of_bytes(source.name, data)


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    a, b = read_pickle(left, context), read_pickle(right, context)
    whole = (a[0], b[0]) if len(a) == len(b) == 1 else (a, b)
    parts = list(Walk(context).compare(*whole, name="value", key=""))
    return context.gathered(context.path, "pickle", parts, "" if parts else "the same values, pickled differently")


PICKLE = Comparator("pickle", _is_pickle, _compare)
