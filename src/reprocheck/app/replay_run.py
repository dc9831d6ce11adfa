"""`reprocheck replay`: run again what a record describes, compare, and keep the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.explain_replay import with_explanations
from reprocheck.app.replay_contents import Digests, stored_in
from reprocheck.app.replay_environment import environment_for, planned_recipe
from reprocheck.app.replay_judge import Judge
from reprocheck.app.replay_request import Progress, ReplayRequest
from reprocheck.app.run_command import timestamp
from reprocheck.app.stores import open_store
from reprocheck.capture.probes.machine import processor
from reprocheck.compare.tolerances import ToleranceError, Tolerances, parse_tolerances
from reprocheck.config import Config, ConfigError
from reprocheck.model import replay as model
from reprocheck.model.comparison import Outcome, Verdict
from reprocheck.model.gap import Gap
from reprocheck.model.plan import Executor, Origin, Plan, Sourced
from reprocheck.model.record import Record
from reprocheck.model.replay import Replay
from reprocheck.replay.errors import ReplayError, of_system
from reprocheck.replay.links import links_of, links_outside
from reprocheck.replay.needs import needs_of
from reprocheck.replay.outputs import Selection, recorded_outputs
from reprocheck.replay.plan import make_plan
from reprocheck.replay.removing import remove_tree
from reprocheck.replay.sources import find_sources
from reprocheck.replay.unfolding import unfolded
from reprocheck.store.files import write_atomically
from reprocheck.store.runs import RunFolder
from reprocheck.store.store import Store
from reprocheck.store.ulid import ulid
from reprocheck.triage.baseline import BaselineError
from reprocheck.triage.errors import LedgerError


def plan_replay(request: ReplayRequest) -> Plan:
    """The plan alone; raises StoreError and UsageError."""
    store = open_store(request.store, request.start)
    record = read_unfolded(store, store.resolve(request.run))
    try:
        with _Scratch(store, "plan") as scratch, Digests(store) as digests:
            plan = _plan(request, record, store, scratch, digests)
            if request.executor is not Executor.DOCKER:
                return plan
            return msgspec.structs.replace(plan, dockerfile=planned_recipe(request, record).dockerfile)
    except ReplayError as error:
        raise UsageError(f"{error.reason}; {error.remedy}") from error


def replay_run(
    request: ReplayRequest, progress: Progress, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Replay:
    """Replay, compare, and keep the verdict in the run's folder; raises StoreError and UsageError."""
    tolerances = _tolerances(request)
    store = open_store(request.store, request.start)
    folder = store.resolve(request.run)
    record = read_unfolded(store, folder)
    other = read_unfolded(store, store.resolve(request.against)) if request.against else record
    began = now()
    name = ulid(int(began.timestamp() * 1000), os.urandom(10))
    replay = Replay(
        id=name,
        run=record.id,
        against=other.id if other.id != record.id else "",
        executor=request.executor.value,
        tool_version=request.tool_version,
        started=timestamp(began),
        command=record.command.arguments,
        verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reason="nothing was run"),
        other_hardware=_other_hardware(record),
    )
    try:
        with _Scratch(store, name, keep=request.keep) as scratch, Digests(store) as digests:
            replay = msgspec.structs.replace(replay, kept=(str(scratch),) if request.keep else ())
            replay = _carried_out(
                replay,
                request,
                (store, folder),
                (record, other),
                scratch,
                tolerances=tolerances,
                digests=digests,
                progress=progress,
            )
    except ReplayError as error:
        replay = _inconclusive(replay, error)
    except OSError as error:
        replay = _inconclusive(replay, of_system("the replay could not be carried through", error))
    except KeyboardInterrupt:
        replay = _inconclusive(replay, ReplayError("the replay was cancelled", "start it again"))
    # What was proved is kept before findings are looked for: whatever is wrong with the project now, it holds.
    _keep_verdict(folder, replay)
    if replay.outcome is Outcome.DIVERGENT and request.findings is not None:
        progress("looking for findings that explain it")
        replay = _explained(replay, record, request.findings)
        _keep_verdict(folder, replay)
    return replay


def _explained(replay: Replay, record: Record, config: Config) -> Replay:
    try:
        return with_explanations(replay, record, config)
    except (UsageError, ConfigError, BaselineError, LedgerError) as error:
        gap = Gap("findings", str(error), "No finding was looked for that may explain the divergence")
        return msgspec.structs.replace(replay, gaps=(*replay.gaps, gap))


def _inconclusive(replay: Replay, error: ReplayError) -> Replay:
    verdict = Verdict(outcome=Outcome.INCONCLUSIVE, reason=error.reason)
    return msgspec.structs.replace(replay, verdict=verdict, remedy=error.remedy)


