"""Compares CSV and TSV by column and row; the same rows in another order are said to be that."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from itertools import chain

import msgspec

from reprocheck.compare.arrays import judge
from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.comparators.text import is_text
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content, metadata
from reprocheck.compare.single_numbers import Column, number_of
from reprocheck.compare.volatile import volatile_key
from reprocheck.model.comparison import Because, Difference, Outcome

STEPS = ("step", "global_step", "_step", "iteration", "iter", "epoch", "train/global_step")
"""Columns that say at which step of a training a row was written."""
_LONGEST_ROW = 100_000


def _is_table(probe: Probe) -> bool:
    return probe.ends(".csv", ".tsv") and is_text(probe)


def _rows(source: Content) -> Iterator[list[str]]:
    delimiter = "\t" if source.name.lower().endswith(".tsv") else _delimiter(source)
    lines = (line.decode("utf-8", "surrogateescape") for line in source.lines())
    try:
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter, strict=True)):
            if len(row) > _LONGEST_ROW:
                raise UnreadableError("has a row of too many cells")
            if not number and row:
                row[0] = row[0].removeprefix("\ufeff")  # says how the file is encoded
            yield row
    except csv.Error as error:
        raise UnreadableError(f"is no table ({error})") from None


def _delimiter(source: Content) -> str:
    first = io.BytesIO(source.head(4096)).readline()
    return max(",;\t", key=lambda mark: first.count(mark.encode()))


class _Cells:
    """One column while the rows go by."""

    def __init__(self, name: str, index: int, context: Context) -> None:
        tolerance = context.tolerance(name)
        self.name = name
        self.index = index
        self.numbers = Column(tolerance.limits if tolerance else None)
        self.others = 0
        self.text: tuple[int, str, str] | None = None
        self.spelled = 0
        self.spelling: tuple[int, str, str] | None = None
        self.first = -1
        self.sample = ("", "")

    def add(self, row: int, left: str, right: str) -> None:
        if left == right:
            self.numbers.skip()
            return
        if self.first < 0:
            self.first = row
            self.sample = (left, right)
        a, b = number_of(left.strip()), number_of(right.strip())
        if a is None or b is None:
            self.numbers.skip()
            self.others += 1
            self.text = self.text or (row, left, right)
            return
        before = self.numbers.differing
        self.numbers.add(a, b)
        if self.numbers.differing == before:
            self.spelled += 1
            self.spelling = self.spelling or (row, left, right)


class _Table:
    """Compares two tables row by row in constant memory."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.columns: list[_Cells] = []
        self.names: list[str] = []
        self.rows = [0, 0]
        self.sums = [0, 0]
        self.first_step = ""
        self.uneven = 0

    def compare(self, left: Content, right: Content) -> Iterator[Difference]:
        sides: tuple[Iterator[list[str]], Iterator[list[str]]] = _rows(left), _rows(right)
        heads = next(sides[0], []), next(sides[1], [])
        if _is_data(heads[0]) and _is_data(heads[1]):
            sides = chain(heads[:1], sides[0]), chain(heads[1:], sides[1])
        elif heads[0] != heads[1]:
            if sorted(heads[0]) != sorted(heads[1]):
                yield content("header", "other columns", ", ".join(heads[0]), ", ".join(heads[1]))
                return
            yield content("header", "the order of columns", ", ".join(heads[0]), ", ".join(heads[1]))
            order = [heads[1].index(name) for name in heads[0]]
            sides = sides[0], ([row[i] if i < len(row) else "" for i in order] for row in sides[1])
        self.names = _names(heads[0])
        self.columns = [_Cells(name, index, self.context) for index, name in enumerate(self.names)]
        step = next((self.names.index(name) for name in STEPS if name in self.names), -1)
        self._go(sides[0], sides[1], step)
        yield from self._told()

    def _go(self, left: Iterator[list[str]], right: Iterator[list[str]], step: int) -> None:
        ended = [False, False]
        while True:
            a, b = next(left, None), next(right, None)
            for index, row in enumerate((a, b)):
                if row is None:
                    ended[index] = True
                else:
                    self.rows[index] += 1
                    self._sum(index, row)
            if a is None or b is None:
                if all(ended):
                    return
                continue
            if a != b:
                self._row(a, b, step)
            else:
                for column in self.columns:
                    column.numbers.skip()

    def _sum(self, index: int, row: list[str]) -> None:
        digest = hashlib.blake2b("\0".join(row).encode("utf-8", "surrogateescape"), digest_size=16).digest()
        self.sums[index] = (self.sums[index] + int.from_bytes(digest, "little")) % (1 << 128)

    def _row(self, a: list[str], b: list[str], step: int) -> None:
        row = self.rows[0]
        if len(a) != len(b) or len(a) != len(self.columns):
            self.uneven = self.uneven or row
        for column, x, y in zip(self.columns, a, b, strict=False):
            column.add(row, x, y)
            if x != y and not self.first_step and 0 <= step < len(a) and not volatile_key(column.name, *_points(x, y)):
                self.first_step = a[step]

    def _told(self) -> Iterator[Difference]:
        if self.uneven:
            yield content("rows", f"another number of cells, first in row {self.uneven}")
        if self.rows[0] != self.rows[1]:
            yield content("rows", "another number of rows", self.rows[0], self.rows[1])
        for column in self.columns:
            yield from self._column(column)

    def _column(self, column: _Cells) -> Iterator[Difference]:
        if column.first < 0:
            return
        if volatile_key(column.name, *_points(*column.sample)):
            yield metadata(column.name, f"changes from run to run, first in row {column.first}")
            return
        distance = column.numbers.distance()
        found = judge(
            distance, self.context, column.name, column.name, kind="column", what=f"first in row {column.first}"
        )
        if found is not None:
            yield found
        if column.text is not None:
            row, left, right = column.text
            yield _cells(column.name, f"{column.others:,} cells differ, first in row {row}", left, right)
        if column.spelling is not None:
            row, left, right = column.spelling
            what = f"{column.spelled:,} cells hold the same number written in another way, first in row {row}"
            found = _cells(column.name, what, left, right)
            tolerance = self.context.tolerance(column.name)
            if tolerance is not None:
                found = msgspec.structs.replace(
                    found, outcome=Outcome.EQUIVALENT, because=(Because.TOLERANCE,), tolerance=tolerance.text
                )
            yield found


