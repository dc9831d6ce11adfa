"""The process in which HDF5 and Arrow files are read: one job on standard input, one answer on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from reprocheck.compare.arrays import StoredArray, compare_arrays, stored
from reprocheck.compare.comparators.isolated import Answer, Job
from reprocheck.compare.content import UnreadableError
from reprocheck.compare.context import Context, content, metadata
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_MEMORY = 8 << 30
"""Bytes of addresses that a hostile file may make the libraries ask for."""
_ROWS = 1 << 16
_ELEMENTS = 1 << 20
"""Elements of a dataset that are read at once."""
_DEEPEST = 50


def main() -> None:
    """Answer the job; whatever goes wrong is part of the answer."""
    _limit()
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    # What the libraries print must not get between the bytes of the answer.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    context = Context(path=job.path, tolerances=job.tolerances, prefix=job.prefix)
    try:
        answer = Answer(parts=tuple(_READERS[job.kind](job.left, job.right, context)))
    except UnreadableError as error:
        answer = Answer(problem=str(error))
    except Exception as error:  # noqa: BLE001 — told to the other process, which compares bytes
        answer = Answer(problem=f"can't be read ({type(error).__name__}: {str(error)[:120]})")
    with os.fdopen(answer_to, "wb") as file:
        file.write(msgspec.msgpack.encode(answer))


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if hard < 0 else min(_MEMORY, hard), hard))


# HDF5


def _hdf5(left: str, right: str, context: Context) -> Iterator[Difference]:
    import h5py  # type: ignore[import-untyped]

    with h5py.File(left, "r") as a, h5py.File(right, "r") as b:
        yield from _group(a, b, "", context, 0)


def _group(a: Any, b: Any, path: str, context: Context, depth: int) -> Iterator[Difference]:  # noqa: ANN401 — h5py has no types
    import h5py

    if depth > _DEEPEST:
        raise UnreadableError("has groups nested too deeply")
    yield from _attributes(a, b, path, context)
    for name in sorted(a.keys() | b.keys()):
        key = f"{path}.{name}" if path else name
        if name not in a or name not in b:
            yield content(key, f"only on the {'left' if name in a else 'right'}")
            continue
        links = a.get(name, getlink=True), b.get(name, getlink=True)
        if type(links[0]) is not type(links[1]) or not isinstance(links[0], h5py.HardLink):
            one, other = (f"{type(link).__name__} {getattr(link, 'path', '')}" for link in links)
            if one != other or getattr(links[0], "filename", "") != getattr(links[1], "filename", ""):
                yield content(key, "another link", one, other)
            continue
        one, other = a[name], b[name]
        if isinstance(one, h5py.Group) and isinstance(other, h5py.Group):
            yield from _group(one, other, key, context, depth + 1)
        elif isinstance(one, h5py.Dataset) and isinstance(other, h5py.Dataset):
            yield from _attributes(one, other, key, context)
            yield from _dataset(one, other, key, context)
        elif not (isinstance(one, h5py.Datatype) and isinstance(other, h5py.Datatype) and one.dtype == other.dtype):
            yield content(key, "another kind of object", type(one).__name__, type(other).__name__)


def _attributes(a: Any, b: Any, path: str, context: Context) -> Iterator[Difference]:  # noqa: ANN401
    values = [{name: _plain(side.attrs[name]) for name in sorted(side.attrs)} for side in (a, b)]
    yield from Walk(context).compare(values[0], values[1], f"{path}@attributes", f"{path}@")


def _plain(value: Any) -> object:  # noqa: ANN401
    import numpy as np

    match value:
        case np.ndarray() if value.dtype.hasobject:
            return [_plain(item) for item in value.tolist()]
        case np.ndarray() | np.generic():
            return stored(np.asarray(value))
        case bytes() | str() | int() | float() | bool() | None:
            return value
        case _:
            return repr(value)


def _dataset(a: Any, b: Any, path: str, context: Context) -> Iterator[Difference]:  # noqa: ANN401
    if a.shape != b.shape or a.dtype != b.dtype:
        yield content(path, "another shape or type", f"{a.dtype}{a.shape}", f"{b.dtype}{b.shape}")
        return
    if a.shape is None:
        return
    if a.dtype.hasobject or a.dtype.names or a.size <= _ELEMENTS:
        if a.size > _ELEMENTS * 4:
            raise UnreadableError(f"has too many texts or records in `{path}`")
        yield from Walk(context).compare(_values(a[()]), _values(b[()]), path, path)
        return
    number = stored(a[tuple(slice(0, 0) for _ in a.shape)]).number
    arrays = [StoredArray(number, a.shape, _Slices(side, number.size)) for side in (a, b)]
    found = compare_arrays(arrays[0], arrays[1], context, path, path)
    if found is not None:
        yield found


def _values(value: Any) -> object:  # noqa: ANN401
    import numpy as np

    array = np.asarray(value)
    if array.dtype.hasobject:
        return [_plain(item) for item in array.ravel().tolist()]
    if array.dtype.names:
        return {name: _values(array[name]) for name in array.dtype.names}
    return stored(array)


class _Slices:
    """A dataset row by row, some rows at once."""

    def __init__(self, dataset: Any, size: int) -> None:  # noqa: ANN401
        self._dataset = dataset
        self.size = dataset.size * size

    def blocks(self, size: int) -> Iterator[memoryview]:
        """Blocks of `size` bytes, the last one shorter."""
        import numpy as np

        rows = max(_ELEMENTS // max(self._dataset.size // self._dataset.shape[0], 1), 1)
        waiting = bytearray()
        for start in range(0, self._dataset.shape[0], rows):
            waiting += np.ascontiguousarray(self._dataset[start : start + rows]).tobytes()
            place = 0
            while len(waiting) - place >= size:
                yield memoryview(bytes(waiting[place : place + size]))
                place += size
            del waiting[:place]
        if waiting:
            yield memoryview(bytes(waiting))

    def read(self) -> bytes:
        """All of it."""
        return b"".join(map(bytes, self.blocks(1 << 20)))


# Arrow


def _parquet(left: str, right: str, context: Context) -> Iterator[Difference]:
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    with pq.ParquetFile(left) as a, pq.ParquetFile(right) as b:
        yield from _tables(a.schema_arrow, b.schema_arrow, (a.iter_batches(_ROWS), b.iter_batches(_ROWS)), context)


def _arrow(left: str, right: str, context: Context) -> Iterator[Difference]:
    import pyarrow as pa
    from pyarrow import feather

    def batches(path: str) -> tuple[Any, Iterator[Any]]:
        try:
            reader = pa.ipc.open_file(pa.memory_map(path))
        except pa.ArrowInvalid:
            table = feather.read_table(path)
            return table.schema, iter(table.to_batches(_ROWS))
        return reader.schema, (reader.get_batch(index) for index in range(reader.num_record_batches))

    (schema_a, rows_a), (schema_b, rows_b) = batches(left), batches(right)
    yield from _tables(schema_a, schema_b, (rows_a, rows_b), context)


def _tables(a: Any, b: Any, batches: tuple[Iterator[Any], Iterator[Any]], context: Context) -> Iterator[Difference]:  # noqa: ANN401
    if a.names != b.names or a.types != b.types:
        yield content("schema", "other columns", str(a.remove_metadata()), str(b.remove_metadata()))
        return
    if (a.metadata or {}) != (b.metadata or {}):
        yield metadata("schema", "metadata of the schema")
    columns = _Columns(a, context)
    rows = columns.go(*batches)
    if rows[0] != rows[1]:
        yield content("rows", "another number of rows", *rows)
    yield from columns.told()


class _Columns:
    """Compares columns batch by batch; floats are measured, everything else is told apart."""

    def __init__(self, schema: Any, context: Context) -> None:  # noqa: ANN401
        from reprocheck.compare.measuring import Measurement
        from reprocheck.compare.number_formats import named_format

        self._context = context
        self._names = schema.names
        self._numbers: dict[int, Measurement] = {}
        self._others: dict[int, list[tuple[int, object, object]]] = {}
        self._counts: dict[int, int] = {}
        for index, kind in enumerate(map(str, schema.types)):
            number = named_format({"float": "float32", "double": "float64", "halffloat": "float16"}.get(kind, kind))
            if number is not None and number.name != "bool":
                tolerance = context.tolerance(schema.names[index])
                self._numbers[index] = Measurement(number, tolerance.limits if tolerance else None)

    def go(self, left: Iterator[Any], right: Iterator[Any]) -> tuple[int, int]:
        """Take all batches; returns the numbers of rows."""
        import pyarrow as pa

        rows, total = [0, 0], 0
        waiting: list[Any] = [None, None]
        sides = (left, right)
        while True:
            for index in (0, 1):
                while waiting[index] is None or waiting[index].num_rows == 0:
                    batch = next(sides[index], None)
                    if batch is None:
                        break
                    rows[index] += batch.num_rows
                    waiting[index] = pa.RecordBatch.from_arrays(
                        batch.columns, [str(n) for n in range(batch.num_columns)]
                    )
            if any(batch is None or batch.num_rows == 0 for batch in waiting):
                break
            size = min(batch.num_rows for batch in waiting)
            parts = [batch.slice(0, size) for batch in waiting]
            self._batch(parts[0], parts[1], total)
            waiting = [batch.slice(size) for batch in waiting]
            total += size
        for index in (0, 1):
            rows[index] += sum(batch.num_rows for batch in sides[index])
        return rows[0], rows[1]

    def _batch(self, a: Any, b: Any, start: int) -> None:  # noqa: ANN401
        import numpy as np

        for index in range(a.num_columns):
            one, other = a.column(index), b.column(index)
            if index in self._numbers and one.null_count == other.null_count == 0:
                x, y = (np.ascontiguousarray(side.to_numpy(zero_copy_only=False)) for side in (one, other))
                self._numbers[index].add(memoryview(x.data).cast("B"), memoryview(y.data).cast("B"))
            elif (
                not one.equals(other) or index in self._numbers or "float" in str(one.type) or "double" in str(one.type)
            ):
                self._cells(index, one.to_pylist(), other.to_pylist(), start)

    def _cells(self, index: int, a: list[object], b: list[object], start: int) -> None:
        for row, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y or repr(x) != repr(y):
                if repr(x) == repr(y) == "nan":
                    continue
                self._counts[index] = self._counts.get(index, 0) + 1
                kept = self._others.setdefault(index, [])
                if len(kept) < 3:  # noqa: PLR2004 — as a sample
                    kept.append((start + row, x, y))

    def told(self) -> Iterator[Difference]:
        """What differs, column by column."""
        from reprocheck.compare.arrays import judge
        from reprocheck.compare.volatile import volatile_key

        for index, name in enumerate(self._names):
            found = None
            if index in self._numbers:
                found = judge(self._numbers[index].distance(), self._context, name, name, kind="column")
            cells = self._others.get(index, [])
            if (found or cells) and volatile_key(name, *(cells[0][1:] if cells else (None, None))):
                yield metadata(name, "changes from run to run")
                continue
            if found is not None:
                yield found
            if cells:
                row, x, y = cells[0]
                yield content(name, f"{self._counts[index]:,} cells differ, first in row {row}", x, y, "column")


_READERS = {"hdf5": _hdf5, "parquet": _parquet, "arrow": _arrow}

if __name__ == "__main__":
    main()
