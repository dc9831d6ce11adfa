"""The room of findings, used as a person would."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from reprocheck.app import decide
from reprocheck.app.decide import Ruling
from reprocheck.config import Config
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import State
from reprocheck.tui.jobs.frames import Repaired
from reprocheck.tui.main import TriageApp
from reprocheck.tui.state.listing import Grouping
from reprocheck.tui.widgets.pane import Pane
from tui_screens import SAMPLE, Project, play, press, screen_text, settled


def decisions(root: Path) -> dict[str, tuple[str, str]]:
    """State and reason by message, as the file has them."""
    view = decide.look(Config(root=root), SAMPLE, whole=True)
    return {
        standing.finding.message: (standing.decision.state.value, standing.decision.reason)
        for standing in view.standings
        if standing.decision is not None
    }


def states(app: TriageApp) -> list[str]:
    return list(app.findings.listing.table.states)


def test_a_decision_is_kept_leaves_the_list_and_is_taken_back(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "a", *"ours", "enter")
        await app.findings.deciding.written()
        assert decisions(project.root) == {"message of finding 3": ("accepted", "ours")}
        assert list(app.findings.listing.lines) == [1, 2, 3, 4]
        assert app.findings.listing.current == 1
        await press(pilot, "z")
        await app.findings.deciding.written()
        assert decisions(project.root) == {}
        assert app.findings.listing.current == 0
        await press(pilot, "Z")
        await app.findings.deciding.written()
        assert decisions(project.root) == {"message of finding 3": ("accepted", "ours")}

    play(app, script)


def test_a_decision_is_about_what_was_asked_about_though_a_scan_comes_between(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "j", "a")
        project.findings = SAMPLE[1:]
        app.findings.scan()
        await settled(pilot)
        await press(pilot, "k", "enter")
        assert states(app) == ["open", "accepted", "open", "open"]

    play(app, script)
    assert decisions(project.root) == {SAMPLE[2].message: ("accepted", "k")}


def test_escape_leaves_the_question_without_a_decision(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "x", *"no", "escape")
        assert states(app) == ["open"] * 5
        await press(pilot, "j")
        assert app.findings.listing.cursor == 1

    play(app, script)
    assert decisions(project.root) == {}


def test_a_range_is_decided_at_once_undone_at_once_and_the_dot_repeats(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "v", "j", "j", "x", *"vd", "enter")
        assert states(app) == ["open", "false-positive", "false-positive", "false-positive", "open"]
        await press(pilot, "g", "full_stop")
        assert states(app) == ["false-positive"] * 4 + ["open"]
        await app.findings.deciding.written()
        assert set(decisions(project.root).values()) == {("false-positive", "vd")}
        await press(pilot, "z", "z")
        assert states(app) == ["open"] * 5

    play(app, script)
    assert decisions(project.root) == {}


def test_marks_and_open_again(project: Project) -> None:
    project.query = ""
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "space", "j", "space", "f", "enter")
        assert states(app) == ["fixed", "open", "fixed", "open", "open"]
        await press(pilot, "g", "o")
        assert states(app) == ["open", "open", "fixed", "open", "open"]

    play(app, script)
    assert [state for state, _ in decisions(project.root).values()] == ["fixed"]


def test_an_earlier_reason_is_at_hand(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "a", *"ours", "enter")
        await press(pilot, "a", "up", "enter")

    play(app, script)
    assert sorted(decisions(project.root).values()) == [("accepted", "ours"), ("accepted", "ours")]


def test_the_filter_is_live_and_says_what_it_does_not_know(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "slash", *"code:RNG")
        assert list(app.findings.listing.lines) == [2, 3, 4]
        app.findings.query_one("#filter", Input).value = "cod:RNG"
        await settled(pilot)
        assert len(app.findings.listing.lines) == 5
        assert "did you mean code:?" in screen_text(app)
        app.findings.query_one("#filter", Input).value = "seed"
        await settled(pilot)
        assert "did you mean" not in screen_text(app)
        assert list(app.findings.listing.lines) == [2, 3, 4]

    play(app, script)


def test_groups_close_and_a_heading_stands_for_its_findings(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "b", "j", "j")
        assert app.findings.listing.grouping is Grouping.RULE
        await press(pilot, "left")
        assert "▸ RNG004 seed-from-clock 2" in screen_text(app)
        await press(pilot, "enter")
        assert "▾ RNG004 seed-from-clock 2" in screen_text(app)
        await press(pilot, "enter")
        assert "▸ RNG004 seed-from-clock 2" in screen_text(app)
        assert not app.findings.has_class("zoomed")
        await press(pilot, "a", "enter")
        assert sorted(states(app)) == ["accepted", "accepted", "open", "open", "open"]

    play(app, script)


def test_the_trail_is_walked_from_place_to_place(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "j", "n")
        text = screen_text(app)
        assert "1 of 2: src/model.py:2:1 used here" in text
        assert "▌2     def __init__(self):" in text
        await press(pilot, "n", "n")
        assert "2 of 2: data/load.py:1:1 and here" in screen_text(app)
        await press(pilot, "p", "p")
        assert "src/train.py:1:1 in train" in screen_text(app)

    play(app, script)


def test_why_and_fix_are_shown_and_the_fix_is_carried_out_when_asked(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "j", "w")
        assert "Another seed each time." in screen_text(app)
        await press(pilot, "G", "r")
        text = screen_text(app)
        assert "+rng = make(0)" in text
        assert "unsafe" in text
        assert "carry out this unsafe fix?" in text
        await press(pilot, "escape")
        assert project.repairs == []
        await press(pilot, "r", "enter")
        assert [len(spots) for spots in project.repairs] == [1]
        assert project.scans == 2

    play(app, script)


def test_a_repair_is_taken_back_and_done_again_unless_the_file_has_changed_since(project: Project) -> None:
    file, before, after = project.root / "src/train.py", b"import time\n", b"import time\nseed(0)\n"
    project.repaired = [
        Repaired(1, {"src/train.py": before, "seeding.py": None}, {"src/train.py": after, "seeding.py": b"x"})
    ]
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "a", *"ours", "enter", "G", "r", "enter")
        file.write_bytes(after)
        (project.root / "seeding.py").write_bytes(b"x")
        assert "z takes it back" in " ".join(note.message for note in app._notifications)
        await press(pilot, "z")
        assert file.read_bytes() == before
        assert not (project.root / "seeding.py").exists()
        assert states(app)[0] == "accepted"
        await press(pilot, "Z")
        assert file.read_bytes() == after
        assert (project.root / "seeding.py").read_bytes() == b"x"
        file.write_bytes(b"mine\n")
        await press(pilot, "z")
        assert file.read_bytes() == b"mine\n"
        assert (project.root / "seeding.py").exists()
        assert "src/train.py has changed since" in " ".join(note.message for note in app._notifications)
        await press(pilot, "z")
        assert states(app)[0] == "open"

    play(app, script)


def test_what_is_typed_adds_to_the_filter_tab_completes_and_escape_takes_it_back(project: Project) -> None:
    app = project.app()
    line = app.findings.query_one

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "slash", *"co")
        assert "code:" in screen_text(app).splitlines()[-1]
        await press(pilot, "tab", *"DBT")
        assert line("#filter", Input).value == "state:open code:DBT"
        text = screen_text(app)
        assert "The filter leaves none of 5 findings" in text
        await press(pilot, "escape")
        assert line("#filter", Input).value == "state:open code:DBT"
        await press(pilot, "escape")
        assert line("#filter", Input).value == "state:open "
        assert len(app.findings.listing.lines) == 5
        assert "The filter leaves none" not in screen_text(app)
        line("#filter", Input).value = "state:open"
        await press(pilot, "slash", *"-se", "tab", *"n", "tab")
        assert line("#filter", Input).value == "state:open -sev:note "

    play(app, script)


def test_when_all_is_decided_that_is_said(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "asterisk", "a", "enter")
        assert "Nothing is left of 5 findings" in screen_text(app)

    play(app, script)


def test_nothing_is_changed_when_only_looking(project: Project) -> None:
    project.read_only = True
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "a", "x", "f", "o", "z", "G", "r", "e", "full_stop")
        assert states(app) == ["open"] * 5
        assert {"accept", "fixed", "edit"}.isdisjoint(screen_text(app).splitlines()[-1].split())
        await press(pilot, "2", "r")
        assert project.replays == []

    play(app, script)
    assert project.repairs == []
    assert not list(project.root.glob(".reprocheck*"))


def test_a_file_that_is_gone_is_shown_as_the_scan_saw_it_and_can_be_decided(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        (project.root / "data/load.py").unlink()
        await press(pilot, "j", "k")
        text = screen_text(app)
        assert "excerpt of line 3" in text
        assert "this is what the scan saw" in text
        await press(pilot, "a", "enter")

    play(app, script)
    assert len(decisions(project.root)) == 1


def test_terminal_codes_and_markup_in_a_finding_are_shown_and_not_obeyed(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "j", "j")
        assert r"[bold]no markup[/] and no \x1b[31mescape" in screen_text(app)

    play(app, script, size=(160, 40))


def test_what_others_decide_is_taken_over(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        config = Config(root=project.root)
        view = decide.look(config, SAMPLE, whole=True)
        decide.decide(config, view, [SAMPLE[1]], Ruling(state=State.ACCEPTED, reason="theirs", author="x"))
        await pilot.pause(1.2)
        assert states(app) == ["open", "accepted", "open", "open", "open"]
        assert app.findings.deciding.of(1).reason == "theirs"

    play(app, script)


def test_two_interfaces_on_one_ledger_lose_nothing_and_the_first_decision_about_a_finding_stands(
    project: Project,
) -> None:
    first, second = project.app(), dataclasses.replace(project).app()

    async def theirs(pilot: Pilot[None]) -> None:
        await press(pilot, "a", *"th", "enter")
        await press(pilot, "a", *"th", "enter")
        await second.findings.deciding.written()

    async def ours(pilot: Pilot[None]) -> None:
        # The other one starts and decides after we have looked, and before we look again.
        first.findings.deciding.changed_elsewhere = lambda: False  # type: ignore[method-assign]
        async with second.run_test(size=(80, 24)) as other:
            await settled(other)
            await theirs(other)
        await press(pilot, "x", *"ours", "enter")
        await press(pilot, "G", "x", *"ours", "enter")
        await first.findings.deciding.written()

    play(first, ours)
    assert decisions(project.root) == {
        "message of finding 3": ("accepted", "th"),
        "message of finding 7": ("accepted", "th"),
        "message of finding 5": ("false-positive", "ours"),
    }


def test_a_ledger_that_cannot_be_written_is_said_and_what_is_shown_is_what_is_kept(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        (project.root / ".reprocheck-ledger.toml").symlink_to("elsewhere")
        await press(pilot, "a", "enter")
        await app.findings.deciding.written()
        assert [note.message for note in app._notifications if "not kept" in note.message]
        (project.root / ".reprocheck-ledger.toml").unlink()
        await pilot.pause(1.3)
        assert states(app) == ["open"] * 5

    play(app, script)


def test_a_finding_that_was_fixed_and_is_found_again_is_open(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "f", "enter")
        assert states(app)[0] == "fixed"
        await press(pilot, "u")
        assert states(app)[0] == "open"
        assert app.findings.deciding.of(0).state == "fixed"

    play(app, script)


def test_the_editor_gets_the_place_and_the_project_is_scanned_after_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = project.app()
    commands: list[list[str]] = []
    monkeypatch.setattr(app, "edit", commands.append)

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "j", "j", "n", "e")

    play(app, script)
    assert commands == [["true", "+2", str(project.root / "src/model.py")]]
    assert project.scans == 2


def test_the_mouse_moves_the_cursor_and_opens(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await pilot.click("#list", offset=(10, 2))
        await settled(pilot)
        assert app.findings.listing.cursor == 2
        await pilot.click("#list", offset=(10, 2))
        await settled(pilot)
        assert app.findings.has_class("zoomed")
        await press(pilot, "escape")
        assert not app.findings.has_class("zoomed")

    play(app, script)


def test_the_screen_follows_the_size_of_the_terminal(project: Project) -> None:
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "G")
        for width, height in ((200, 60), (40, 10), (20, 6), (80, 24)):
            await pilot.resize_terminal(width, height)
            await settled(pilot)
        assert "▌ " in screen_text(app)
        assert "message of finding 5" in screen_text(app)
        pane = app.findings.query_one(Pane)
        assert pane.size.height > 3

    play(app, script)


def test_many_findings_stay_in_sight(project: Project) -> None:
    template = SAMPLE[0]
    many: list[Finding] = [
        msgspec.structs.replace(template, fingerprint=f"{number:016x}", message=f"number {number}")
        for number in range(3000)
    ]
    project.findings = many
    app = project.app()

    async def script(pilot: Pilot[None]) -> None:
        await press(pilot, "G")
        assert "number 2999" in screen_text(app)
        app.findings.query_one("#filter", Input).value = "cod:RNG"
        await settled(pilot)
        assert "did you mean" in screen_text(app)
        assert "▌   E DET008" in screen_text(app)
        await press(pilot, "pageup", "pageup")
        assert f"number {app.findings.listing.cursor}" in screen_text(app)
        await press(pilot, "g")
        assert "number 0\n" in screen_text(app)

    play(app, script)
