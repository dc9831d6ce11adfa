"""A terminal interface without a terminal: made-up findings, a real ledger, and the screen as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from textual.app import App
from textual.pilot import Pilot

from reprocheck.app.put_back import put_back
from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.show_source import Sources
from reprocheck.config import Config
from reprocheck.model.finding import Confidence, Finding, Severity, Step
from reprocheck.model.fix import Fix, Safety
from reprocheck.model.place import Excerpt, Place, Span
from reprocheck.model.rule_info import RuleInfo
from reprocheck.tui.jobs.frames import EncodedFindings, Received, Scanned
from reprocheck.tui.jobs.requests import Spot
from reprocheck.tui.ledger import ProjectLedger
from reprocheck.tui.main import TriageApp
from reprocheck.tui.runs import Runs
from reprocheck.tui.services import Services, Work
from reprocheck.tui.state.decisions import Ledger

RULE = RuleInfo(
    code="RNG004",
    name="seed-from-clock",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="A seed comes from the clock.",
    why="Another seed each time.",
    fix="Write a number.",
)


def finding(
    number: int,
    *,
    code: str = "RNG004",
    rule: str = "seed-from-clock",
    path: str = "src/train.py",
    line: int | None = None,
    severity: Severity = Severity.WARNING,
    message: str = "",
    fix: Fix | None = None,
    trail: Sequence[tuple[str, int, str]] = (),
    fingerprint: str = "",
) -> Finding:
    """One made-up finding; its number makes it different from others."""
    span = Span(line or number, 1, line or number, 8)
    return Finding(
        code=code,
        rule=rule,
        severity=severity,
        confidence=Confidence.HIGH,
        message=message or f"message of finding {number}",
        place=Place(path, span, None, Excerpt(span.line, (f"excerpt of line {span.line}",), span.line, 1, 8)),
        symbol="train",
        trail=tuple(Step(Place(name, Span(at, 1, at, 4)), said) for name, at, said in trail),
        fix=fix,
        fingerprint=fingerprint or f"{number:016x}",
        context=f"{number:08x}",
    )


def encoded(findings: Sequence[Finding]) -> tuple[msgspec.Raw, ...]:
    """As a scan sends them."""
    return tuple(msgspec.Raw(msgspec.msgpack.encode(one)) for one in findings)


_TRAIL = (("src/model.py", 2, "used here"), ("data/load.py", 1, "and here"))
SAMPLE: tuple[Finding, ...] = (
    finding(3, path="data/load.py", code="DET008", rule="unsorted-directory-listing", severity=Severity.ERROR),
    finding(7, path="src/model.py", code="DAT004", rule="unverified-download", severity=Severity.NOTE),
    finding(1, message="the seed comes from `time.time`", trail=_TRAIL),
    finding(2, message="[bold]no markup[/] and no \x1b[31mescape"),
    finding(5, code="RNG011", rule="unseeded-generator", fix=Fix("seed it", Safety.UNSAFE, ())),
)  # fmt: skip


@dataclass(slots=True)
class MadeUp:
    """Work that has been done already."""

    sent: Sequence[Received]
    hold: asyncio.Event | None = None
    """Waited for before the last of it is sent."""
    cancelled: bool = False

    async def frames(self) -> AsyncIterator[Received]:
        """All of it."""
        for number, frame in enumerate(self.sent):
            if number == len(self.sent) - 1 and self.hold is not None:
                await self.hold.wait()
            yield frame

    def cancel(self) -> None:
        """Noted."""
        self.cancelled = True
        if self.hold is not None:
            self.hold.set()

    async def end(self) -> None:
        """Nothing is left to do."""


def scanned(findings: Sequence[Finding]) -> list[Received]:
    """What a whole scan sends."""
    return [EncodedFindings(encoded(findings)), Scanned({RULE.code: RULE}, 3)]


@dataclass(frozen=True, slots=True)
class Diff:
    """A made-up preview."""

    patch: str = "--- a/x\n+++ b/src/train.py\n@@ -5 +5 @@\n-rng = make()\n+rng = make(0)\n"
    refused: str = ""


@dataclass(slots=True)
class Project:
    """A folder with some sources, and what the interface would be told of it."""

    root: Path
    findings: Sequence[Finding] = SAMPLE
    query: str = "state:open "
    read_only: bool = False
    ledger: Ledger | None = None
    repairs: list[frozenset[Spot]] = field(default_factory=list)
    repaired: Sequence[Received] = ()
    """What a repair says."""
    replays: list[ReplayRequest] = field(default_factory=list)
    scans: int = 0
    runs: Runs | None = None
    replay_work: MadeUp | None = None
    editor: tuple[str, ...] = ("true",)

    def __post_init__(self) -> None:
        """Sources that the sample is about."""
        for path, text in (
            ("src/train.py", "import time\nseed = time.time()\n\ndef train():\n    rng = make()\n    return rng\n"),
            ("src/model.py", "class Model:\n    def __init__(self):\n        pass\n"),
            ("data/load.py", "import os\n\nnames = os.listdir('.')\n"),
        ):
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def app(self) -> TriageApp:
        """The interface."""
        return TriageApp(
            Services(
                root=self.root,
                sources=Sources(self.root),
                scan=self._scan,
                preview=lambda _: Diff(),
                repair=self._repair,
                put_back=partial(put_back, self.root),
                runs=self.runs or Runs(self.root, Config(root=self.root)),
                replay=self._replay,
                ledger=None if self.read_only else self.ledger or ProjectLedger(Config(root=self.root)),
                editor=self.editor,
                read_only=self.read_only,
                query=self.query,
                rest=0.005,
            )
        )

    def _scan(self) -> Work:
        self.scans += 1
        return MadeUp(scanned(self.findings))

    def _repair(self, spots: frozenset[Spot], unsure: bool) -> Work:  # noqa: ARG002 — as the interface calls it
        self.repairs.append(spots)
        return MadeUp(self.repaired)

    def _replay(self, request: ReplayRequest) -> Work:
        self.replays.append(request)
        return self.replay_work or MadeUp(())


def play(app: TriageApp, script: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Run the interface headless and let `script` use it."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await script(pilot)
            await app.findings.deciding.written()

    asyncio.run(run())


async def settled(pilot: Pilot[None]) -> None:
    """Wait for work in the background and for the finding under the cursor to be shown."""
    working = [worker for worker in pilot.app.workers if worker.group != "replay"]
    if working:
        await pilot.app.workers.wait_for_complete(working)
    await pilot.pause(0.02)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Keys, and what they bring about."""
    await pilot.press(*keys)
    await settled(pilot)


def screen_text(app: App[None]) -> str:
    """What is on the screen, without colours and without blanks at the ends."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()[:height]
    return "\n".join("".join(segment.text for segment in line)[:width].rstrip() for line in lines) + "\n"
