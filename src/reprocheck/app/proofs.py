"""What replays have proved of a run so far: the strongest level, and what stands behind it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from reprocheck.app.replay_run import earlier_replays
from reprocheck.app.stores import open_store
from reprocheck.model.comparison import Outcome
from reprocheck.model.replay import Replay

LEVELS = {"docker": "in a container", "venv": "in a rebuilt environment", "same": "on the same machine"}
"""What each executor proves, strongest first; on other hardware each of them proves more."""
_OTHER = "on other hardware"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The strongest thing that can be said of a run."""

    run: str
    outcome: Outcome | None
    """None where it was never replayed."""
    label: str = ""
    """The verdict with its reason, such as `equivalent (metadata)`."""
    level: str = ""
    """Where it was replayed."""
    replays: int = 0
    """Agreeing repetitions behind it; for other outcomes, all that were made."""
    diverged: bool = False
    """Whether an earlier replay at this level diverged: what agrees now may not do so every time."""
    started: str = ""
    """When the replay was made: RFC 3339, UTC."""

    @property
    def sentence(self) -> str:
        """In a few words."""
        match self.outcome:
            case None:
                return "not replayed"
            case Outcome.IDENTICAL | Outcome.EQUIVALENT:
                times = "" if self.replays == 1 else f", {self.replays} times"
                return f"{self.label} {self.level}{times}{', divergent before' if self.diverged else ''}"
        return f"{self.label} {self.level}"


def proof_of(word: str, asked: Path | None, start: Path) -> Proof:
    """The proof of the run that `word` means; raises StoreError."""
    folder = open_store(asked, start).resolve(word)
    return strongest(folder.id, earlier_replays(folder))


def strongest(run: str, replays: Iterable[Replay]) -> Proof:
    """The strongest level at which the run was reproduced, unless a later replay there or above diverged.

    Inconclusive replays say nothing and count only where there is nothing else; comparisons with another run's results
    say nothing about this run.
    """
    own = [replay for replay in replays if not replay.against and replay.executor in LEVELS]
    order = [(other, executor) for other in (True, False) for executor in LEVELS]
    for level in order:
        at_level = [replay for replay in own if (bool(replay.other_hardware), replay.executor) == level]
        decided = [replay for replay in at_level if replay.outcome is not Outcome.INCONCLUSIVE]
        if decided:
            return _proof(run, decided)
    return _proof(run, own) if own else Proof(run=run, outcome=None)


def _level(replay: Replay) -> str:
    if not replay.other_hardware:
        return LEVELS[replay.executor]
    return _OTHER if replay.executor == "same" else f"{_OTHER} {LEVELS[replay.executor]}"


def _proof(run: str, replays: list[Replay]) -> Proof:
    """Of replays at one level: the last decides, and those that agree with it before it count along."""
    last = replays[-1]
    agreeing = []
    for replay in reversed(replays):
        if replay.outcome.rank > last.outcome.rank:
            break
        agreeing.append(replay)
    count = sum(replay.verdict.runs for replay in agreeing)
    return Proof(
        run=run,
        outcome=last.outcome,
        label=last.verdict.label,
        level=_level(last),
        replays=count,
        diverged=last.outcome is not Outcome.DIVERGENT
        and any(replay.outcome is Outcome.DIVERGENT for replay in replays),
        started=last.started,
    )
