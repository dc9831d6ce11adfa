"""Findings of the project that may explain a divergence, and how they are found again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from records import record
from reprocheck.app.explain_replay import with_explanations
from reprocheck.app.find_finding import find_finding
from reprocheck.config import Config
from reprocheck.model.comparison import Comparison, Outcome, Verdict
from reprocheck.model.record import FileRole, FileUse, Record
from reprocheck.model.replay import Cause, Repetition, Replay, Suspect

DRAWS = "import numpy as np\n\n\ndef draw(n):\n    return np.random.permutation(n)\n"


def diverged(root: Path) -> tuple[Replay, Record]:
    """A run that read draw.py, and its replay, in which numpy began in another state."""
    verdict = Verdict(outcome=Outcome.DIVERGENT, reason="x")
    suspect = Suspect(what="state of numpy", kind=Cause.STATE, name="numpy", recorded="a", replayed="b")
    repetition = Repetition(
        exit_code=0,
        duration=1,
        comparison=Comparison(left="a", right="b", differences=(), verdict=verdict),
        suspects=(suspect,),
    )
    run = record(FileUse(path="draw.py", role=FileRole.CODE))
    replay = Replay(
        id="1",
        run=run.id,
        executor="same",
        tool_version="0",
        started="",
        command=(),
        verdict=verdict,
        repetitions=(repetition,),
    )
    return replay, msgspec.structs.replace(run, command=msgspec.structs.replace(run.command, root=str(root)))


def test_notes_speak_where_no_finding_that_counts_explains(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(DRAWS, "utf-8")
    config = Config(root=tmp_path, cache=False)
    found = with_explanations(*diverged(tmp_path), config)
    assert [(one.code, one.path, one.line) for one in found.explanations] == [("RNG010", "draw.py", 5)]
    assert found.present == ()
    [again] = find_finding(config, found.explanations[0].fingerprint, lambda _done, _all: None).findings
    assert again.code == "RNG010"


def test_rules_that_the_project_ignores_stay_silent(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(DRAWS, "utf-8")
    config = Config(root=tmp_path, ignore=("RNG010",), cache=False)
    assert with_explanations(*diverged(tmp_path), config).explanations == ()
