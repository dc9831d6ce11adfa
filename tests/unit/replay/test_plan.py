"""What a replay will do, and what keeps it from being done."""

from __future__ import annotations

import signal

import msgspec
import pytest

from records import ROOT, record
from reprocheck.model.plan import Need, Origin, Plan, Purpose, Sourced
from reprocheck.model.record import (
    Code,
    CodeFile,
    Connection,
    Execution,
    FileRole,
    FileTree,
    FileUse,
    FileUses,
    Record,
    Status,
)
from reprocheck.replay.needs import needs_of
from reprocheck.replay.plan import make_plan

DIGEST = "ab" * 32


def use(path: str, role: FileRole, *, before: bool = False, after: bool = False) -> FileUse:
    return FileUse(
        path=path,
        role=role,
        before=DIGEST if before else None,
        after=DIGEST if after else None,
        size_before=3 if before else None,
        size=3 if after or role is FileRole.TEMPORARY else None,
    )


def sourced(path: str, purpose: Purpose, origin: Origin) -> Sourced:
    return Sourced(need=Need(path=path, digest=DIGEST, size=3, purpose=purpose), origin=origin, place="/x")


def plan(run: Record, *sources: Sourced, **present: str) -> Plan:
    return make_plan(run, sources, present=present)


@pytest.mark.parametrize(
    ("role", "purpose", "writable"),
    [
        (FileRole.INPUT, Purpose.INPUT, False),
        (FileRole.READ_THEN_WRITTEN, Purpose.INPUT, True),
        (FileRole.APPENDED, Purpose.INPUT, True),
        (FileRole.DELETED, Purpose.INPUT, True),
        (FileRole.OUTPUT, Purpose.FORMER, True),
        (FileRole.CODE, Purpose.CODE, False),
    ],
)
def test_a_file_is_needed_as_the_run_found_it(role: FileRole, purpose: Purpose, *, writable: bool) -> None:
    (need,) = needs_of(record(use("a", role, before=True)))
    assert (need.purpose, need.writable) == (purpose, writable)


@pytest.mark.parametrize("role", [FileRole.ENVIRONMENT, FileRole.DEVICE, FileRole.TEMPORARY])
def test_what_comes_with_the_system_is_not_laid_out(role: FileRole) -> None:
    assert needs_of(record(use("/a", role, before=True))) == ()


def test_code_that_was_also_read_as_a_file_is_code() -> None:
    code = Code(files=(CodeFile(path="a.py", digest=DIGEST, size=3),))
    (need,) = needs_of(record(use("a.py", FileRole.INPUT, before=True), code=code))
    assert need.purpose is Purpose.CODE


def test_recorded_values_win_and_names_without_a_value_get_the_one_of_today() -> None:
    run = record(variables={"SEED": "1"}, names=("HOME", "TOKEN"))
    made = plan(run, HOME="/home/me", SEED="2", OTHER="x")
    assert made.variables == {"SEED": "1", "HOME": "/home/me"}
    (gap,) = made.gaps
    assert "TOKEN was set" in gap.reason


def test_a_record_without_variables_says_so() -> None:
    made = plan(record(), HOME="/home/me")
    assert made.variables == {"HOME": "/home/me"}
    assert made.gaps[0].channel == "environment.variables"


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (record(status=Status.NOT_STARTED), "did not start"),
        (record(status=Status.ABANDONED), "no known end"),
        (record(redacted=True), "credential"),
    ],
)
def test_some_runs_can_not_be_replayed(run: Record, reason: str) -> None:
    (obstacle,) = plan(run).obstacles
    assert reason in obstacle.reason
    assert obstacle.remedy


@pytest.mark.parametrize(
    ("purpose", "origin", "said"),
    [
        (Purpose.INPUT, Origin.MISSING, "1 input missing: a"),
        (Purpose.INPUT, Origin.CHANGED, "1 input changed since the run: a"),
        (Purpose.CODE, Origin.MISSING, "1 source file missing: a"),
    ],
)
def test_lost_content_is_an_obstacle(purpose: Purpose, origin: Origin, said: str) -> None:
    (obstacle,) = plan(record(), sourced("a", purpose, origin)).obstacles
    assert obstacle.reason == said


def test_what_was_overwritten_unread_is_a_gap_and_no_obstacle() -> None:
    made = plan(record(), sourced("a", Purpose.FORMER, Origin.MISSING), HOME="")
    assert made.obstacles == ()
    assert any("a held before" in gap.reason for gap in made.gaps)


def test_an_environment_inside_of_the_project_is_used_as_it_is() -> None:
    assert plan(record()).kept == (".venv",)


def test_folders_outside_are_covered_where_the_run_left_something() -> None:
    run = record(
        use("/data/results/a.csv", FileRole.APPENDED, before=True, after=True),
        use("/data/in.csv", FileRole.INPUT, before=True),
        use("/tmp/x/left", FileRole.TEMPORARY),
        use("/tmp/plain", FileRole.TEMPORARY),
    )
    assert plan(run).guarded == ("/data/results", "/tmp/x")


def test_folders_of_results_exist_before_the_command_runs() -> None:
    assert plan(record(use("out/deep/a", FileRole.OUTPUT, after=True))).folders == ("out/deep",)


def test_connections_and_unlisted_trees_are_gaps() -> None:
    files = FileUses(
        trees=(FileTree(path="data", role=FileRole.INPUT, files=9, size=9, digest=DIGEST),),
        connections=(
            Connection(family="inet", address="192.0.2.1", port=80),
            Connection(family="inet", address="127.0.0.1", port=5000),
        ),
        complete=True,
    )
    made = plan(record(files=files), HOME="")
    reasons = {gap.channel: gap.reason for gap in made.gaps}
    assert "data" in reasons["files.trees"]
    assert reasons["files.connections"] == "the run connected to 192.0.2.1:80"
    assert "data" in made.kept


def test_paths_are_those_of_the_record() -> None:
    made = plan(
        record(outputs=("*.pt",)), sourced("a", Purpose.CODE, Origin.DISK), sourced("/b", Purpose.INPUT, Origin.STORE)
    )
    assert (made.root, made.patterns) == (ROOT, ("*.pt",))
    assert [source.need.path for source in made.files] == ["a"]
    assert [source.need.path for source in made.outside] == ["/b"]


@pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM"), (signal.SIGSEGV, ""), (signal.SIGABRT, "")],
)
def test_a_run_that_was_interrupted_is_not_run_again_and_a_crash_is(number: signal.Signals, said: str) -> None:
    execution = Execution(status=Status.KILLED, signal=number, duration=1_500_000_000)
    found = plan(msgspec.structs.replace(record(), execution=execution)).obstacles
    assert [f"interrupted ({said}) after 1.5 s" in obstacle.reason for obstacle in found] == [True] * bool(said)


def test_where_the_shell_sent_the_output_is_not_guarded() -> None:
    log = FileUse(path="/logs/out.txt", role=FileRole.LOG, after=DIGEST, size=3)
    opened = FileUse(path="/var/x/run.log", role=FileRole.LOG, after=DIGEST, size=3, processes=(7,))
    assert plan(record(log, opened)).guarded == ("/var/x",)


def test_folders_that_the_run_made_are_not_there_before_it_makes_them_again() -> None:
    files = FileUses(
        uses=tuple(
            FileUse(path=path, role=FileRole.OUTPUT, after=DIGEST, size=1)
            for path in ("models/m.pt", "out/run/m.pt", "there/new/x", "there/new/deep/y")
        ),
        new_folders=("out", "out/run", "there/new"),
        complete=True,
    )
    assert plan(record(files=files)).folders == ("models", "there")
