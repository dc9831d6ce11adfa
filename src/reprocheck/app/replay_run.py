"""`reprocheck replay`: run again what a record describes, compare, and keep the verdict."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.run_command import timestamp
from reprocheck.app.stores import open_store
from reprocheck.capture.output import NAME
from reprocheck.capture.probes.packages import find_distributions
from reprocheck.compare.noise import NoiseError, learn, place
from reprocheck.compare.quantities import quantities
from reprocheck.compare.tolerances import Tolerances, parse_tolerances
from reprocheck.model import replay as model
from reprocheck.model.comparison import Comparison, Outcome, Verdict
from reprocheck.model.plan import Executor, Plan
from reprocheck.model.record import Gap, Package, Record
from reprocheck.model.replay import Repetition, Replay
from reprocheck.replay.container import ContainerSession
from reprocheck.replay.docker import Engine
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.judging import compare_results, limited, overall, pair_up, weigh
from reprocheck.replay.needs import needs_of
from reprocheck.replay.outputs import (
    Output,
    Selection,
    recorded_outputs,
    replayed_outputs,
)
from reprocheck.replay.plan import make_plan
from reprocheck.replay.rebuilding import Rebuilt, rebuild
from reprocheck.replay.recipes import base_of, make_recipe
from reprocheck.replay.session import Replayed, Session
from reprocheck.replay.sources import digest_of, find_sources
from reprocheck.replay.suspects import changed_packages, suspects
from reprocheck.replay.traces import first_difference
from reprocheck.replay.unfolding import unfolded
from reprocheck.store.files import write_atomically
from reprocheck.store.runs import RunFolder
from reprocheck.store.stat_cache import StatCache
from reprocheck.store.store import Store
from reprocheck.store.ulid import ulid

_MOST_TIMES = 10_000


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay and how to judge it."""

    run: str
    """Id, beginning of an id, name, or `@`."""
    start: Path
    """Where the command was given: the project's store is found from here."""
    environment: Mapping[str, str]
    store: Path | None = None
    executor: Executor = Executor.SAME
    times: int = 1
    tolerances: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    """Patterns that count instead of the recorded ones."""
    against: str = ""
    """Run whose results are compared with; empty for the run's own."""
    seconds: float | None = None
    """Time that one repetition may take; None for no limit."""
    keep: bool = False
    wheels: tuple[Path, ...] = ()
    """Folders of wheels that a rebuilt environment may use."""
    offline: bool = False
    """Whether a rebuilt environment does without a package index."""
    image: str = ""
    """Image that a container begins with; empty for the recorded one, else Python's own."""
    tool_version: str = "0"


Progress = Callable[[str], None]
"""Called with what is being done."""


def plan_replay(request: ReplayRequest) -> Plan:
    """The plan alone; raises StoreError."""
    store = open_store(request.store, request.start)
    record = read_unfolded(store, store.resolve(request.run))
    with _Scratch(store, "plan") as scratch, Digests(store) as digests:
        return _plan(request, record, store, scratch, digests)


def replay_run(
    request: ReplayRequest, progress: Progress, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Replay:
    """Replay, compare, and keep the verdict in the run's folder; raises StoreError and UsageError."""
    if not 1 <= request.times <= _MOST_TIMES:
        raise UsageError(f"--times must be between 1 and {_MOST_TIMES:,}")
    store = open_store(request.store, request.start)
    folder = store.resolve(request.run)
    record = read_unfolded(store, folder)
    other = read_unfolded(store, store.resolve(request.against)) if request.against else record
    began = now()
    name = ulid(int(began.timestamp() * 1000), os.urandom(10))
    with _Scratch(store, name, keep=request.keep) as scratch:
        replay = Replay(
            id=name,
            run=record.id,
            against=other.id if other.id != record.id else "",
            executor=request.executor.value,
            tool_version=request.tool_version,
            started=timestamp(began),
            command=record.command.arguments,
            verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reason="nothing was run"),
            kept=(str(scratch),) if request.keep else (),
        )
        try:
            with Digests(store) as digests:
                replay = _carried_out(
                    replay, request, (store, folder), (record, other), scratch, digests=digests, progress=progress
                )
        except ReplayError as error:
            verdict = Verdict(outcome=Outcome.INCONCLUSIVE, reason=error.reason)
            replay = msgspec.structs.replace(replay, verdict=verdict, remedy=error.remedy)
    _keep_verdict(folder, replay)
    return replay


