"""`replay --evidence`: what a replay says of the project's findings, kept in the ledger.

A diverging replay confirms nothing by itself: many findings may explain it. What confirms one is the whole experiment:
a run whose replays diverged, the same command after nothing changed but the file of that one finding, which is gone
now, and replays that agree.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from reprocheck.app.code_slice import Read
from reprocheck.app.evidence import REPLAY, Learned, evidence_about, keep, reader
from reprocheck.app.explain_replay import all_findings, root_in
from reprocheck.app.replay_request import ReplayRequest
from reprocheck.app.replay_run import earlier_replays, read_unfolded
from reprocheck.app.stores import open_store
from reprocheck.model import ledger
from reprocheck.model.comparison import Outcome
from reprocheck.model.finding import Finding
from reprocheck.model.ledger import Evidence
from reprocheck.model.plan import Purpose
from reprocheck.model.record import Record
from reprocheck.model.replay import ExplainingFinding, Replay
from reprocheck.replay.needs import needs_of
from reprocheck.store.errors import StoreError
from reprocheck.store.store import Store

LUCK = 0.05
"""Chance at which a repair that changed nothing may pass for one that did."""
_SHOWN = 3
REPEATING = frozenset(f"RNG{number:03}" for number in (1, 2, 3, 4, 5, 11, 12, 13, 14, 16, 18))
"""Rules that predict that the same run gives other results when it is done again."""


def learn(request: ReplayRequest, replay: Replay) -> Learned:
    """Write what a replay says of findings to the ledger; returns what is new there. Raises LedgerError."""
    config = request.findings
    if config is None or replay.outcome is Outcome.INCONCLUSIVE:
        return Learned(reasons=("an inconclusive replay says nothing of findings",))
    if replay.outcome is Outcome.DIVERGENT:
        way = "repair one, run again, and replay that with --evidence"
        return Learned(reasons=(f"a divergence alone confirms none of the findings that may explain it: {way}",))
    store = open_store(request.store, request.start)
    record = read_unfolded(store, store.resolve(replay.run))
    prefix = root_in(record, config)
    if prefix is None:
        return Learned(reasons=("the run's root is not in the project",))
    findings = all_findings(config)
    learned = [of_agreement(replay, record, findings, reader(config), str(prefix))]
    before = _diverged(store, record)
    if before is not None:
        learned.append(of_repair(before, record, len(replay.repetitions), findings, str(prefix)))
    new = keep(config, [item for part in learned for item in part.evidence])
    return Learned(new, tuple(reason for part in learned for reason in part.reasons))


def _diverged(store: Store, record: Record) -> Before | None:
    """The last run of the same command before this one that has conclusive replays, if all of these diverged."""
    for folder in reversed(store.run_folders()):
        try:
            other = folder.record()
            if other.sequence >= record.sequence or other.command.arguments != record.command.arguments:
                continue
            replays = [kept for kept in earlier_replays(folder) if _concludes(kept)]
            if not replays:
                continue
            repetitions = [repetition for kept in replays for repetition in kept.repetitions]
            if any(one.comparison.verdict.outcome is not Outcome.DIVERGENT for one in repetitions):
                return None
            return Before(read_unfolded(store, folder), replays[-1], len(repetitions))
        except StoreError:
            continue
    return None


def _concludes(replay: Replay) -> bool:
    return replay.outcome is not Outcome.INCONCLUSIVE and not replay.against


def of_agreement(replay: Replay, record: Record, findings: Sequence[Finding], read: Read, prefix: str) -> Learned:
    """What replays that agree say of findings in the code that ran: their prediction was not observed.

    `prefix` is the run's root inside of the project.
    """
    if record.observations.entropy is not None:
        return Learned(reasons=("the run's entropy was recorded and given to the replays, so that these had to agree",))
    ran = {str(PurePosixPath(prefix) / need.path) for need in needs_of(record) if need.purpose is Purpose.CODE}
    command = shlex.join(record.command.arguments)
    found = [
        evidence_about(
            finding, read, command=command, factor=REPLAY, outcome=ledger.Outcome.NOT_OBSERVED,
            runs=len(replay.repetitions), run=replay.run,
        )
        for finding in findings
        if finding.code in REPEATING and finding.place.path in ran
    ]  # fmt: skip
    return Learned(tuple(found))


@dataclass(frozen=True, slots=True)
class Before:
    """A run of which every replay diverged."""

    record: Record
    replay: Replay
    """The last of them, with its explanations."""
    times: int
    """Repetitions of all of them."""


def luck(diverged: int, agreed: int) -> float:
    """Greatest chance of that many diverging and then that many agreeing replays, were they all of one kind."""
    both = diverged + agreed
    return (diverged / both) ** diverged * (agreed / both) ** agreed


def of_repair(before: Before, record: Record, runs: int, findings: Sequence[Finding], prefix: str) -> Learned:
    """What a run that diverged says of the finding that was repaired since, now that its replays agree.

    Nothing, with the reason, where anything else may have been the cause. `runs` replays of `record` agreed.
    """
    was, now = before.record, record
    left = Counter(before.replay.present) - Counter(finding.fingerprint for finding in findings)
    gone = [found for found in before.replay.explanations if found.fingerprint in left]
    if not gone or (was.command.arguments, was.command.cwd) != (now.command.arguments, now.command.cwd):
        return Learned()
    said = f"what made {was.id} diverge is not known for certain"
    if luck(before.times, runs) > LUCK:
        enough = next(number for number in range(1, 100) if luck(before.times, number) <= LUCK)
        counted = f"{before.times} diverging and {runs} agreeing replay{'s' * (runs != 1)} may be luck"
        return Learned(reasons=(f"{said}: {counted}, `--times {enough}` is enough",))
    if was.observations.entropy is not None or now.observations.entropy is not None:
        return Learned(reasons=(f"{said}: entropy was recorded and given to replays",))
    if len(left) > 1 or len(gone) > 1:
        codes = ", ".join(sorted({found.code for found in gone}))
        return Learned(reasons=(f"{said}: {left.total()} findings are gone since ({codes}); repair one at a time",))
    changed = {str(PurePosixPath(prefix) / path) for path in _changed(was, now)}
    if changed != {gone[0].path}:
        others = ", ".join(sorted(changed - {gone[0].path})[:_SHOWN]) or "nothing"
        return Learned(reasons=(f"{said}: beside {gone[0].path}, {others} changed",))
    return Learned((_confirmed(gone[0], was, runs),))


def _changed(was: Record, now: Record) -> set[str]:
    """Code and inputs that are not the same, and `packages` where these aren't."""
    one, other = (
        {need.path: need.digest for need in needs_of(r) if need.purpose is not Purpose.FORMER} for r in (was, now)
    )
    found = {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
    return found | ({"packages"} if was.environment.packages != now.environment.packages else set())


def _confirmed(found: ExplainingFinding, was: Record, runs: int) -> Evidence:
    return Evidence(
        fingerprint=found.fingerprint,
        path=found.path,
        context=found.context,
        code=found.code,
        slice=found.slice,
        command=shlex.join(was.command.arguments),
        factor=REPLAY,
        runs=runs,
        outcome=ledger.Outcome.CONFIRMED,
        run=was.id,
        date=dt.datetime.now(tz=dt.UTC).date(),
    )
