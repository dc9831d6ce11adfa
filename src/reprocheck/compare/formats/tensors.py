"""Tensors as the messages of TensorFlow and ONNX hold them."""

from __future__ import annotations

import math

from reprocheck.compare.arrays import StoredArray
from reprocheck.compare.content import Content
from reprocheck.compare.formats import protobuf
from reprocheck.compare.number_formats import NumberFormat, named_format, opaque_format

_TENSORFLOW = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 8: "complex64", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 18: "complex128", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_ONNX = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
}  # fmt: skip
_PACKED_FLOAT = {"tensorflow": (5, 6), "onnx": (4, 10)}


def tensor_proto(data: memoryview, *, onnx: bool) -> object:
    """A tensor whose elements lie in a row; any other as values by field."""
    found: dict[int, list[int | memoryview]] = {}
    for field, _, value in protobuf.fields(data):
        found.setdefault(field, []).append(value)
    raw_field, kind_field = (9, 2) if onnx else (4, 1)
    kind = found.get(kind_field, [0])[-1]
    name = (_ONNX if onnx else _TENSORFLOW).get(kind if isinstance(kind, int) else 0, "")
    number = named_format(name)
    shape = _onnx_shape(found.get(1, [])) if onnx else _tensorflow_shape(found.get(2, []))
    elements = found.get(raw_field) or _packed_floats(found, name, onnx=onnx)
    if number is not None and elements and len(elements) == 1 and not isinstance(elements[0], int):
        array = _array(number, shape, elements[0])
        if array is not None:
            known = {raw_field, kind_field, 1 if onnx else 2, *_PACKED_FLOAT["onnx" if onnx else "tensorflow"]}
            rest = {f"{key}": [_value(value) for value in values] for key, values in found.items() if key not in known}
            return {"elements": array, "rest": rest} if rest else array
    return {f"{key}": [_value(value) for value in values] for key, values in found.items()}


def _value(value: int | memoryview) -> object:
    if isinstance(value, int):
        return value
    data = bytes(value)
    if len(data) < 4096:  # noqa: PLR2004 — texts and small things
        return data
    return StoredArray(opaque_format("byte", 1), (len(data),), Content.of_bytes("", data).region(0, len(data)))


def _packed_floats(found: dict[int, list[int | memoryview]], name: str, *, onnx: bool) -> list[int | memoryview]:
    singles, doubles = _PACKED_FLOAT["onnx" if onnx else "tensorflow"]
    return found.get({"float32": singles, "float64": doubles}.get(name, 0), [])


def _array(number: NumberFormat, shape: tuple[int, ...], data: memoryview) -> StoredArray | None:
    if any(size < 0 for size in shape) or math.prod(shape) * number.size != len(data):
        return None
    return StoredArray(number, shape, Content.of_bytes("", data).region(0, len(data)))


def _onnx_shape(values: list[int | memoryview]) -> tuple[int, ...]:
    shape: list[int] = []
    for value in values:
        if isinstance(value, int):
            shape.append(protobuf.integer(value))
        else:
            place = 0
            while place < len(value):
                size, place = protobuf.varint(value, place)
                shape.append(protobuf.integer(size))
    return tuple(shape)


def _tensorflow_shape(values: list[int | memoryview]) -> tuple[int, ...]:
    shape: list[int] = []
    for value in values:
        for number, _, dimension in protobuf.fields(protobuf.message(value)):
            if number == 2:  # noqa: PLR2004 — `dim` of TensorShapeProto
                sizes = [size for field, _, size in protobuf.fields(protobuf.message(dimension)) if field == 1]
                shape.append(protobuf.integer(sizes[-1]) if sizes else 0)
    return tuple(shape)
