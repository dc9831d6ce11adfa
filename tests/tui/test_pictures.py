"""The pictures of the guides: `pytest tests/tui/test_pictures.py --update-screens` draws them anew.

Findings, code and fix are those of `fixtures/churn_tutorial`. The run is made up: real ones have times and numbers that
are others each time, which is what the picture is about.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from records import record
from reprocheck.app.fix_project import preview_fix
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.comparison import Comparison, Curve, Difference, Outcome, Verdict
from reprocheck.model.finding import Confidence
from reprocheck.model.record import CodePlace, Observations, RandomState, Record, RunState, RunSummary, Status
from reprocheck.model.replay import Cause, Repetition, Replay, Suspect
from reprocheck.tui.jobs.frames import EncodedFindings, Scanned
from reprocheck.tui.main import TriageApp
from reprocheck.tui.runs import Runs
from tui_screens import MadeUp, Project, encoded, play, press

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images"
SIZE = (96, 28)
PICTURES: Mapping[str, tuple[str, ...]] = {
    "tui-findings": ("j", "j", "j", "j", "n"),
    "tui-fix": ("d",),
    "tui-comparison": ("2", "j", "enter", "j"),
    "tui-explained": ("2", "j", "enter", "f"),
}
"""Keys that lead there."""
RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_FONT = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)


def _replay() -> Replay:
    verdict = Verdict(outcome=Outcome.DIVERGENT, reason="2 artifacts diverge, the first is metrics.json > accuracy")
    numbers = (("accuracy", "0.8833", "0.8667"), ("loss", "0.3099", "0.3569"))
    parts = tuple(Difference(name=n, outcome=Outcome.DIVERGENT, left=a, right=b) for n, a, b in numbers)
    differences = (
        Difference(name="metrics.json", kind="json", outcome=Outcome.DIVERGENT, children=parts),
        Difference(name="model.joblib", kind="pickle", outcome=Outcome.DIVERGENT),
        Difference(name="exit code", kind="exit code", outcome=Outcome.IDENTICAL, left="0", right="0"),
    )
    left = tuple((step, math.exp(-step / 12) + 0.3) for step in range(60))
    right = tuple((step, value + (step > 15) * 0.004 * (step - 15)) for step, value in left)
    suspect = Suspect(
        what="state of numpy at its first use", kind=Cause.STATE, name="numpy", recorded="3f8b", replayed="4a78"
    )
    repetition = Repetition(
        exit_code=0,
        duration=10**9,
        comparison=Comparison(left="a", right="b", differences=differences, verdict=verdict),
        suspects=(suspect,),
        curves=(Curve(name="log.jsonl:loss", left=left, right=right, first=16),),
    )
    return Replay(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAX", run=RUN, executor="same", tool_version="0", started="",
        command=("python", "train.py"), verdict=verdict, repetitions=(repetition,),
    )  # fmt: skip


class OneRun(Runs):
    """A run, and a replay of it."""

    def all(self) -> list[RunSummary]:
        return [
            RunSummary(
                id=RUN, sequence=1, state=RunState.FINISHED, name="found", duration=3 * 10**9, exit_code=0,
                status=Status.EXITED, command=("python", "train.py"),
            )
        ]  # fmt: skip

    def record(self, run: str) -> Record:  # noqa: ARG002 — there is only one
        state = RandomState(
            generator="numpy", moment="first-use", digest="3f8b", pid=1, place=CodePlace("train.py", 20)
        )
        return record(observations=Observations(random_states=(state,)))

    def replays(self, run: str) -> Sequence[Replay]:  # noqa: ARG002 — there is only one
        return (_replay(),)

    def series(self, run: str) -> Mapping[str, Sequence[tuple[float, float]]]:  # noqa: ARG002 — there is only one
        return {}


@pytest.fixture(scope="module")
def app_of_the_tutorial(tmp_path_factory: pytest.TempPathFactory) -> partial[TriageApp]:
    """Makes interfaces for the project of the tutorial, which is scanned once."""
    root = tmp_path_factory.mktemp("pictures") / "churn"
    shutil.copytree(ROOT / "fixtures" / "churn_tutorial", root)
    config = Config(root=root, cache=False, jobs=1)
    unsure = msgspec.structs.replace(config, min_confidence=Confidence.LOW)
    result = scan_project(ScanRequest(config=unsure, targets=[root]), lambda _done, _all: None).result
    services = replace(
        Project(root, runs=OneRun(root, config), query="state:open -conf:low ").app().services,
        scan=lambda: MadeUp([EncodedFindings(encoded(result.findings)), Scanned(result.rules, 5)]),
        preview=partial(preview_fix, config),
    )
    return partial(TriageApp, services)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_guides_shows_what_is_there(
    app_of_the_tutorial: partial[TriageApp], name: str, request: pytest.FixtureRequest
) -> None:
    app = app_of_the_tutorial()
    seen = ""

    async def script(pilot: Pilot[None]) -> None:
        nonlocal seen
        await press(pilot, *PICTURES[name])
        # Its font comes from elsewhere: pages must show without.
        seen = _FONT.sub("\n", app.export_screenshot(title="reprocheck tui", simplify=True))

    play(app, script, size=SIZE)
    file = FOLDER / f"{name}.svg"
    if request.config.getoption("--update-screens", default=False):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(seen, "utf-8", newline="\n")
    assert seen == file.read_text("utf-8")
    assert "url(http" not in seen


def test_every_picture_stands_in_a_guide() -> None:
    guides = "".join(file.read_text("utf-8") for file in [ROOT / "docs/tutorial.md", ROOT / "docs/guides/tui.md"])
    drawn = {file.stem for file in FOLDER.glob("tui-*.svg")}
    assert drawn == set(PICTURES)
    assert all(f"images/{name}.svg" in guides for name in drawn)
