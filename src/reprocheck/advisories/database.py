"""The local database of advisories: one SQLite file, made as a whole and then only read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from packaging.version import Version

from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.matching import fixes, has_it
from reprocheck.advisories.reading import RecordFile
from reprocheck.advisories.record import Affected, Record, RecordError, read_record
from reprocheck.model.audit import Advisory, AdvisorySource

FORMAT: Final = 1
"""Raised when an older version of this file can no longer be read."""
_PROBLEMS_KEPT: Final = 20
_SCHEMA: Final = """
CREATE TABLE about (format INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE advisory (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE affected (package TEXT NOT NULL, advisory TEXT NOT NULL, value BLOB NOT NULL);
CREATE INDEX by_package ON affected (package);
"""
_AFFECTED: Final = msgspec.msgpack.Decoder(Affected)
_ADVISORY: Final = msgspec.msgpack.Decoder(Advisory)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a database was made of."""

    source: AdvisorySource
    withdrawn: int = 0
    """Records that their authors took back; not kept."""
    other: int = 0
    """Files that are no advisories about PyPI's packages."""
    unreadable: int = 0
    """Files that could not be read, and records of which a part could not."""
    problems: tuple[str, ...] = ()
    """The first of these, each with its file."""


def build(path: Path, files: Iterable[RecordFile], source: AdvisorySource) -> Built:
    """Make the database anew and put it in place at once; `source` says what `files` are.

    Raises AdvisoryError where no advisory is among them, so that a mistyped folder never empties a database.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".advisories-")
        os.close(handle)
        try:
            built = _fill(Path(temporary), files, source)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise AdvisoryError(f"the database {path} cannot be written: {error}") from error
    return built


def _fill(path: Path, files: Iterable[RecordFile], source: AdvisorySource) -> Built:
    counts = {"records": 0, "withdrawn": 0, "other": 0, "unreadable": 0}
    problems: list[str] = []
    newest = ""
    digests: list[bytes] = []
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        for file in files:
            try:
                record = read_record(file.name, file.data)
            except RecordError as error:
                # A folder holds other files too; what names itself an advisory and can't be read is a gap.
                counts["unreadable" if b"affected" in file.data else "other"] += 1
                problems += [f"{file.name}: {error}"] if b"affected" in file.data else []
                continue
            if record.problems:
                counts["unreadable"] += 1
                problems.append(f"{file.name}: {'; '.join(record.problems)[:200]}")
            kind = "withdrawn" if record.withdrawn else "records" if record.affected else "other"
            counts[kind] += 1
            if kind == "records":
                newest = max(newest, record.modified)
                digests.append(_insert(connection, record))
        if not counts["records"]:
            raise AdvisoryError(f"{source.name} holds no advisories about packages of PyPI")
        source = msgspec.structs.replace(
            source,
            date=source.date or newest[:10],
            records=counts.pop("records"),
            digest=hashlib.blake2b(b"".join(sorted(digests)), digest_size=8).hexdigest(),
        )
        built = Built(source=source, problems=tuple(problems[:_PROBLEMS_KEPT]), **counts)
        connection.execute("INSERT INTO about VALUES (?, ?)", (FORMAT, msgspec.msgpack.encode(built)))
    return built


def _insert(connection: sqlite3.Connection, record: Record) -> bytes:
    advisory = Advisory(id=record.id, aliases=record.aliases, summary=record.summary, rating=record.rating)
    value = msgspec.msgpack.encode(advisory)
    connection.execute("INSERT OR REPLACE INTO advisory VALUES (?, ?)", (record.id, value))
    digest = hashlib.blake2b(value, digest_size=16)
    for affected in record.affected:
        encoded = msgspec.msgpack.encode(affected)
        digest.update(encoded)
        connection.execute("INSERT INTO affected VALUES (?, ?, ?)", (affected.package, record.id, encoded))
    return digest.digest()


class Database:
    """An open database."""

    def __init__(self, connection: sqlite3.Connection, built: Built, path: Path) -> None:
        """`connection` is to a file of this format at `path`."""
        self._connection = connection
        self._path = path
        self.built = built

    @property
    def source(self) -> AdvisorySource:
        """What stands in every report."""
        return self.built.source

    def advisories(self, package: str, version: Version) -> list[Advisory]:
        """What is known of one version of a package, by its normalised name; raises AdvisoryError."""
        query = "SELECT a.value, f.value FROM affected f JOIN advisory a ON a.id = f.advisory WHERE f.package = ?"
        found: list[Advisory] = []
        try:
            for value, encoded in self._connection.execute(query, (package,)):
                affected = _AFFECTED.decode(encoded)
                if has_it(affected, version):
                    fixed = tuple(map(str, fixes(affected, version)))
                    found.append(msgspec.structs.replace(_ADVISORY.decode(value), fixed=fixed))
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise _damaged(self._path, error) from error
        return found


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """The database at `path`; raises AdvisoryError where there is none that can be read."""
    if not path.is_file():
        raise AdvisoryError(
            f"there is no advisory database at {path}; `reprocheck db update --from FOLDER|URL` makes one"
        )
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error as error:
        raise _damaged(path, error) from error
    with closing(connection):
        yield Database(connection, _about(connection, path), path)


def _about(connection: sqlite3.Connection, path: Path) -> Built:
    try:
        form, value = connection.execute("SELECT format, value FROM about").fetchone()
        if form == FORMAT:
            return msgspec.msgpack.decode(value, type=Built)
    except (sqlite3.Error, msgspec.DecodeError, TypeError) as error:
        raise _damaged(path, error) from error
    raise AdvisoryError(f"the database {path} has the format {form} and not {FORMAT}; make it again")


def _damaged(path: Path, error: Exception) -> AdvisoryError:
    return AdvisoryError(f"the database {path} is damaged ({error}); make it again")
