"""Made-up runs for tests of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from records import record
from reprocheck.config import Config
from reprocheck.model.comparison import Comparison, Curve, Difference, Outcome, Verdict
from reprocheck.model.record import (
    CodePlace,
    FileRole,
    FileUse,
    FileUses,
    Observations,
    Record,
    RunState,
    RunSummary,
    SeederCall,
    Status,
)
from reprocheck.model.replay import Cause, Repetition, Replay, Suspect
from reprocheck.model.run_report import Difference as RunDifference
from reprocheck.model.run_report import RunDifferences
from reprocheck.store.errors import StoreError
from reprocheck.tui.runs import Runs
from tui_screens import Project

FIRST, SECOND = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
CURVES = (
    Curve(name="loss", left=((0, 3.0), (9, 1.0)), right=((0, 3.0), (9, 2.0)), first=9),
)  # fmt: skip
SUSPECT = Suspect(
    what="seed of torch.manual_seed", kind=Cause.SEED, name="torch.manual_seed", recorded="1", replayed="2"
)


def replay(name: str, run: str, outcome: Outcome) -> Replay:
    verdict = Verdict(outcome=outcome, reason="model.pt: 3 of 9 differ")
    weight = Difference(name="weight", outcome=Outcome.DIVERGENT, left="0.125", right="0.25")
    differences = (
        Difference(name="log.txt", outcome=Outcome.IDENTICAL),
        Difference(name="model.pt", outcome=Outcome.DIVERGENT, kind="torch", children=(weight,)),
    )
    repetition = Repetition(
        exit_code=0,
        duration=10**9,
        comparison=Comparison(left="a", right="b", differences=differences, verdict=verdict),
        suspects=(SUSPECT,),
        curves=CURVES,
    )
    return Replay(
        id=name, run=run, executor="same", tool_version="0", started="2026-01-01T00:00:00.000000Z",
        command=("python", "train.py"), verdict=verdict, repetitions=(repetition,),
    )  # fmt: skip


class MadeUpRuns(Runs):
    """Two runs, one of them with a replay."""

    def all(self) -> list[RunSummary]:
        return [
            RunSummary(
                id=name,
                sequence=number,
                state=RunState.FINISHED,
                name=word,
                duration=10**9,
                exit_code=number,
                status=Status.EXITED,
                command=("python", "train.py"),
            )
            for number, (name, word) in enumerate(((FIRST, "first"), (SECOND, "second")))
        ]

    def record(self, run: str) -> Record:
        if run == SECOND:
            raise StoreError("the record of run two is damaged")
        uses = (
            FileUse(path="data.csv", role=FileRole.INPUT, before="a" * 64, size=1200, place=CodePlace("train.py", 3)),
            FileUse(path="model.pt", role=FileRole.OUTPUT, after="b" * 64, size=7),
        )
        seeder = SeederCall(name="torch.manual_seed", value="1", pid=1, time=0, place=CodePlace("src/train.py", 1))
        return record(files=FileUses(uses=uses, complete=True), observations=Observations(seeders=(seeder,)))

    def replays(self, run: str) -> Sequence[Replay]:
        return [replay("01ARZ3NDEKTSV4RRFFQ69G5FAX", FIRST, Outcome.DIVERGENT)] if run == FIRST else []

    def series(self, run: str) -> Mapping[str, Sequence[tuple[float, float]]]:
        return {"loss": [(step, 1 / (step + 1)) for step in range(30)]} if run == FIRST else {}

    def differences(self, first: str, second: str) -> RunDifferences:
        different = (RunDifference("seeds", "torch.manual_seed (call 1)", "1", "2"),)
        return RunDifferences(first=first, second=second, differences=different, same_inputs=4)

    def curves(self, first: str, second: str) -> Sequence[Curve]:
        return CURVES if (first, second) == (FIRST, SECOND) else ()


def made_up(project: Project) -> Project:
    project.runs = MadeUpRuns(project.root, Config(root=project.root, replay_tolerance=("*.pt=abs:1e-6",)))
    return project
