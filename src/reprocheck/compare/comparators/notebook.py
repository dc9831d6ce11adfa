"""Compares notebooks by sources and outputs; metadata, execution counts and cell ids are no content."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

import msgspec

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.comparators.documents import read_json
from reprocheck.compare.comparators.text import compare_lines, is_text
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content, metadata
from reprocheck.compare.structure import Walk, described
from reprocheck.model.comparison import Difference

_LARGEST = 128 << 20


def _is_notebook(probe: Probe) -> bool:
    return probe.ends(".ipynb") and is_text(probe)


def _cells(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        cells = value.get("cells")
        if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells):
            return cells
    raise UnreadableError("is no notebook of format 4")


def _joined(value: object) -> object:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


class _Notebook:
    def __init__(self, context: Context, compare: CompareParts) -> None:
        self.context = context
        self.compare = compare
        self.counts = False
        """Whether execution counts, ids or metadata differ."""

    def cells(self, left: list[dict[str, object]], right: list[dict[str, object]]) -> Iterator[Difference]:
        if len(left) != len(right):
            yield content("cells", "another number of cells", len(left), len(right))
        for number, (a, b) in enumerate(zip(left, right, strict=False), 1):
            parts = list(self._cell(a, b, f"cell {number}"))
            if parts:
                yield self.context.gathered(f"cell {number}", "cell", parts)

    def _cell(self, a: dict[str, object], b: dict[str, object], key: str) -> Iterator[Difference]:
        if a.get("cell_type") != b.get("cell_type"):
            yield content("type", "another type of cell", described(a.get("cell_type")), described(b.get("cell_type")))
        if _joined(a.get("source")) != _joined(b.get("source")):
            yield content(
                "source", "another source", described(_joined(a.get("source"))), described(_joined(b.get("source")))
            )
        yield from Walk(self.context).compare(a.get("attachments"), b.get("attachments"), "attachments", key)
        known = {"cell_type", "source", "attachments", "outputs", "execution_count", "id", "metadata"}
        rest = [{name: value for name, value in cell.items() if name not in known} for cell in (a, b)]
        yield from Walk(self.context).compare(rest[0], rest[1], "cell", key)
        self._about(a, b, ("execution_count", "id", "metadata"))
        one, other = a.get("outputs") or [], b.get("outputs") or []
        if not isinstance(one, list) or not isinstance(other, list):
            raise UnreadableError("has outputs that make no sense")
        one, other = _merged(one), _merged(other)
        if len(one) != len(other):
            yield content("outputs", "another number of outputs", len(one), len(other))
        for index, (x, y) in enumerate(zip(one, other, strict=False), 1):
            name = "output" if len(one) == 1 else f"output {index}"
            parts = list(self._output(x, y, f"{key}.{name}"))
            if parts:
                yield self.context.gathered(name, "output", parts)

    def _about(self, a: dict[str, object], b: dict[str, object], names: tuple[str, ...]) -> None:
        self.counts = self.counts or any(a.get(name) != b.get(name) for name in names)

    def _output(self, a: dict[str, object], b: dict[str, object], key: str) -> Iterator[Difference]:
        self._about(a, b, ("execution_count", "metadata"))
        known = {"text", "data", "execution_count", "metadata", "traceback"}
        rest = [{name: value for name, value in side.items() if name not in known} for side in (a, b)]
        yield from Walk(self.context).compare(rest[0], rest[1], "output", key)
        for name in ("text", "traceback"):
            if a.get(name) != b.get(name):
                yield from self._texts(a.get(name), b.get(name), name, key)
        one, other = a.get("data") or {}, b.get("data") or {}
        if not isinstance(one, dict) or not isinstance(other, dict):
            raise UnreadableError("has outputs that make no sense")
        for kind in sorted(one.keys() | other.keys()):
            if kind not in one or kind not in other:
                yield content(kind, f"only on the {'left' if kind in one else 'right'}")
            elif one[kind] != other[kind]:
                yield from self._data(one[kind], other[kind], kind, key)

    def _texts(self, a: object, b: object, name: str, key: str) -> Iterator[Difference]:
        a, b = _joined(a), _joined(b)
        if not isinstance(a, str) or not isinstance(b, str):
            yield content(name, "another value", described(a), described(b))
        elif a != b:
            found = compare_lines(
                a.splitlines(keepends=True), b.splitlines(keepends=True), self.context, name, "text", key
            )
            yield found

    def _data(self, a: object, b: object, kind: str, key: str) -> Iterator[Difference]:
        a, b = _joined(a), _joined(b)
        if isinstance(a, str) and isinstance(b, str) and kind.startswith("image/") and not kind.endswith("+xml"):
            one, other = _decoded(a), _decoded(b)
            if one is not None and other is not None:
                suffix = kind.removeprefix("image/")
                sides = [Content.of_bytes(f"output.{suffix}", data) for data in (one, other)]
                found = self.compare(sides[0], sides[1], self.context.inside(f"{key}.{kind}"))
                if found.outcome.rank:
                    yield msgspec.structs.replace(found, name=kind)
                return
        if isinstance(a, str) and isinstance(b, str):
            yield from self._texts(a, b, kind, key)
        else:
            yield from Walk(self.context).compare(a, b, kind, key)


def _merged(outputs: list[dict[str, object]]) -> list[dict[str, object]]:
    """Outputs with neighbouring pieces of one stream put together: where they are cut depends on timing."""
    found: list[dict[str, object]] = []
    for output in outputs:
        if not isinstance(output, dict):
            raise UnreadableError("has outputs that make no sense")
        last = found[-1] if found else {}
        if output.get("output_type") == "stream" == last.get("output_type") and output.get("name") == last.get("name"):
            found[-1] = {**last, "text": f"{_joined(last.get('text'))}{_joined(output.get('text'))}"}
        else:
            found.append(output)
    return found


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return None


def _compare(left: Content, right: Content, context: Context, compare: CompareParts) -> Difference:
    a, b = read_json(left.all(_LARGEST)), read_json(right.all(_LARGEST))
    notebook = _Notebook(context, compare)
    parts = list(notebook.cells(_cells(a), _cells(b)))
    assert isinstance(a, dict)
    assert isinstance(b, dict)
    known = {"cells", "metadata"}
    rest = [{name: value for name, value in side.items() if name not in known} for side in (a, b)]
    parts += Walk(context).compare(rest[0], rest[1], "notebook", "notebook")
    if notebook.counts or a.get("metadata") != b.get("metadata"):
        parts.append(metadata("metadata", "metadata, execution counts or cell ids"))
    return context.gathered(context.path, "notebook", parts, "" if parts else "layout, or how texts are cut")


NOTEBOOK = Comparator("notebook", _is_notebook, _compare)
