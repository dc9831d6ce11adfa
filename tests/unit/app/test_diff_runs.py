"""Records are compared by what can make results differ, and by results."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reprocheck.app.diff_runs import compare_contents, compare_records
from reprocheck.model.comparison import Outcome
from reprocheck.model.record import (
    Command,
    Environment,
    Execution,
    FileRole,
    FileTree,
    FileUse,
    FileUses,
    Observations,
    Package,
    Record,
    SeederCall,
    Status,
)
from reprocheck.model.run_report import Difference
from reprocheck.store.runs import RunFolder
from reprocheck.store.store import prepare


def record(**changes: object) -> Record:
    base = Record(
        id="A",
        sequence=1,
        tool_version="0",
        started="2026-01-01T00:00:00Z",
        ended="2026-01-01T00:00:01Z",
        command=Command(arguments=("a",), cwd=".", root="/x"),
        execution=Execution(status=Status.EXITED, code=0, duration=5),
        files=FileUses(
            uses=(
                FileUse(path="in", role=FileRole.INPUT, before="1" * 64),
                FileUse(path="out", role=FileRole.OUTPUT, after="2" * 64),
                FileUse(path="state", role=FileRole.READ_THEN_WRITTEN, before="3" * 64, after="4" * 64),
                FileUse(path="log", role=FileRole.LOG, after="5" * 64),
            ),
            trees=(FileTree(path="data", role=FileRole.INPUT, files=2000, size=1, digest="6" * 64),),
        ),
        observations=Observations(
            seeders=tuple(SeederCall(name="random.seed", value=value, pid=1, time=0) for value in ("1", "2"))
        ),
        environment=Environment(
            packages=(Package(name="numpy", version="2.0", location="/a"),), variables={"TZ": "UTC"}
        ),
    )
    return msgspec.structs.replace(base, **changes)


def found(second: Record) -> list[Difference]:
    return list(compare_records(record(), second).differences)


def test_what_only_says_when_it_was_is_no_difference() -> None:
    other = record(id="B", sequence=2, started="x", ended="y", name="n", tags=("t",), tool_version="9")
    other = msgspec.structs.replace(other, execution=Execution(status=Status.EXITED, code=0, duration=999, pid=7))
    result = compare_records(record(), other)
    assert result.differences == ()
    assert (result.same_inputs, result.same_outputs) == (3, 2)


def test_a_file_can_differ_before_and_after() -> None:
    uses = record().files.uses
    state = msgspec.structs.replace(uses[2], before="7" * 64, after="8" * 64)
    files = msgspec.structs.replace(record().files, uses=(*uses[:2], state))
    assert found(record(files=files)) == [
        Difference("data", "state", "3" * 12, "7" * 12),
        Difference("outputs", "state", "4" * 12, "8" * 12),
    ]


def test_what_one_run_does_not_have_is_empty() -> None:
    files = msgspec.structs.replace(record().files, trees=(), uses=record().files.uses[1:])
    assert found(record(files=files)) == [
        Difference("data", "data/", f"2000 files {'6' * 12}", ""),
        Difference("data", "in", "1" * 12, ""),
    ]


def test_calls_of_a_seeder_are_compared_in_order() -> None:
    calls = record().observations.seeders
    swapped = Observations(seeders=calls[::-1])
    assert [(d.what, d.first, d.second) for d in found(record(observations=swapped))] == [
        ("random.seed (call 1)", "1", "2"),
        ("random.seed (call 2)", "2", "1"),
    ]


def test_packages_differ_by_version_and_by_being_edited() -> None:
    edited = Package(name="numpy", version="2.0", location="/b", modified=("numpy/a.py",))
    environment = msgspec.structs.replace(record().environment, packages=(edited,))
    assert found(record(environment=environment)) == [Difference("environment", "package numpy", "2.0", "2.0 edited")]


def test_results_come_last() -> None:
    second = record(
        execution=Execution(status=Status.KILLED, signal=9), command=Command(arguments=("b",), cwd=".", root="/x")
    )
    assert [difference.section for difference in found(second)] == ["command", "result", "result"]


def test_of_outputs_that_differ_the_contents_are_compared(tmp_path: Path) -> None:
    store = prepare(tmp_path / "store")
    folders = []
    for number, (loss, name) in enumerate([("0.5", "2026-11-20_10-11-12"), ("0.25", "2026-11-21_09-08-07")]):
        digests = {
            f"runs/{name}/m.json": store.objects.put(b'{"loss": %s}' % loss.encode()),
            "same.txt": store.objects.put(b"the same"),
            f"only-{number}.txt": store.objects.put(b"x"),
        }
        uses = tuple(FileUse(path=p, role=FileRole.OUTPUT, after=d, size=1) for p, d in digests.items())
        folder = RunFolder(store.runs_folder / f"0{number}")
        folder.path.mkdir()
        folder.finish(record(id=f"0{number}", files=FileUses(uses=uses)))
        folders.append(folder)
    (found,) = compare_contents(store, (folders[0], folders[1]), ())
    assert (found.name, found.outcome) == ("runs/{time}/m.json", Outcome.DIVERGENT)
    assert found.children[0].distance is not None
    assert found.children[0].distance.max_absolute == 0.25
    (found,) = compare_contents(store, (folders[0], folders[1]), ("*.json=abs:0.5",))
    assert found.outcome is Outcome.EQUIVALENT
