"""The index: one summary per run in SQLite, made again from the runs' folders whenever it is lost or damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, Record, RunState, RunSummary, Status
from reprocheck.store.errors import StoreError
from reprocheck.store.runs import RunFolder, read_record

_FORMAT = 1
_PATIENCE = 10.0
"""Seconds to wait for another process that writes."""
_SCHEMA = "CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, summary BLOB NOT NULL)"


class Index:
    """Summaries of finished runs; the rest is read from the folders each time, as it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def summaries(self, folders: list[RunFolder]) -> list[RunSummary]:
        """One summary per folder, in order of their sequence."""
        known = self._load()
        found: dict[str, RunSummary] = {}
        new: list[RunSummary] = []
        for folder in folders:
            summary = known.get(folder.id)
            if summary is None:
                summary = summarize_folder(folder)
                if summary.state is RunState.FINISHED:
                    new.append(summary)
            found[folder.id] = summary
        gone = known.keys() - found.keys()
        if new or gone:
            self._change(new, gone)
        return sorted(found.values(), key=lambda summary: (summary.sequence, summary.id))

    def add(self, summary: RunSummary) -> None:
        """Keep the summary of a run that has just finished; failing is harmless, the next list makes it."""
        self._change([summary], set())

    def _load(self) -> dict[str, RunSummary]:
        if not self._path.is_file():
            return {}
        try:
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                    return {}
                rows = connection.execute("SELECT id, summary FROM runs").fetchall()
                decoder = msgspec.msgpack.Decoder(RunSummary)
                return {name: decoder.decode(summary) for name, summary in rows}
        except (sqlite3.Error, msgspec.DecodeError):
            return {}

    def _change(self, new: list[RunSummary], gone: set[str]) -> None:
        with suppress(OSError, sqlite3.Error):
            try:
                self._write(new, gone)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                # Damaged: everything in it can be made again.
                self._path.unlink(missing_ok=True)
                self._write(new, gone)

    def _write(self, new: list[RunSummary], gone: set[str]) -> None:
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                connection.execute("DROP TABLE IF EXISTS runs")
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCHEMA)
            encode = msgspec.msgpack.Encoder().encode
            connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", [(s.id, encode(s)) for s in new])
            connection.executemany("DELETE FROM runs WHERE id = ?", [(name,) for name in gone])
            connection.execute("COMMIT")


def summarize(record: Record, digest: str) -> RunSummary:
    """What a list shows of a record."""
    repository = record.code.repository
    uses = record.files.uses
    trees = record.files.trees
    lost = record.execution.status is Status.ABANDONED
    return RunSummary(
        id=record.id,
        sequence=record.sequence,
        state=RunState.FINISHED,
        name=record.name,
        tags=record.tags,
        started=record.started,
        duration=None if lost else record.execution.duration,
        exit_code=None if lost else record.execution.exit_code,
        status=record.execution.status,
        command=record.command.arguments,
        commit=repository.commit if repository else "",
        dirty=repository.dirty if repository else False,
        inputs=sum(u.role in INPUT_ROLES for u in uses) + sum(t.files for t in trees if t.role in INPUT_ROLES),
        outputs=sum(u.role in OUTPUT_ROLES for u in uses) + sum(t.files for t in trees if t.role in OUTPUT_ROLES),
        seeds=len(record.observations.seeders),
        gaps=len(record.gaps),
        digest=digest,
    )


def summarize_folder(folder: RunFolder) -> RunSummary:
    """The same from the files of a run, in whatever state they are."""
    state = folder.state()
    try:
        if state is RunState.FINISHED:
            data = folder.record_bytes()
            return summarize(read_record(data, folder.id), blake3(data).hexdigest())
        start = folder.start()
    except StoreError as error:
        if state is RunState.RUNNING:
            return RunSummary(id=folder.id, sequence=0, state=state)
        return RunSummary(id=folder.id, sequence=0, state=RunState.DAMAGED, problem=str(error))
    return RunSummary(
        id=start.id,
        sequence=start.sequence,
        state=state,
        name=start.name,
        tags=start.tags,
        started=start.started,
        command=start.command.arguments,
    )