def _carried_out(
    replay: Replay,
    request: ReplayRequest,
    kept: tuple[Store, RunFolder],
    records: tuple[Record, Record],
    scratch: Path,
    *,
    tolerances: Tolerances,
    digests: Digests,
    progress: Progress,
) -> Replay:
    store, _ = kept
    record, _ = records
    progress("looking for code and inputs")
    plan = _plan(request, record, store, scratch, digests)
    if plan.obstacles:
        first = plan.obstacles[0]
        more = f" (and {len(plan.obstacles) - 1} more)" if len(plan.obstacles) > 1 else ""
        raise ReplayError(first.reason + more, first.remedy)
    judging = (tolerances, digests)
    return _repeated(replay, request, kept, records, plan, scratch=scratch, judging=judging, progress=progress)


def _repeated(
    replay: Replay,
    request: ReplayRequest,
    kept: tuple[Store, RunFolder],
    records: tuple[Record, Record],
    plan: Plan,
    *,
    scratch: Path,
    judging: tuple[Tolerances, Digests],
    progress: Progress,
) -> Replay:
    store, folder = kept
    record, other = records
    tolerances, digests = judging
    rebuilt = environment_for(request, record, plan, store, progress)
    selection = Selection(plan.patterns)
    expected = recorded_outputs(other, selection, stored_in(store), digests, plan.links)
    if not expected and not selection.declared:
        # Where logs are all that a run left, they are its results: metrics by step, most likely.
        selection = Selection(logs=True)
        expected = recorded_outputs(other, selection, stored_in(store), digests, plan.links)
    judge = Judge(
        record,
        other,
        expected,
        selection,
        tolerances,
        packages=rebuilt.packages,
        journal=folder.journal,
        links=plan.links,
    )
    for number in range(request.times):
        counted = f" ({number + 1} of {request.times})" if request.times > 1 else ""
        session = rebuilt.session(plan, record, scratch / str(number + 1))
        try:
            replayed = session.run(
                trace="steps" if record.command.trace == "steps" else "off",
                entropy=folder.journal if record.observations.entropy is not None else None,
                seconds=request.seconds,
                progress=partial(_counted, progress, counted),
            )
            judge.add(replayed)
        except KeyboardInterrupt:
            if not number:
                raise
            judge.cancel(request.times)
            break
        if not request.keep:
            remove_tree(scratch / str(number + 1))
    return msgspec.structs.replace(
        replay,
        verdict=judge.verdict(),
        repetitions=tuple(judge.repetitions),
        gaps=(*plan.gaps, *rebuilt.gaps),
        noise=judge.noise(),
        remedy=judge.remedy,
    )


def _other_hardware(record: Record) -> str:
    recorded, today = record.environment.processor, processor()[0]
    if recorded is None or today is None or recorded.model == today.model:
        return ""
    return today.model


def _counted(progress: Progress, counted: str, text: str) -> None:
    progress(text + counted)


def _tolerances(request: ReplayRequest) -> Tolerances:
    try:
        return parse_tolerances(request.tolerances)
    except ToleranceError as error:
        place = f"{request.tolerances_from}: " if request.tolerances_from else ""
        raise UsageError(f"{place}{error}") from None


def read_unfolded(store: Store, folder: RunFolder) -> Record:
    """The record of a run with all files by name; raises StoreError."""
    return unfolded(folder.record(), lambda digest: store.objects.read(digest) if digest in store.objects else None)


def _plan(request: ReplayRequest, record: Record, store: Store, scratch: Path, digests: Digests) -> Plan:
    sources = find_sources(record, needs_of(record), stored=stored_in(store), scratch=scratch, digest=digests)
    if request.executor is Executor.DOCKER and record.environment.container is not None and not request.image:
        sources = tuple(_or_in_image(source) for source in sources)
    patterns = request.outputs or record.command.outputs or request.usual_outputs
    return make_plan(
        record,
        sources,
        executor=request.executor,
        present=request.environment,
        patterns=patterns,
        links=links_of(record),
        links_outside=links_outside(record),
    )


def _or_in_image(source: Sourced) -> Sourced:
    """What a run in a container found outside of its project, most likely in its image."""
    if source.found or not source.need.outside:
        return source
    return msgspec.structs.replace(source, origin=Origin.IMAGE, place="")


class _Scratch:
    """A folder on the store's disk that goes away, unless it is asked for."""

    def __init__(self, store: Store, name: str, *, keep: bool = False) -> None:
        self._folder = store.folder / "work" / f"{name}-{os.getpid()}"
        self._keep = keep

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise of_system(f"{self._folder} could not be made", error) from error
        return self._folder

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            remove_tree(self._folder)


def _keep_verdict(folder: RunFolder, replay: Replay) -> None:
    """Beside the record; a store that can't be written costs the verdict's memory, not the verdict."""
    place = folder.path / "replays"
    try:
        place.mkdir(exist_ok=True)
        write_atomically(place / f"{replay.id}.json", model.encode(replay))
    except OSError:
        return


def earlier_replays(folder: RunFolder) -> tuple[Replay, ...]:
    """Verdicts that are kept of a run, oldest first; those that can't be read are left out."""
    found = []
    for file in sorted((folder.path / "replays").glob("*.json")):
        try:
            found.append(model.decode(file.read_bytes()))
        except (OSError, msgspec.DecodeError):
            continue
    return tuple(found)
