"""Compares safetensors files tensor by tensor. Source: the format's own description (huggingface/safetensors)."""

from __future__ import annotations

import json
import math
from typing import Any

from reprocheck.compare.arrays import StoredArray
from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.number_formats import NumberFormat, named_format, opaque_format
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_LONGEST = 100_000_000
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
    "C64": "complex64",
}  # fmt: skip
_OTHERS = {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1}


def _is_safetensors(probe: Probe) -> bool:
    length = int.from_bytes(probe.head[:8], "little")
    return probe.head[8:9] == b"{" and 2 <= length <= min(_LONGEST, probe.size - 8)  # noqa: PLR2004 — an empty object


def read_safetensors(source: Content) -> tuple[dict[str, StoredArray], dict[str, object]]:
    """Tensors and metadata; raises `UnreadableError` when bytes belong to no tensor or to two."""
    length = int.from_bytes(source.read(0, 8), "little")
    try:
        header = json.loads(source.read(8, length).decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"has a header that can't be read ({error})") from None
    if not isinstance(header, dict):
        raise UnreadableError("has a header that makes no sense")
    metadata = header.pop("__metadata__", {})
    tensors: dict[str, StoredArray] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        tensors[name] = _tensor(source, 8 + length, name, entry)
        spans.append((entry["data_offsets"][0], entry["data_offsets"][1]))
    place = 0
    for start, end in sorted(spans):
        if start != place:
            raise UnreadableError("has bytes that belong to no tensor, or to two")
        place = end
    if 8 + length + place != source.size:
        raise UnreadableError("has bytes behind its tensors")
    return tensors, metadata if isinstance(metadata, dict) else {"": metadata}


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _tensor(source: Content, base: int, name: str, entry: Any) -> StoredArray:  # noqa: ANN401 — straight from JSON
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(start), int(end)]} if len(entry) == 3:  # noqa: PLR2004
            number = _number(kind)
            if not all(type(size) is int and size >= 0 for size in shape) or not 0 <= start <= end:
                raise UnreadableError(f"describes `{name}` in a way that makes no sense")
            if end - start != math.prod(shape) * number.size:
                raise UnreadableError(f"gives `{name}` another number of bytes than its shape has")
            return StoredArray(number, tuple(shape), source.region(base + start, end - start))
        case _:
            raise UnreadableError(f"describes `{name}` in a way that makes no sense")


def _number(kind: str) -> NumberFormat:
    if kind in _OTHERS:
        return opaque_format(kind.lower(), _OTHERS[kind])
    found = named_format(_TYPES.get(kind, ""))
    if found is None:
        raise UnreadableError(f"holds a tensor of type `{kind}`")
    return found


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    (tensors_a, metadata_a), (tensors_b, metadata_b) = read_safetensors(left), read_safetensors(right)
    walk = Walk(context, plain_strings=True)
    parts = list(walk.compare(_sorted(tensors_a), _sorted(tensors_b), "tensors", ""))
    parts += Walk(context).compare(_sorted(metadata_a), _sorted(metadata_b), "__metadata__", "__metadata__")
    return context.gathered(context.path, "safetensors", parts, "" if parts else "order or header")


def _sorted(mapping: dict[str, Any]) -> dict[str, object]:
    return dict(sorted(mapping.items()))


SAFETENSORS = Comparator("safetensors", _is_safetensors, _compare)