def _cells(name: str, what: str, left: str, right: str) -> Difference:
    return msgspec.structs.replace(content(name, what, left, right), kind="column")


def _points(left: str, right: str) -> tuple[object, object]:
    """Cells as numbers where they are numbers."""
    a, b = number_of(left.strip()), number_of(right.strip())
    return (left, right) if a is None or b is None else (float(a), float(b))


def _names(head: list[str]) -> list[str]:
    """What the columns below a first row are called."""
    return [f"column {number}" for number in range(1, len(head) + 1)] if _is_data(head) else list(head)


def named_rows(source: Content) -> Iterator[dict[str, str]]:
    """Cells of each row by the names of their columns; raises UnreadableError."""
    rows = _rows(source)
    head = next(rows, [])
    names = _names(head)
    for row in chain([head], rows) if _is_data(head) else rows:
        if row:
            yield dict(zip(names, row, strict=False))


def _is_data(row: list[str]) -> bool:
    """Whether a first row holds numbers and so is no header."""
    return bool(row) and all(number_of(cell.strip()) is not None for cell in row if cell.strip())


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    table = _Table(context)
    parts = list(table.compare(left, right))
    message = ""
    moved = any(column.first >= 0 for column in table.columns)
    if table.sums[0] == table.sums[1] and table.rows[0] == table.rows[1] and moved:
        message = "the same rows in another order"
    elif table.first_step:
        message = f"first at step {table.first_step}"
    return context.gathered(
        context.path, "table", parts, message if parts else "quotes, spaces, line ends or a byte order mark"
    )


TABLE = Comparator("table", _is_table, _compare)
