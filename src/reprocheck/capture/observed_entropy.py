"""What a recording of entropy holds, and which seeds would have made it unnecessary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from reprocheck.capture.journal_lines import Event, journal_files
from reprocheck.model.file_use import CodePlace
from reprocheck.model.gap import Gap
from reprocheck.model.observation import EntropyRecord, RandomState, SeederCall

_GLOBAL = {"random": "random.seed", "numpy": "numpy.random.seed", "torch": "torch.manual_seed"}
"""Seeder of each library's global generator."""
_WITH_SEED = {
    "random.seed": "random.seed(0)",
    "random.Random": "random.Random(0)",
    "numpy.random.seed": "numpy.random.seed(0)",
    "numpy.random.RandomState": "numpy.random.RandomState(0)",
    "numpy.random.SeedSequence": "numpy.random.default_rng(0)",
    "torch.seed": "torch.manual_seed(0)",
    "torch.Generator.seed": "torch.Generator().manual_seed(0)",
}


def entropy_record(
    journal: Path, seeders: Iterable[SeederCall], states: Iterable[RandomState], gaps: Iterable[Gap]
) -> EntropyRecord | None:
    """What was recorded; None where nothing was asked for."""
    files = journal_files(journal, "entropy")
    if not files:
        return None
    drawn = [event for file in files for event in file.events if event["event"] == "entropy"]
    calls = list(seeders)
    torn = any(file.torn for file in files)
    return EntropyRecord(
        file=f"{journal.name}/{files[0].name}",
        calls=dict(sorted(Counter(str(event.get("source")) for event in drawn).items())),
        complete=not torn and not any(gap.channel == "observations.entropy" for gap in gaps),
        seeds=tuple(dict.fromkeys([*_globals(calls, list(states)), *_locals(calls), *_from_clock(calls, drawn)])),
    )


def _globals(calls: list[SeederCall], states: list[RandomState]) -> list[str]:
    """Global generators that were drawn from in a process that never seeded them."""
    needed = []
    for generator, seeder in _GLOBAL.items():
        for pid in sorted({state.pid for state in states}):
            own = {state.moment: state.digest for state in states if state.pid == pid and state.generator == generator}
            was_drawn = "first-use" in own and "end" in own and own["first-use"] != own["end"]
            if was_drawn and not any(call.pid == pid and call.name == seeder for call in calls):
                needed.append(f"{_WITH_SEED.get(seeder, seeder + '(0)')} at the start of the program")
    return needed


def _locals(calls: list[SeederCall]) -> list[str]:
    """Generators that were made or seeded without a seed."""
    return [
        f"{_WITH_SEED[call.name]} {_at(call.place)}"
        for call in calls
        if call.value == "None" and call.name in _WITH_SEED and call.place is not None
    ]


def _from_clock(calls: list[SeederCall], drawn: list[Event]) -> list[str]:
    """Seeds that are the time at which the program ran."""
    asked = [event for event in drawn if str(event.get("source")).startswith("time.")]
    moments = {spelling for event in asked for spelling in _spellings(event)}
    return [
        f"{_WITH_SEED.get(call.name, call.name + '(0)')} {_at(call.place)}, where the seed is the time"
        for call in calls
        if call.value in moments
    ]


def _spellings(event: Event) -> set[str]:
    value = event.get("value")
    if not isinstance(value, int | float):
        return set()
    return {repr(value), str(int(value)), str(int(value * 1000)), str(int(value) % (1 << 32))}


def _at(place: CodePlace | None) -> str:
    return f"at {place.path}:{place.line}" if place is not None else "somewhere"
