"""Compares ONNX models: weights by name, nodes in order; who made the file and documentation are metadata.

Source: `onnx/onnx.proto3`.
"""

from __future__ import annotations

import mmap
from typing import Any

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, metadata
from reprocheck.compare.formats import protobuf
from reprocheck.compare.formats.tensors import tensor_proto
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_IN_MEMORY = 64 << 20
_MODEL = {1: "ir_version", 2: "producer_name", 3: "producer_version", 4: "domain", 5: "model_version", 6: "doc_string"}
_ABOUT = ("producer_name", "producer_version", "doc_string")
_NODE = {1: "input", 2: "output", 3: "name", 4: "op_type", 6: "doc_string", 7: "domain"}
_DEEPEST = 8
_GRAPH_FIELD, _OPSETS, _PROPERTIES, _FUNCTIONS = 7, 8, 14, 25


def _is_onnx(probe: Probe) -> bool:
    return probe.ends(".onnx") and probe.head[:1] == b"\x08"


def _view(source: Content) -> memoryview:
    if source.path is None or source.size <= _IN_MEMORY:
        return memoryview(source.all(1 << 31))
    with source.path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _model(data: memoryview) -> dict[str, Any]:
    found: dict[str, Any] = {"other": {}}
    for number, wire, value in protobuf.fields(data):
        if number in _MODEL:
            found[_MODEL[number]] = value if isinstance(value, int) else protobuf.text(value)
        elif number == _GRAPH_FIELD:
            found["graph"] = _graph(protobuf.message(value), 0)
        else:
            name = {_OPSETS: "opsets", _PROPERTIES: "metadata_props", _FUNCTIONS: "functions"}.get(
                number, f"field {number}"
            )
            item = value if isinstance(value, int) else protobuf.tree(value)
            found["other"].setdefault(name, []).append([wire, item])
    if "graph" not in found:
        raise UnreadableError("holds no graph")
    return found


def _graph(data: memoryview, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise UnreadableError("has graphs nested too deeply")
    weights: dict[str, object] = {}
    nodes: list[object] = []
    found: dict[str, Any] = {"weights": weights, "nodes": nodes, "other": {}}
    for number, wire, value in protobuf.fields(data):
        match number:
            case 1:
                nodes.append(_node(protobuf.message(value), depth))
            case 2 | 10:
                found["name" if number == 2 else "doc_string"] = protobuf.text(value)  # noqa: PLR2004
            case 5:
                name, tensor = _weight(protobuf.message(value))
                weights[name if name not in weights else f"{name}#{len(weights)}"] = tensor
            case _:
                item = value if isinstance(value, int) else protobuf.tree(value)
                found["other"].setdefault(f"field {number}", []).append([wire, item])
    return found


def _weight(data: memoryview) -> tuple[str, object]:
    name = next((protobuf.text(value) for number, _, value in protobuf.fields(data) if number == 8), "")  # noqa: PLR2004
    return name, tensor_proto(data, onnx=True)


def _node(data: memoryview, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"attributes": []}
    for number, wire, value in protobuf.fields(data):
        if number in _NODE:
            found.setdefault(_NODE[number], []).append(protobuf.text(value))
        elif number == 5:  # noqa: PLR2004 — `attribute`
            found["attributes"].append(_attribute(protobuf.message(value), depth))
        else:
            found[f"field {number}"] = [wire, value if isinstance(value, int) else bytes(value)]
    return found


def _attribute(data: memoryview, depth: int) -> list[object]:
    found: list[object] = []
    for number, wire, value in protobuf.fields(data):
        match number:
            case 5 | 10:
                found.append([number, tensor_proto(protobuf.message(value), onnx=True)])
            case 6 | 11:
                found.append([number, _graph(protobuf.message(value), depth + 1)])
            case 13:
                found.append([number, protobuf.text(value)])
            case 2:
                found.append([number, protobuf.float32(value)])
            case _:
                found.append([number, wire, value if isinstance(value, int) else bytes(value)])
    return found


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    a, b = _model(_view(left)), _model(_view(right))
    parts = []
    for name in _ABOUT:
        one, other = a.pop(name, ""), b.pop(name, "")
        if one != other:
            parts.append(metadata(name, "about the file", one, other))
    for model in (a, b):
        _forget_documentation(model["graph"])
    parts += Walk(context, plain_strings=True).compare(a, b, "model", "")
    return context.gathered(context.path, "onnx", parts, "" if parts else "documentation, or order of fields")


def _forget_documentation(graph: dict[str, Any]) -> None:
    graph.pop("doc_string", None)
    for node in graph["nodes"]:
        node.pop("doc_string", None)


ONNX = Comparator("onnx", _is_onnx, _compare)
