"""Compares SQLite databases table by table; pages, counters and free space are metadata.

Source: the SQLite documentation on URI filenames and on defence against hostile files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_MOST_ROWS = 2_000_000
_LARGEST_COPY = 1 << 28


def _open(source: Content) -> sqlite3.Connection:
    if source.path is not None:
        # `immutable` also leaves journals beside the file alone: what is compared is the file.
        uri = f"{source.path.resolve().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True)
    else:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(source.all(_LARGEST_COPY))
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1 << 28)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _schema(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return {f"{kind} {name}": (kind, sql or "") for kind, name, sql in rows}


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, object]]:
    cursor = connection.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608 — the name is quoted
    names = [column[0] for column in cursor.description]
    for count, row in enumerate(cursor):
        if count > _MOST_ROWS:
            raise UnreadableError(f"has a table of more than {_MOST_ROWS} rows")
        yield dict(zip(names, row, strict=False))


def _differences(left: sqlite3.Connection, right: sqlite3.Connection, context: Context) -> Iterator[Difference]:
    for side in (left, right):
        state = side.execute("PRAGMA quick_check(1)").fetchone()[0]
        if state != "ok":
            raise UnreadableError(f"is a damaged database ({state[:80]})")
    for pragma in ("user_version", "application_id", "encoding"):
        one, other = (side.execute(f"PRAGMA {pragma}").fetchone()[0] for side in (left, right))
        if one != other:
            yield content(pragma, "another setting", one, other)
    schemas = _schema(left), _schema(right)
    for name in sorted(schemas[0].keys() | schemas[1].keys()):
        a, b = schemas[0].get(name), schemas[1].get(name)
        if a is None or b is None:
            yield content(name, f"only on the {'left' if b is None else 'right'}")
        elif a != b:
            yield content(name, "another definition", a[1], b[1])
        elif a[0] == "table" and not a[1].lower().startswith("create virtual"):
            yield from _table(left, right, name.partition(" ")[2], context)


def _table(left: sqlite3.Connection, right: sqlite3.Connection, table: str, context: Context) -> Iterator[Difference]:
    counts = [0, 0]
    parts = []
    for number, (a, b) in enumerate(zip_longest(_rows(left, table), _rows(right, table)), 1):
        counts[0] += a is not None
        counts[1] += b is not None
        # Python takes 1 and 1.0, and 0.0 and -0.0, for the same; their texts tell them apart.
        if a is None or b is None or repr(a) == repr(b):
            continue
        found = list(Walk(context).compare(a, b, f"row {number}", table))
        if found:
            parts.append(context.gathered(f"row {number}", "row", found))
    if counts[0] != counts[1]:
        parts.append(content("rows", "another number of rows", counts[0], counts[1]))
    if parts:
        yield context.gathered(table, "table", parts)


def _compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    try:
        with closing(_open(left)) as a, closing(_open(right)) as b:
            parts = list(_differences(a, b, context))
    except sqlite3.Error as error:
        raise UnreadableError(f"can't be read ({error})") from None
    return context.gathered(context.path, "sqlite", parts, "" if parts else "counters, free space or order of pages")


def _is_sqlite(probe: Probe) -> bool:
    return probe.head.startswith(b"SQLite format 3\0")


SQLITE = Comparator("sqlite", _is_sqlite, _compare)
