"""From what went another way to the findings about it."""

from __future__ import annotations

import msgspec
import pytest

from records import record
from reprocheck.app.explain_divergence import Seen, explaining, leads, may_have_run
from reprocheck.model.comparison import Comparison, Outcome, Verdict
from reprocheck.model.record import (
    CodePlace,
    DeterminismFlag,
    FileRole,
    FileUse,
    FileUses,
    FlagChange,
    Listing,
    Observations,
    RandomState,
    SeederCall,
)
from reprocheck.model.replay import Cause, Repetition, Replay, Suspect, TraceDifference

VERDICT = Verdict(outcome=Outcome.DIVERGENT, reason="x")
RECORD = record(
    files=FileUses(
        uses=(FileUse(path="data/a.csv", role=FileRole.INPUT, place=CodePlace("load.py", 5)),),
        listings=(Listing(path="data", entries=3, order="1", place=CodePlace("load.py", 3)),),
        complete=True,
    ),
    observations=Observations(
        seeders=(SeederCall(name="torch.manual_seed", value="1", pid=1, time=0, place=CodePlace("train.py", 8)),),
        random_states=(
            RandomState(generator="numpy", moment="first-use", digest="1", pid=1, place=CodePlace("train.py", 20)),
        ),
        flags=(
            DeterminismFlag(
                name="torch.backends.cudnn.benchmark",
                value="True",
                changes=(FlagChange(value="True", pid=1, time=0, place=CodePlace("train.py", 30)),),
            ),
        ),
    ),
)
FINDINGS = (
    Seen("DET008", "load.py", 3, "`os.listdir` lists in the file system's own order"),
    Seen("DET008", "other.py", 50, "`glob.glob` lists in the file system's own order"),
    Seen("RNG004", "train.py", 8, "the seed of `torch.manual_seed` comes from the clock"),
    Seen("RNG011", "train.py", 60, "`numpy.random.rand` draws without a seed"),
    Seen("ENV002", "a.py", 1, "no file says which packages: `numpy` is imported"),
    Seen("DET001", "train.py", 30, "`cudnn.benchmark` chooses by speed"),
    Seen("DAT003", "load.py", 5, "`data/a.csv` has no version"),
    Seen("DBT001", "train.py", 8, "dead"),
)


def replayed(*suspects: tuple[Cause, str], generator: str = "") -> Replay:
    repetition = Repetition(
        exit_code=0,
        duration=1,
        comparison=Comparison(left="a", right="b", differences=(), verdict=VERDICT),
        suspects=tuple(
            Suspect(what=f"about {name}", kind=kind, name=name, recorded="1", replayed="2") for kind, name in suspects
        ),
        trace=TraceDifference(step=4, what="its state", steps=9, generator=generator) if generator else None,
    )
    return Replay(
        id="1", run="2", executor="same", tool_version="0", started="", command=(), verdict=VERDICT,
        repetitions=(repetition,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("suspect", "nearest", "others"),
    [
        ((Cause.ORDER, "data"), 0, {1, 5, 6}),
        ((Cause.SEED, "torch.manual_seed"), 2, {3}),
        ((Cause.STATE, "numpy"), 3, {2}),
        ((Cause.PACKAGE, "numpy"), 4, set()),
        ((Cause.FILE, "data/a.csv"), 6, {4}),
        ((Cause.SETTING, "torch.backends.cudnn.benchmark"), 5, {0, 1, 2, 3}),
    ],
)
def test_a_suspect_leads_to_the_finding_at_its_place(
    suspect: tuple[Cause, str], nearest: int, others: set[int]
) -> None:
    found = explaining(FINDINGS, leads(replayed(suspect), RECORD))
    assert found[0].index == nearest
    assert {one.index for one in found[1:]} == others
    assert found[0].what == (f"about {suspect[1]}",)


def test_what_is_only_of_the_same_family_is_not_named_beside_what_is_near() -> None:
    both = replayed((Cause.STATE, "cuda"), (Cause.STATE, "numpy"))
    explained = {one.index: one.what for one in explaining(FINDINGS, leads(both, RECORD))}
    assert explained[3] == ("about numpy",)
    assert explained[2] == ("about cuda", "about numpy")


def test_the_first_step_that_parts_is_a_lead_too() -> None:
    found = explaining(FINDINGS, leads(replayed(generator="numpy"), RECORD))
    assert found[0].index == 3
    assert found[0].what == ("step 4: its state",)


def test_a_suspect_of_a_kind_that_was_not_said_leads_nowhere() -> None:
    assert explaining(FINDINGS, leads(replayed((Cause.OTHER, "torch.manual_seed")), RECORD)) == ()


def test_nothing_different_explains_nothing() -> None:
    assert explaining(FINDINGS, leads(replayed(), RECORD)) == ()


def test_findings_in_source_that_the_run_did_not_use_explain_nothing() -> None:
    run = record(FileUse(path="train.py", role=FileRole.CODE), FileUse(path="data/a.csv", role=FileRole.INPUT))
    assert may_have_run("train.py", run)
    assert may_have_run("requirements.txt", run)
    assert not may_have_run("other.py", run)
    assert not may_have_run("look.ipynb", run)
    written = FileUse(path="look.executed.ipynb", role=FileRole.OUTPUT)
    assert not may_have_run("look.executed.ipynb", record(written, FileUse(path="train.py", role=FileRole.CODE)))
    blind = msgspec.structs.replace(run, files=msgspec.structs.replace(run.files, complete=False))
    assert may_have_run("other.py", blind)
    assert may_have_run("other.py", record(FileUse(path="a.csv", role=FileRole.INPUT)))
