"""Stores: what is written is whole, what is found is what was meant, and what is newer is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from reprocheck.model.record import Command, Execution, Record, RunState, Start, Status
from reprocheck.store.errors import NewerStoreError, NoSuchRunError, StoreError
from reprocheck.store.locks import acquire
from reprocheck.store.runs import OpenRun, RunFolder
from reprocheck.store.store import Store, prepare


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return prepare(tmp_path / "store")


def begin(store: Store, milliseconds: int = 1_000, name: str = "") -> OpenRun:
    def build(identity: str, sequence: int) -> Start:
        return Start(
            id=identity,
            sequence=sequence,
            name=name,
            tool_version="0",
            started="2026-01-01T00:00:00.000000Z",
            monotonic=1,
            launcher=os.getpid(),
            command=Command(arguments=("a",), cwd=".", root="/x"),
        )

    return store.begin(milliseconds, build)


def record_of(run: OpenRun) -> Record:
    start = run.start
    return Record(
        id=start.id,
        sequence=start.sequence,
        name=start.name,
        tool_version="0",
        started=start.started,
        ended=start.started,
        command=start.command,
        execution=Execution(status=Status.EXITED, code=0),
    )


def finish(store: Store, milliseconds: int = 1_000, name: str = "") -> str:
    run = begin(store, milliseconds, name)
    run.folder.finish(record_of(run))
    run.close()
    return run.folder.id


def test_a_run_goes_from_running_to_finished(store: Store) -> None:
    run = begin(store)
    assert run.folder.state() is RunState.RUNNING
    run.folder.finish(record_of(run))
    assert run.folder.state() is RunState.FINISHED
    run.close()
    assert run.folder.record() == record_of(run)


def test_a_run_whose_launcher_is_gone_is_abandoned(store: Store) -> None:
    run = begin(store)
    run.close()
    assert run.folder.state() is RunState.ABANDONED
    assert store.summaries()[0].state is RunState.ABANDONED
    assert store.summaries()[0].command == ("a",)


def test_a_record_is_written_once(store: Store) -> None:
    run = begin(store)
    run.folder.finish(record_of(run))
    with pytest.raises(FileExistsError):
        run.folder.finish(msgspec.structs.replace(record_of(run), name="other"))
    assert run.folder.record().name == ""


def test_sequence_survives_clocks_that_go_backwards(store: Store) -> None:
    names = [finish(store, milliseconds) for milliseconds in (9_000_000, 5_000, 0, -7)]
    assert [summary.id for summary in store.summaries()] == names
    assert store.resolve("@").id == names[-1]


def test_sequence_goes_on_when_the_counter_is_lost(store: Store) -> None:
    finish(store)
    finish(store)
    (store.folder / "counter").unlink()
    assert begin(store).start.sequence == 3
    (store.folder / "counter").write_text("damaged", "ascii")
    assert begin(store).start.sequence == 4


def test_words_find_runs(store: Store) -> None:
    first, second, third = finish(store, 1_000, "a"), finish(store, 10_000_000_000, "a"), finish(store, 20_000_000_000)
    assert store.resolve("a").id == second
    assert store.resolve("@").id == third
    assert store.resolve(first).id == first
    assert store.resolve(second[:12].lower()).id == second
    assert [store.resolve(word).id for word in ("@~0", "@~", "@~1", "@~2")] == [third, second, second, first]
    for word in ("0", "", "zzz", "b", "@~3", "@~-1", "@1", "@~x", "@~99999999999"):
        with pytest.raises(NoSuchRunError):
            store.resolve(word)


def test_an_empty_store_says_how_to_make_a_run(store: Store) -> None:
    with pytest.raises(NoSuchRunError, match="reprocheck run"):
        store.resolve("@")


def test_an_existing_store_is_opened_as_it_is(store: Store) -> None:
    name = finish(store)
    assert [summary.id for summary in prepare(store.folder).summaries()] == [name]


def test_a_newer_store_is_refused(store: Store) -> None:
    (store.folder / "format").write_text("reprocheck store 2\n", "ascii")
    with pytest.raises(NewerStoreError, match="format 2"):
        Store(store.folder)
    with pytest.raises(NewerStoreError):
        prepare(store.folder)


@pytest.mark.parametrize("text", ["", "something else\n", "reprocheck store x\n"])
def test_what_is_no_store_is_refused(store: Store, text: str) -> None:
    (store.folder / "format").write_text(text, "ascii")
    with pytest.raises(StoreError):
        Store(store.folder)


def test_a_missing_store_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store of runs"):
        Store(tmp_path / "none")


def test_a_record_of_a_newer_version_is_refused(store: Store) -> None:
    folder = RunFolder(store.runs_folder / finish(store))
    path = folder.path / "record.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":9'))
    with pytest.raises(NewerStoreError, match="schema 9"):
        folder.record()


def test_a_damaged_run_hides_no_other(store: Store) -> None:
    bad, good = finish(store), finish(store)
    path = store.runs_folder / bad / "record.json"
    path.chmod(0o644)
    path.write_bytes(b"{")
    states = {summary.id: summary.state for summary in store.summaries()}
    assert states == {bad: RunState.DAMAGED, good: RunState.FINISHED}


def test_the_index_is_made_again_when_it_is_lost_damaged_or_stale(store: Store) -> None:
    finish(store)
    before = store.summaries()
    index = store.folder / "index.sqlite"
    assert index.is_file()
    index.unlink()
    assert store.summaries() == before
    index.write_bytes(b"SQLite format 3\0" + b"x" * 4000)
    assert store.summaries() == before
    assert Store(store.folder).summaries() == before


def test_gc_and_runs_keep_out_of_each_others_way(store: Store) -> None:
    run = begin(store)
    assert store.exclusive() is None
    run.close()
    lock = store.exclusive()
    assert lock is not None
    lock.release()


def test_two_processes_give_no_sequence_twice(store: Store) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from reprocheck.model.record import Command, Start
        from reprocheck.store.store import Store
        store = Store(Path(sys.argv[1]))
        for _ in range(10):
            store.begin(1, lambda name, sequence: Start(
                id=name, sequence=sequence, tool_version="0", started="", monotonic=0, launcher=1,
                command=Command(arguments=("a",), cwd=".", root="/"))).close()
        """
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(store.folder)]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert [summary.sequence for summary in store.summaries()] == list(range(1, 31))


def test_locks_exclude_and_are_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = acquire(path, shared=True)
    second = acquire(path, shared=True)
    assert first is not None
    assert second is not None
    assert acquire(path) is None
    first.release()
    first.release()
    assert acquire(path) is None
    second.release()
    with acquire(path) or pytest.fail("locked") as lock:
        assert lock.effective
        assert acquire(path, shared=True) is None
