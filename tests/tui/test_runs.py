"""The room of runs: list, tabs, replays, comparisons, and the way to findings and back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from reprocheck.model.comparison import Outcome
from reprocheck.tui.compare_screen import CompareScreen
from reprocheck.tui.jobs.frames import Progress, Refused, Replayed
from tui_runs import FIRST, made_up, replay
from tui_screens import SAMPLE, MadeUp, Project, finding, play, press, screen_text, settled


def test_without_runs_it_says_how_to_make_one(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2")
        assert "reprocheck run -- python train.py" in screen_text(app)
        await press(pilot, "escape")
        assert app.screen is app.findings

    play(app, script)


def test_the_tabs_show_record_environment_files_and_curves(project: Project) -> None:
    app = made_up(project).app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2")
        assert "the record of run two is damaged" in screen_text(app)
        await press(pilot, "j")
        assert "python train.py" in screen_text(app)
        seen = []
        for _ in range(4):
            await press(pilot, "right")
            seen.append(screen_text(app))
        assert "CPython 3.11.7" in seen[0]
        assert "data.csv  aaaaaaaaaaaa  1.2 kB  input  train.py:3" in seen[1]
        assert "model.pt  bbbbbbbbbbbb" in seen[2]
        assert "29 steps" in seen[3]

    play(app, script)


def test_a_replay_opens_as_a_tree_with_curves_and_leads_to_findings_and_back(project: Project) -> None:
    app = made_up(project).app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "j", "j", "enter")
        text = screen_text(app)
        assert "≠ model.pt [torch]" in text
        assert "loss, parts at step 9" in text
        await press(pilot, "j", "t")
        assert "0.125" in screen_text(app)
        await press(pilot, "w")
        assert "divergent in same" not in screen_text(app)
        assert "seed of torch.manual_seed: 1 -> 2" in screen_text(app)
        await press(pilot, "f")
        assert app.screen is app.findings
        assert list(app.findings.listing.lines) == [2, 3]
        assert "may explain: seed of torch.manual_seed" in screen_text(app)
        # One of them is repaired meanwhile; what is left is still what may explain it.
        project.findings = [one for one in project.findings if one is not SAMPLE[0]]
        await press(pilot, "u")
        assert list(app.findings.listing.lines) == [1, 2]
        assert "may explain: seed of torch.manual_seed" in screen_text(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, CompareScreen)
        assert app.findings.listing.only is None
        assert len(app.findings.listing.lines) == 4
        await press(pilot, "w")
        assert isinstance(app.screen, CompareScreen)
        assert app.screen.lines.cursor == 1
        assert "0.125" in screen_text(app)
        await press(pilot, "escape")
        assert app.screen_stack[-1] is app.runs

    play(app, script, size=(100, 40))


def test_without_a_finding_that_explains_it_that_is_said(project: Project) -> None:
    project.findings = [finding(1, code="DBT001")]
    app = made_up(project).app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "j", "j", "enter", "f")
        assert isinstance(app.screen, CompareScreen)
        assert "no finding explains it" in " ".join(note.message for note in app._notifications)

    play(app, script)


def test_two_runs_are_compared_the_marked_one_first(project: Project) -> None:
    app = made_up(project).app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2", "c")
        text = screen_text(app)
        assert "first | second: 4 inputs and 0 outputs are the same" in text
        assert "≠ torch.manual_seed (call 1)  1 → 2" in text
        await press(pilot, "escape", "space", "j", "c")
        assert "second | first" in screen_text(app)
        await press(pilot, "f")
        assert isinstance(app.screen, CompareScreen)

    play(app, script)


def test_a_replay_is_followed_while_one_looks_elsewhere_and_its_verdict_is_listed(project: Project) -> None:
    made_up(project)
    verdict = replay("01ARZ3NDEKTSV4RRFFQ69G5FAX", FIRST, Outcome.DIVERGENT)
    project.replay_work = MadeUp([Progress("running train.py"), Replayed(verdict)])
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        project.replay_work.hold = asyncio.Event()  # type: ignore[union-attr] # set just above
        await press(pilot, "2", "j", "r", *"venv", "space", "3", "enter")
        assert "replaying: running train.py" in screen_text(app)
        await press(pilot, "1")
        assert app.screen is app.findings
        project.replay_work.hold.set()  # type: ignore[union-attr]
        await app.workers.wait_for_complete()
        await press(pilot, "2")
        entry = app.runs.lines.current
        assert entry is not None
        assert entry.replay == verdict

    play(app, script)
    (request,) = project.replays
    assert (request.run, request.executor, request.times) == (FIRST, "venv", 3)
    assert request.tolerances == ("*.pt=abs:1e-6",)
    assert request.findings is not None


def test_a_replay_is_stopped_and_what_is_refused_is_said(project: Project) -> None:
    made_up(project)
    project.replay_work = MadeUp([Progress("running"), Refused("no store here")])
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        project.replay_work.hold = asyncio.Event()  # type: ignore[union-attr] # set just above
        await press(pilot, "2", "r", "enter")
        assert screen_text(app).splitlines()[-1].startswith(" x stop")
        await press(pilot, "x")
        await app.workers.wait_for_complete()
        assert project.replay_work is not None
        assert project.replay_work.cancelled
        assert "no store here" in [note.message for note in app._notifications]
        await press(pilot, "r", *"mars", "enter")
        assert len(project.replays) == 1

    play(app, script)


def test_a_store_that_cannot_be_read_is_said(project: Project, tmp_path: Path) -> None:
    store = tmp_path / "project" / ".reprocheck" / "store"
    store.mkdir(parents=True)
    (store / "format").write_text("reprocheck store 999\n")
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "2")
        await settled(pilot)
        assert "store format 999" in " ".join(note.message for note in app._notifications)

    play(app, script)
