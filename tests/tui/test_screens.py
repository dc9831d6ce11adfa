"""What the main screens look like, as text: `pytest tests/tui/test_screens.py --update-screens` takes it over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tui_runs import made_up
from tui_screens import Project, play, press, screen_text

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 40), (200, 60))
SCREENS: dict[str, tuple[str, ...]] = {
    "findings": ("j", "j"),
    "trail": ("j", "j", "n"),
    "groups": ("b",),
    "decision": ("a", "o", "k", "enter", "a"),
    "fix": ("G", "d"),
    "why": ("j", "j", "w"),
    "help": ("question_mark",),
    "run": ("2", "j"),
    "curves": ("2", "j", "right", "right", "right", "right"),
    "comparison": ("2", "j", "j", "enter"),
}
"""Keys that lead there."""


LARGE = ("findings", "comparison")
CASES = [(name, size) for name in SCREENS for size in (SIZES if name in LARGE else SIZES[:1])]


@pytest.fixture(autouse=True)
def _time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as the reader's clock has them."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("name", "size"), CASES, ids=lambda value: value if isinstance(value, str) else str(value[0]))
def test_a_screen_looks_as_it_did(
    project: Project, name: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    app = made_up(project).app()
    seen = ""

    async def script(pilot: Pilot[None]) -> None:
        nonlocal seen
        await press(pilot, *SCREENS[name])
        seen = screen_text(app)

    play(app, script, size=size)
    file = SNAPSHOTS / f"{name}-{size[0]}x{size[1]}.txt"
    if request.config.getoption("--update-screens", default=False):
        file.write_text(seen, "utf-8")
    assert seen == file.read_text("utf-8")