def _carried_out(
    replay: Replay,
    request: ReplayRequest,
    kept: tuple[Store, RunFolder],
    records: tuple[Record, Record],
    scratch: Path,
    *,
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
    return _repeated(replay, request, kept, records, plan, scratch=scratch, digests=digests, progress=progress)


def _repeated(
    replay: Replay,
    request: ReplayRequest,
    kept: tuple[Store, RunFolder],
    records: tuple[Record, Record],
    plan: Plan,
    *,
    scratch: Path,
    digests: Digests,
    progress: Progress,
) -> Replay:
    store, folder = kept
    record, other = records
    tolerances = parse_tolerances(request.tolerances)
    rebuilt = _rebuilt(request, record, store, progress)
    selection = Selection(plan.patterns)
    expected = recorded_outputs(other, selection, _stored(store), digests)
    if not expected and not selection.declared:
        # Where logs are all that a run left, they are its results: metrics by step, most likely.
        selection = Selection(logs=True)
        expected = recorded_outputs(other, selection, _stored(store), digests)
    judge = _Judge(record, other, expected, selection, tolerances, packages=rebuilt.packages, journal=folder.journal)
    for number in range(request.times):
        counted = f" ({number + 1} of {request.times})" if request.times > 1 else ""
        session = rebuilt.session(plan, record, scratch / str(number + 1))
        replayed = session.run(
            trace="steps" if record.command.trace == "steps" else "off",
            entropy=folder.journal if record.observations.entropy is not None else None,
            seconds=request.seconds,
            progress=partial(_counted, progress, counted),
        )
        judge.add(replayed)
        if not request.keep:
            shutil.rmtree(scratch / str(number + 1), ignore_errors=True)
    return msgspec.structs.replace(
        replay,
        verdict=overall(judge.verdicts),
        repetitions=tuple(judge.repetitions),
        gaps=(*plan.gaps, *rebuilt.gaps),
        noise=judge.noise(),
        remedy=judge.remedy,
    )


def _counted(progress: Progress, counted: str, text: str) -> None:
    progress(text + counted)


class _Judge:
    """Compares one repetition after the other with what was recorded."""

    def __init__(
        self,
        record: Record,
        other: Record,
        expected: dict[str, Output],
        selection: Selection,
        tolerances: Tolerances,
        *,
        packages: tuple[Package, ...] | None,
        journal: Path,
    ) -> None:
        """`other` is the run whose results are `expected`; `packages` are those that the replay has.

        `journal` is that of the recorded run.
        """
        self._journal = journal
        self._record = record
        self._other = other
        self._expected = expected
        self._selection = selection
        self._tolerances = tolerances
        self._packages = packages
        self._changed = changed_packages(record.environment.packages, packages) if packages is not None else ()
        self._numbers: list[dict[str, float]] = []
        self.verdicts: list[Verdict] = []
        self.repetitions: list[Repetition] = []
        self.remedy = ""

    def noise(self) -> tuple[str, ...]:
        """Where the recorded run lies among the repetitions, in every number that scatters."""
        recorded = _numbers(self._expected.values())
        everyone = [recorded, *self._numbers]
        scattering = {name for run in everyone for name in run if len({other.get(name) for other in everyone}) > 1}
        runs = [{name: run[name] for name in scattering if name in run} for run in self._numbers]
        try:
            band = learn(runs)
        except NoiseError:
            return ()
        return tuple(placement.sentence for placement in place(band, recorded))

    def add(self, replayed: Replayed) -> None:
        """Judge one repetition while its files are there."""
        result = replayed.result
        assert result.execution is not None  # a session that ran nothing has raised
        left = {path: Path(file) for path, file in replayed.left.items()}
        found = replayed_outputs(result.files, left, self._selection)
        if self._selection.stdout:
            found[NAME] = Output(path=NAME, digest=digest_of(Path(replayed.stdout)), content=replayed.stdout)
        self._numbers.append(_numbers(found.values()))
        codes = self._other.execution.exit_code, result.execution.exit_code
        pairs, notes = pair_up(self._expected, found)
        places = (self._other.command.root, replayed.root)
        differences = compare_results(pairs, codes, self._tolerances, places)
        seen = weigh(differences)
        why = "the working copy could not lie at the recorded path" if replayed.elsewhere else ""
        verdict, advice = limited(seen, self._other, result.execution, self._selection, self._changed, why)
        if not advice and verdict.outcome is Outcome.INCONCLUSIVE:
            advice = "name the results with `--output GLOB`, or `--output stdout` when recording"
        self.remedy = self.remedy or advice
        self.verdicts.append(verdict)
        self.repetitions.append(
            Repetition(
                exit_code=result.execution.exit_code,
                duration=result.execution.duration,
                comparison=Comparison(
                    left=self._other.id, right="replay", differences=differences, verdict=verdict, notes=notes
                ),
                trace=first_difference(self._journal, Path(replayed.journal)),
                suspects=suspects(self._record, result.files, result.observations, self._packages),
                gaps=(
                    *replayed.gaps,
                    *result.gaps,
                    *result.execution.gaps,
                    *result.files.gaps,
                    *result.observations.gaps,
                ),
            )
        )


def read_unfolded(store: Store, folder: RunFolder) -> Record:
    """The record of a run with all files by name; raises StoreError."""
    return unfolded(folder.record(), lambda digest: store.objects.read(digest) if digest in store.objects else None)


def _plan(request: ReplayRequest, record: Record, store: Store, scratch: Path, digests: Digests) -> Plan:
    sources = find_sources(record, needs_of(record), stored=_stored(store), scratch=scratch, digest=digests)
    return make_plan(record, sources, executor=request.executor, present=request.environment, patterns=request.outputs)


class _World(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that a replay gets, and how a session is made in it."""

    packages: tuple[Package, ...] | None
    """What is installed; None where that isn't known."""
    gaps: tuple[Gap, ...]
    session: Callable[[Plan, Record, Path], Session | ContainerSession]


def _in_place(rebuilt: Rebuilt) -> _World:
    return _World(
        packages=rebuilt.packages,
        gaps=rebuilt.gaps,
        session=lambda plan, record, folder: Session(plan, record, folder, python=rebuilt.python),
    )


def _in_container(request: ReplayRequest, record: Record, progress: Progress) -> _World:
    """An image with the recorded packages; Raises ReplayError when there is no engine, base or package."""
    engine = Engine(request.environment)
    base = base_of(record, request.image)
    progress(f"looking for the image {base}")
    identity = engine.digest(base)
    wheels = [file for folder in request.wheels for file in sorted(folder.glob("*.whl"))]
    names = sorted(f"{file.name} {digest_of(file)}" for file in wheels)
    recipe = make_recipe(record, identity, wheels=names, offline=request.offline)
    progress(f"building the image: {len(record.environment.packages)} packages")
    image = engine.build(recipe, wheels)
    return _World(
        packages=record.environment.packages,
        gaps=(),
        session=lambda plan, run, folder: ContainerSession(plan, run, folder, engine, image, recipe),
    )


def _rebuilt(request: ReplayRequest, record: Record, store: Store, progress: Progress) -> _World:
    """The environment that the replay gets: a container's, a rebuilt one, or the recorded one as it is now."""
    if request.executor is Executor.DOCKER:
        return _in_container(request, record, progress)
    if request.executor is Executor.VENV:
        rebuilt = rebuild(
            record,
            lock=_stored(store)(record.environment.lock.digest) if record.environment.lock is not None else None,
            folder=store.folder / "environments",
            wheels=request.wheels,
            offline=request.offline,
            progress=progress,
        )
        return _in_place(rebuilt)
    interpreter = record.environment.interpreter
    if interpreter is None:
        return _in_place(Rebuilt())
    if not Path(interpreter.executable).exists():
        raise ReplayError(
            f"the recorded interpreter {interpreter.executable} is gone", "replay with `--in venv` or `--in docker`"
        )
    distributions, gaps = find_distributions(interpreter.paths)
    return _in_place(Rebuilt(packages=tuple(found.package for found in distributions), gaps=gaps))


def _stored(store: Store) -> Callable[[str], Path | None]:
    return lambda digest: store.objects.path(digest) if digest and digest in store.objects else None


class Digests:
    """Hashes files, and remembers in the store by their status what is known of them."""

    def __init__(self, store: Store) -> None:
        self._cache = StatCache(store.stat_cache_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cache.close()

    def __call__(self, path: Path) -> str | None:
        """BLAKE3 (hex) of a regular file; None for what is none or can't be read."""
        try:
            status = path.stat()
            known = self._cache.get(status)
            if known is not None:
                return known
            found = digest_of(path)
        except OSError:
            return None
        if found is not None:
            self._cache.put(status, found)
        return found


def _numbers(outputs: Iterable[Output]) -> dict[str, float]:
    """Numbers that results end with, by `path:key`."""
    return {
        f"{output.path}:{key}" if key else output.path: value
        for output in outputs
        if output.content
        for key, value in quantities(Path(output.content), output.path).items()
    }


class _Scratch:
    """A folder on the store's disk that goes away, unless it is asked for."""

    def __init__(self, store: Store, name: str, *, keep: bool = False) -> None:
        self._folder = store.folder / "work" / f"{name}-{os.getpid()}"
        self._keep = keep

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{self._folder} cannot be made: {error.strerror}") from error
        return self._folder

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            shutil.rmtree(self._folder, ignore_errors=True)


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


def gaps_of(replay: Replay) -> tuple[Gap, ...]:
    """All gaps of a replay, each once."""
    gaps: Iterable[Gap] = (*replay.gaps, *(gap for repetition in replay.repetitions for gap in repetition.gaps))
    return tuple(dict.fromkeys(gaps))
